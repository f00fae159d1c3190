// One timestep of a few sequences, there and back, straight from the unpacked weights: packing
// would cost more than the step.
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
  // Each column in the same order, wherever it stands: the sums must not depend on the number of
  // workers, which is that of the threads that happen to be awake.
  const auto add = [&](Index u, Index lanes) {
    Vec<Real> even = load_part(z + u, lanes), odd{};
#pragma GCC unroll 8
    for (int k = 0; k < kRows; ++k)
      (k % 2 ? odd : even) += value[k] * load_part(weights + k * row_step + u, lanes);
    store_part(z + u, kRows > 1 ? even + odd : even, lanes);
  };
  Index u = 0;
  for (; columns - u >= V; u += V) add(u, V);
  if (u < columns) add(u, columns - u);
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
      if (plan.h) add_product(plan.h + row * H, H, plan.U + column, 4 * H, width, sums);
    }
    for (Index u = 0; u < count; u += V) {
      const Index lanes = smaller(V, count - u), at = row * H + begin + u;
      Vec<Real> sums[4];
      for (int g = 0; g < 4; ++g) sums[g] = load_part(z + g * H + u, lanes);
      act.gates(sums);
      Vec<Real> c = sums[0] * sums[2];
      if (plan.c) c += sums[1] * load_part(plan.c + at, lanes);
      store_part(plan.c_out + at, c, lanes);
      store_part(plan.h_out + at, sums[3] * act.state(c), lanes);
      if (!plan.reserve) continue;
      Real* kept = plan.reserve + ((begin + u) / V * plan.n.B + row) * 5 * V;
      for (int g = 0; g < 4; ++g) store(kept + g * V, sums[g]);
      store(kept + 4 * V, c);
    }
  }
}

// dz of the units of some panels, and what follows from it unit by unit.
template <class Real>
void step_gate_gradients(const StepBackwardPlan<Real>& plan, Range panels) {
  constexpr Index V = kLanes<Real>;
  const Index B = plan.n.B, H = plan.n.H;
  const Activations<Real, false> act(plan.options);
  for (Index p = panels.begin; p < panels.end; ++p) {
    const Index unit = p * V, lanes = smaller(V, H - unit);
    Vec<Real> bias[4] = {};
    for (Index row = 0; row < B; ++row) {
      const Index at = row * H + unit;
      const auto part_of = [&](const Real* array) {
        return array ? load_part(array + at, lanes) : Vec<Real>{};
      };
      const Real* kept = plan.reserve + (p * B + row) * 5 * V;
      const Vec<Real> i = load(kept), f = load(kept + V), candidate = load(kept + 2 * V),
                      o = load(kept + 3 * V), a = act.state(load(kept + 4 * V));
      const Vec<Real> dh =
          part_of(plan.from.dy) + part_of(plan.from.dlast) + part_of(plan.from.dhT);
      const Vec<Real> dc = part_of(plan.from.dcT) + dh * o * act.state_slope(a);
      const Vec<Real> dz[4] = {dc * candidate * act.gate_slope(i),
                               dc * part_of(plan.in.c0) * act.gate_slope(f),
                               dc * i * act.state_slope(candidate), dh * a * act.gate_slope(o)};
      for (int g = 0; g < 4; ++g) {
        store_part(plan.dz + row * 4 * H + g * H + unit, dz[g], lanes);
        bias[g] += dz[g];
      }
      if (plan.to.dc0) store_part(plan.to.dc0 + at, dc * f, lanes);
    }
    for (int g = 0; g < 4 && plan.to.db; ++g) store_part(plan.to.db + g * H + unit, bias[g], lanes);
  }
}

// For the rows `ks` of W or U: gradients of what was multiplied by them, and of themselves.
template <class Real>
void step_products(const StepBackwardPlan<Real>& plan, const Real* values, Index columns,
                   const Real* weights, Range ks, Real* to_values, Real* to_weights) {
  constexpr Index V = kLanes<Real>;
  const Index B = plan.n.B, width = 4 * plan.n.H;
  for (Index k = ks.begin; k < ks.end; ++k) {
    for (Index row = 0; row < B && to_values; ++row) {
      const Real *dz = plan.dz + row * width, *weight = weights + k * width;
      Vec<Real> sum[4] = {};
      Index u = 0;
      for (; width - u >= 4 * V; u += 4 * V)
#pragma GCC unroll 4
        for (int v = 0; v < 4; ++v) sum[v] += load(dz + u + v * V) * load(weight + u + v * V);
      const Vec<Real> sums = (sum[0] + sum[1]) + (sum[2] + sum[3]);
      Real total = 0;
      for (int v = 0; v < V; ++v) total += sums[v];
      for (; u < width; ++u) total += dz[u] * weight[u];
      to_values[row * columns + k] = total;
    }
    if (!to_weights) continue;
    for (Index u = 0; u < width; u += V) {
      Vec<Real> sum{};
      for (Index row = 0; row < B && values; ++row)
        sum += values[row * columns + k] * load_part(plan.dz + row * width + u, width - u);
      store_part(to_weights + k * width + u, sum, width - u);
    }
  }
}

template <class Real>
void step_backward(const StepBackwardPlan<Real>& plan, int worker) {
  constexpr Index V = kLanes<Real>;
  const Index F = plan.n.F, H = plan.n.H;
  step_gate_gradients(plan, part((H + V - 1) / V, plan.workers, worker));
  plan.barrier->wait();
  step_products(plan, plan.in.x, F, plan.in.W, part(F, plan.workers, worker), plan.to.dx,
                plan.to.dW);
  step_products(plan, plan.in.h0, H, plan.in.U, part(H, plan.workers, worker), plan.to.dh0,
                plan.to.dU);
}

}  // namespace seqwise::SEQWISE_NAMESPACE
