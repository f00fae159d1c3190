// The four sizes of an LSTM, and the letters that every shape comment uses.
#pragma once

#include <cstdint>

namespace seqwise {

// Arrays are dense and row-major: the last axis is contiguous. No alignment is required.
// The four gates always stand in Keras's order: i (input), f (forget), c (candidate), o (output),
// so the axis written 4H holds [i: H | f: H | c: H | o: H].
struct Sizes {
  std::int64_t B;  // batch: the number of sequences
  std::int64_t T;  // timesteps
  std::int64_t F;  // features of one timestep
  std::int64_t H;  // units
};

}  // namespace seqwise
