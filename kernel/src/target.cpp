#include "seqwise/target.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace seqwise {
namespace {

constexpr Target kTargets[] = {Target::reference, Target::portable, Target::avx2, Target::avx512};

Target choose() {
  if (const char* text = std::getenv("SEQWISE_TARGET"))
    for (Target target : kTargets)
      if (std::strcmp(text, name(target)) == 0 && supported(target)) return target;
  if (supported(Target::avx512)) return Target::avx512;
  if (supported(Target::avx2)) return Target::avx2;
  return Target::portable;
}

std::atomic<Target>& chosen() {
  static std::atomic<Target> target{choose()};
  return target;
}

}  // namespace

bool supported(Target target) {
  switch (target) {
    case Target::reference:
    case Target::portable:
      return true;
#ifdef SEQWISE_X86
    case Target::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case Target::avx512:
#ifdef SEQWISE_EMULATE_AVX512
      return supported(Target::avx2);
#endif
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
#else
    default:
      break;
#endif
  }
  return false;
}

Target current_target() { return chosen().load(std::memory_order_relaxed); }

bool set_target(Target target) {
  if (!supported(target)) return false;
  chosen().store(target, std::memory_order_relaxed);
  return true;
}

const char* name(Target target) {
  switch (target) {
    case Target::reference:
      return "reference";
    case Target::portable:
      return "portable";
    case Target::avx2:
      return "avx2";
    case Target::avx512:
      break;
  }
  return "avx512";
}

}  // namespace seqwise
