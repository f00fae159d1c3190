// The matrix products of the backward sweep, and the packing of their operands.
#pragma once

#include "group.h"
#include "tile.h"

namespace seqwise::SEQWISE_NAMESPACE {

// What a worker or a share computes: panels of units, the columns of dh that belong to them, and
// columns of dx.
template <class Real>
struct Share {
  Share(const BackwardPlan<Real>& plan, int member)
      : panels(own(plan.division, plan.panels, member)),
        units{smaller(panels.begin * kLanes<Real>, plan.n.H),
              smaller(panels.end * kLanes<Real>, plan.n.H)},
        features{own_features(plan, member)},
        weights(plan.weights + (plan.division.by_units ? member * plan.weights_size : 0)),
        input_weights(weights + plan.width * plan.panels * 4 * kLanes<Real>),
        sums(plan.sums + (plan.division.by_units ? 0 : member * plan.panels * sums_size(plan))),
        bias_sums(plan.bias_sums +
                  (plan.division.by_units ? 0 : member * plan.panels * 4 * kLanes<Real>)) {}

  static Index sums_size(const BackwardPlan<Real>& plan) {
    return (plan.n.F + plan.n.H) * 4 * kLanes<Real>;
  }
  // In whole vectors.
  static Range own_features(const BackwardPlan<Real>& plan, int member) {
    if (!plan.to.dx) return {0, 0};
    constexpr Index V = kLanes<Real>;
    const Range vectors = own(plan.division, (plan.n.F + V - 1) / V, member);
    return {smaller(vectors.begin * V, plan.n.F), smaller(vectors.end * V, plan.n.F)};
  }

  Range panels, units, features;
  Real* weights;
  Real* input_weights;
  Real* sums;
  Real* bias_sums;
};

// Packs the transpose of the rows `columns` of U or W: panels of 4V columns, the last one narrower,
// each with a row of columns for every gate gradient, in the order [panel, gate, unit] of dz.
template <class Real>
void pack_columns(const BackwardPlan<Real>& plan, const Real* weights, Range columns, Range rows,
                  Real* to) {
  constexpr Index V = kLanes<Real>;
  const Index H = plan.n.H, depth = plan.panels * 4 * V, count = columns.size();
  for (Index first = 0; first < count; first += 4 * V) {
    const Index width = smaller(4 * V, (count - first + V - 1) / V * V);
    Real* panel = to + first * depth;
    for (Index column = first; column < first + width; ++column) {
      const Real* from = column < count ? weights + (columns.begin + column) * 4 * H : nullptr;
      for (Index p = rows.begin; p < rows.end; ++p) {
        for (Index g = 0; g < 4; ++g) {
          for (Index v = 0; v < V; ++v) {
            const Index unit = p * V + v;
            panel[((p * 4 + g) * V + v) * width + column - first] =
                from && unit < H ? from[g * H + unit] : Real(0);
          }
        }
      }
    }
  }
}

template <class Real>
void pack_backward(const BackwardPlan<Real>& plan, int worker) {
  const Share<Real> share(plan, worker);
  const Range rows = plan.division.by_units ? Range{0, plan.panels}
                                            : part(plan.panels, plan.division.workers, worker);
  pack_columns(plan, plan.in.U, share.units, rows, share.weights);
  pack_columns(plan, plan.in.W, share.features, rows, share.input_weights);
}

// One panel of kVectors columns: to [rows, step] = dz times the packed panel.
// gate: the one whose gradients are multiplied, or -1: all.
template <class Real, int kVectors>
void multiply_vectors(const BackwardPlan<Real>& plan, const Real* dz, Index rows, int gate,
                      const Real* panel, Real* to, Index step) {
  constexpr Index V = kLanes<Real>;
  constexpr Index kWidth = kVectors * V;
  constexpr Index kDepth = 4 * V * kWidth;  // of the packed panel, for one panel of units
  constexpr Index kBlock = larger(1, 20 * 1024 / Index(kDepth * sizeof(Real)));
  const Index offset = gate < 0 ? 0 : gate * V, count = gate < 0 ? 4 * V : V;
  const Index blocks = rows > tile_rows(kVectors) ? (plan.panels + kBlock - 1) / kBlock : Index(1);
  for (Index block = 0; block < blocks; ++block) {
    const Range panels = part(plan.panels, static_cast<int>(blocks), static_cast<int>(block));
    for_tiles<tile_rows(kVectors)>(rows, [&](auto tile, Index row) {
      constexpr int kRows = decltype(tile)::value;
      if (plan.division.streams_weights)
        prefetch_part(panel + panels.end * kDepth, panels.size() * kDepth, row, kRows, rows);
      Vec<Real> sum[kRows][kVectors];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v)
          sum[r][v] = block == 0 ? Vec<Real>{} : load(to + (row + r) * step + v * V);
      for (Index p = panels.begin; p < panels.end; ++p) {
        const Left<Real> left{dz + (p * plan.block_rows + row) * 4 * V + offset, 4 * V, 1, 0};
        accumulate<Real, kRows, kVectors, false>(sum, left, panel + p * kDepth + offset * kWidth,
                                                 count);
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) store(to + (row + r) * step + v * V, sum[r][v]);
    });
  }
}

// to [rows, step] = gate gradients times the panel that begins with the column `first` of
// `columns`.
template <class Real>
void multiply_panel(const BackwardPlan<Real>& plan, const Real* dz, Index rows, int gate,
                    const Real* weights, Index first, Index columns, Real* to, Index step) {
  constexpr Index V = kLanes<Real>;
  const Index vectors = smaller(4, (columns - first + V - 1) / V);
  with_constant<4>(vectors, [&](auto width) {
    multiply_vectors<Real, decltype(width)::value>(plan, dz, rows, gate,
                                                   weights + first * plan.panels * 4 * V, to, step);
  });
}

// dx of `rows` rows of a block from `begin` on, with the dropout factors.
template <class Real, bool kPerGate>
void write_input_gradients(const BackwardPlan<Real>& plan, const Share<Real>& share,
                           const BackwardScratch<Real>& scratch, Real* columns, Index begin,
                           Index rows) {
  constexpr Index V = kLanes<Real>;
  const Index F = plan.n.F;
  const Real* dz = scratch.dz + begin * 4 * V;
  const Index* input_rows = scratch.input_rows + begin;
  for (Index first = 0; first < share.features.size(); first += 4 * V) {
    const Index feature = share.features.begin + first;
    const Index count = smaller(4 * V, share.features.size() - first);
    for (int g = 0; g < (kPerGate ? 4 : 1); ++g) {
      multiply_panel(plan, dz, rows, kPerGate ? g : -1, share.input_weights, first,
                     share.features.size(), columns, 4 * V);
      for (Index row = 0; row < rows; ++row) {
        Real* column = columns + row * 4 * V;
        Real* to = plan.to.dx + input_rows[row] * F + feature;
        if (plan.in.input_dropout) {
          const Index sequence = input_rows[row] / plan.n.T;
          spread(column, plan.in.input_dropout + (g * plan.n.B + sequence) * F + feature, 0, 1,
                 count, column, 0);
        }
        for (Index k = 0; k < count; ++k) to[k] = g == 0 ? column[k] : to[k] + column[k];
      }
    }
  }
}

template <class Real>
void clear_sums(const BackwardPlan<Real>& plan, const Share<Real>& share) {
  const Index size = Share<Real>::sums_size(plan), bias = 4 * kLanes<Real>;
  for (Index p = share.panels.begin; p < share.panels.end; ++p) {
    std::memset(share.sums + p * size, 0, size * sizeof(Real));
    std::memset(share.bias_sums + p * bias, 0, bias * sizeof(Real));
  }
}

// sums += rows^T dz over the rows of a block.
template <class Real, bool kPerGate>
void add_weight_gradients(const BackwardPlan<Real>& plan, const Share<Real>& share,
                          const BackwardScratch<Real>& scratch, Index rows) {
  constexpr Index V = kLanes<Real>;
  constexpr Index kBlock = 128;  // dz of one panel and block stays in the first-level cache
  const Index K = plan.n.F + plan.n.H, row_step = (kPerGate ? 4 : 1) * plan.stride;
  for (Index p = share.panels.begin; p < share.panels.end; ++p) {
    for (Index begin = 0; begin < rows; begin += kBlock) {
      const Index count = smaller(kBlock, rows - begin);
      const Real* dz = scratch.dz + (p * plan.block_rows + begin) * 4 * V;
      for_tiles<tile_rows(4)>(K, [&](auto tile, Index k) {
        constexpr int kRows = decltype(tile)::value;
        Vec<Real> sum[kRows][4] = {};
        accumulate<Real, kRows, 4, kPerGate>(
            sum, {scratch.rows + begin * row_step + k, 1, row_step, plan.stride}, dz, count);
        Real* to = share.sums + (p * K + k) * 4 * V;
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
          for (int g = 0; g < 4; ++g, to += V) store(to, load(to) + sum[r][g]);
      });
      Vec<Real> bias[4] = {};
      for (Index m = 0; m < count; ++m)
#pragma GCC unroll 4
        for (int g = 0; g < 4; ++g) bias[g] += load(dz + (m * 4 + g) * V);
      for (int g = 0; g < 4; ++g) {
        Real* to = share.bias_sums + (p * 4 + g) * V;
        store(to, load(to) + bias[g]);
      }
    }
  }
}

// Adds up the shares' sums and writes dW, dU and db.
template <class Real>
void write_weight_gradients(const BackwardPlan<Real>& plan, Range panels) {
  constexpr Index V = kLanes<Real>;
  const Index F = plan.n.F, H = plan.n.H, K = F + H;
  const int copies = plan.division.by_units ? 1 : plan.division.shares;
  const auto write = [&](const Real* sums, Index step, Index p, Real* to) {
    for (int g = 0; g < 4; ++g) {
      Vec<Real> sum = load(sums + g * V);
      for (int w = 1; w < copies; ++w) sum += load(sums + w * step + g * V);
      store_part(to + g * H + p * V, sum, H - p * V);
    }
  };
  for (Index p = panels.begin; p < panels.end; ++p) {
    for (Index k = 0; k < K; ++k) {
      Real* to = k < F ? (plan.to.dW ? plan.to.dW + k * 4 * H : nullptr)
                       : (plan.to.dU ? plan.to.dU + (k - F) * 4 * H : nullptr);
      if (to) write(plan.sums + (p * K + k) * 4 * V, plan.panels * K * 4 * V, p, to);
    }
    if (plan.to.db) write(plan.bias_sums + p * 4 * V, plan.panels * 4 * V, p, plan.to.db);
  }
}

}  // namespace seqwise::SEQWISE_NAMESPACE
