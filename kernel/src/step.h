// One timestep of a few sequences, straight from the unpacked weights: packing would cost more
// than the step.
#pragma once

#include "gates.h"
#include "group.h"

namespace seqwise::SEQWISE_NAMESPACE {

// z[0 .. columns) += sum over k < kRows of a[k] * weights[k][0 .. columns).   weights: rows of 4H
template <class Real, int kRows>
SEQWISE_INLINE void add_rows(const Real* a, const Real* weights, Index row_step, Index columns,
                             Real* z) {
  constexpr Index V = kLanes<Real>;
  Vec<Real> value[kRows];
#pragma GCC unroll 8
  for (int k = 0; k < kRows; ++k) value[k] = broadcast(a[k]);
  Index u = 0;
  for (; columns - u >= V; u += V) {
    Vec<Real> even = load(z + u), odd{};
#pragma GCC unroll 8
    for (int k = 0; k < kRows; ++k)
      (k % 2 ? odd : even) += value[k] * load(weights + k * row_step + u);
    store(z + u, kRows > 1 ? even + odd : even);
  }
  for (; u < columns; ++u)
    for (int k = 0; k < kRows; ++k) z[u] += a[k] * weights[k * row_step + u];
}

// Whole rows of the weights at a time, since memory is fast in the order of addresses.
template <class Real>
void add_product(const Real* a, Index count, const Real* weights, Index row_step, Index columns,
                 Real* z) {
  constexpr int kRows = 8;
  Index k = 0;
  for (; count - k >= kRows; k += kRows)
    add_rows<Real, kRows>(a + k, weights + k * row_step, row_step, columns, z);
  for (; k < count; ++k) add_rows<Real, 1>(a + k, weights + k * row_step, row_step, columns, z);
}

template <class Real>
void step(const StepPlan<Real>& plan, int worker) {
  constexpr Index V = kLanes<Real>;
  const Index F = plan.n.F, H = plan.n.H;
  const Range panels = part((H + V - 1) / V, plan.workers, worker);
  const Index begin = smaller(panels.begin * V, H), count = smaller(panels.end * V, H) - begin;
  const Activations<Real, false> act(plan.options);
  Real* z = plan.z + worker * 4 * H;
  for (Index row = 0; row < plan.n.B; ++row) {
    // A worker that has all units has the four gates in one piece.
    const Index pieces = count == H ? 1 : 4, width = 4 * count / pieces;
    for (Index g = 0; g < pieces; ++g) {
      const Index column = g * H + begin;
      Real* sums = z + g * H;
      for (Index u = 0; u < width; ++u) sums[u] = plan.b ? plan.b[column + u] : Real(0);
      add_product(plan.x + row * F, F, plan.W + column, 4 * H, width, sums);
      add_product(plan.h + row * H, H, plan.U + column, 4 * H, width, sums);
    }
    for (Index u = 0; u < count; u += V) {
      const Index lanes = smaller(V, count - u), at = row * H + begin + u;
      Vec<Real> sums[4];
      for (int g = 0; g < 4; ++g) sums[g] = load_part(z + g * H + u, lanes);
      const Vec<Real> c = act.gate(sums[1]) * load_part(plan.c + at, lanes) +
                          act.gate(sums[0]) * act.state(sums[2]);
      const Vec<Real> h = act.gate(sums[3]) * act.state(c);
      store_part(plan.c_out + at, c, lanes);
      store_part(plan.h_out + at, h, lanes);
    }
  }
}

}  // namespace seqwise::SEQWISE_NAMESPACE
