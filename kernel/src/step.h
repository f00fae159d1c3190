// One timestep of a few sequences, straight from the unpacked weights: packing would cost more
// than the step.
#pragma once

#include "gates.h"
#include "group.h"

namespace seqwise::SEQWISE_NAMESPACE {

// z[0 .. kVectors V) += sum over k of a[k] * weights[k][0 .. kVectors V).   weights: rows of 4H
template <class Real, int kVectors>
SEQWISE_INLINE void add_products(const Real* a, Index count, const Real* weights, Index row_step,
                                 Real* z) {
  constexpr int V = kLanes<Real>;
  Vec<Real> sum[kVectors];
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) sum[v] = load(z + v * V);
  for (Index k = 0; k < count; ++k) {
    const Vec<Real> value = broadcast(a[k]);
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sum[v] += value * load(weights + k * row_step + v * V);
  }
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) store(z + v * V, sum[v]);
}

template <class Real>
void add_product(const Real* a, Index count, const Real* weights, Index row_step, Index columns,
                 Real* z) {
  constexpr Index V = kLanes<Real>;
  Index column = 0;
  for (; columns - column >= 8 * V; column += 8 * V)
    add_products<Real, 8>(a, count, weights + column, row_step, z + column);
  for (; columns - column >= 2 * V; column += 2 * V)
    add_products<Real, 2>(a, count, weights + column, row_step, z + column);
  for (; columns - column >= V; column += V)
    add_products<Real, 1>(a, count, weights + column, row_step, z + column);
  for (Index k = 0; k < count; ++k)
    for (Index u = column; u < columns; ++u) z[u] += a[k] * weights[k * row_step + u];
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
    for (int g = 0; g < 4; ++g) {
      const Index column = g * H + begin;
      Real* sums = z + g * H;
      for (Index u = 0; u < count; ++u) sums[u] = plan.b ? plan.b[column + u] : Real(0);
      add_product(plan.x + row * F, F, plan.W + column, 4 * H, count, sums);
      add_product(plan.h + row * H, H, plan.U + column, 4 * H, count, sums);
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
