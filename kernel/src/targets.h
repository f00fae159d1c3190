// The engines of the CPU targets. SEQWISE_X86 is defined where all three are compiled.
#pragma once

#include "plan.h"

namespace seqwise {
namespace portable {
template <class Real>
Engine<Real> engine();
}
namespace avx2 {
template <class Real>
Engine<Real> engine();
}
namespace avx512 {
template <class Real>
Engine<Real> engine();
}
}  // namespace seqwise
