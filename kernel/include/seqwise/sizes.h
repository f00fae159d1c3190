// The four sizes of an LSTM, and the letters that every shape comment uses.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <stdexcept>

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

// Throws std::invalid_argument for a negative size, and for sizes of which some array would hold
// more numbers than can be counted. Every function of lstm.h asks this first.
inline void check(const Sizes& n) {
  for (const std::int64_t size : {n.B, n.T, n.F, n.H})
    if (size < 0) throw std::invalid_argument("The LSTM kernel was given a negative size.");
  constexpr double kMost = 576460752303423488.0;  // 2^59 numbers: their bytes are counted, too
  const auto at_least_one = [](std::int64_t size) {
    return static_cast<double>(size < 1 ? 1 : size);
  };
  const double B = at_least_one(n.B), T = at_least_one(n.T), F = at_least_one(n.F),
               H = at_least_one(n.H) + 15;  // the reserve is padded to the width of a vector
  for (const double numbers :
       {B * T * F, B * T * H * 5, F * 4 * H, H * 4 * H, 4 * B * F, 4 * B * H})
    if (numbers > kMost)
      throw std::invalid_argument(
          "The LSTM kernel was given sizes of arrays that no memory holds.");
}

}  // namespace seqwise
