// The CPU targets: the same algorithm compiled for different vector instructions.
#pragma once

namespace seqwise {

enum class Target { reference, portable, avx2, avx512 };

// Compiled in, and this CPU can run it.
bool supported(Target target);

// The best supported target, unless SEQWISE_TARGET=reference|portable|avx2|avx512 names another.
Target current_target();

// False (and no change) when the target is not supported. Not while other calls run.
bool set_target(Target target);

const char* name(Target target);

}  // namespace seqwise
