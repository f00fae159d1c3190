// The matrix product at the bottom of everything: a tile of a few rows by up to four vectors, kept
// in registers while it sums over k. Loops over tiles of a matrix are in forward.h and backward.h.
#pragma once

#include "simd.h"

namespace seqwise::SEQWISE_NAMESPACE {

// Rows of a tile that is `vectors` wide, such that its sums fill the registers and leave room
// for the operands.
constexpr int tile_rows(int vectors) {
#if defined(__AVX512F__) || defined(__aarch64__)
  return vectors == 1 ? 8 : vectors == 2 ? 8 : vectors == 3 ? 8 : 6;
#else
  return vectors == 1 ? 8 : vectors == 2 ? 6 : vectors == 3 ? 4 : 3;
#endif
}

// The left operand of a tile: element (row, k) as gate v sees it is
// data[row * row_step + k * k_step + v * gate_step].
template <class Real>
struct Left {
  const Real* data;
  Index row_step, k_step, gate_step;
};

// sum[r][v] += sum over k < count of left(r, k) * right[k][v].   right: [count, kVectors, V]
// kPerGate: the vectors are the four gates, and each reads a left operand of its own.
template <class Real, int kRows, int kVectors, bool kPerGate>
SEQWISE_INLINE void accumulate(Vec<Real> (&sum)[kRows][kVectors], const Left<Real>& left,
                               const Real* right, Index count) {
  constexpr int V = kLanes<Real>;
  const Real* a = left.data;
  if constexpr (kRows * kVectors <= 4 && !kPerGate) {
    // A few sums would wait for each other: twice as many, of every other k.
    Vec<Real> second[kRows][kVectors] = {};
    for (; count >= 2; count -= 2) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
          sum[r][v] += broadcast(a[r * left.row_step]) * load(right + v * V);
          second[r][v] +=
              broadcast(a[r * left.row_step + left.k_step]) * load(right + (kVectors + v) * V);
        }
      }
      a += 2 * left.k_step;
      right += 2 * kVectors * V;
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] += second[r][v];
  }
  for (Index k = 0; k < count; ++k) {
    Vec<Real> b[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) b[v] = load(right + v * V);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      if (kPerGate) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v)
          sum[r][v] += broadcast(a[r * left.row_step + v * left.gate_step]) * b[v];
      } else {
        const Vec<Real> value = broadcast(a[r * left.row_step]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sum[r][v] += value * b[v];
      }
    }
    a += left.k_step;
    right += kVectors * V;
  }
}

// Asks for the part of the next block of weights that falls to one tile, so that the block has
// arrived from a distant cache by the time it is used. `size` numbers, shared by `rows` rows.
template <class Real>
SEQWISE_INLINE void prefetch_part(const Real* next, Index size, Index first, Index count,
                                  Index rows) {
  constexpr Index kLine = 64 / sizeof(Real);
  const Index end = size * (first + count) / rows;
  for (Index k = size * first / rows; k < end; k += kLine) __builtin_prefetch(next + k, 0, 2);
}

template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};

// Calls body(Constant<n>) for the n that equals `rows`, 1 <= rows <= kMost.
template <int kMost, class Body>
SEQWISE_INLINE void with_constant(Index rows, const Body& body) {
  if constexpr (kMost > 1) {
    if (rows < kMost) return with_constant<kMost - 1>(rows, body);
  }
  body(Constant<kMost>{});
}

// Cuts [0, count) into tiles of kMost rows; what is left over is shared by the last two, since a
// tile of one row is slow. Calls body(Constant<rows>, first).
template <int kMost, class Body>
SEQWISE_INLINE void for_tiles(Index count, const Body& body) {
  Index first = 0;
  for (; count - first >= 2 * kMost || count - first == kMost; first += kMost)
    body(Constant<kMost>{}, first);
  while (first < count) {
    const Index left = count - first;
    const Index rows = left > kMost ? (left + 1) / 2 : left;
    with_constant<kMost>(rows, [&](auto constant) { body(constant, first); });
    first += rows;
  }
}

}  // namespace seqwise::SEQWISE_NAMESPACE
