// Makes an Engine of the sweeps. Included once by each target's translation unit, which defines
// SEQWISE_NAMESPACE and SEQWISE_VECTOR_BYTES.
#pragma once

#include "backward.h"
#include "forward.h"
#include "step.h"
#include "targets.h"

namespace seqwise::SEQWISE_NAMESPACE {

template <class Real>
Engine<Real> engine() {
  return {kLanes<Real>, &forward<Real>, &backward<Real>, &step<Real>, &step_backward<Real>};
}

template Engine<float> engine<float>();
template Engine<double> engine<double>();

}  // namespace seqwise::SEQWISE_NAMESPACE
