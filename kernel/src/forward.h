// The forward sweep: for each round, [x | h] times the packed weights, gates and state update. Of
// weights that do not fit the cache, x W is computed for several rounds ahead.
#pragma once

#include "gates.h"
#include "group.h"
#include "tile.h"

namespace seqwise::SEQWISE_NAMESPACE {

// Bytes of weights that stay in cache while rows pass by: the first level. The tiles of 512-bit
// vectors use each weight for twice as many operations, and the second level keeps up with them.
constexpr Index kCachedBytes = (SEQWISE_VECTOR_BYTES == 64 ? 200 : 24) * 1024;

// Packs the panels [begin, end): for each k the four gates of V units side by side.
template <class Real>
void pack_forward(const ForwardPlan<Real>& plan, Range panels) {
  constexpr Index V = kLanes<Real>;
  const Index F = plan.n.F, H = plan.n.H, K = F + H;
  for (Index p = panels.begin; p < panels.end; ++p) {
    const Index unit = p * V, count = smaller(V, H - unit);
    Real* to = plan.weights + p * K * 4 * V;
    for (Index k = 0; k < K; ++k) {
      const Real* from = (k < F ? plan.in.W + k * 4 * H : plan.in.U + (k - F) * 4 * H) + unit;
      for (int g = 0; g < 4; ++g, to += V) store(to, load_part(from + g * H, count));
    }
    for (int g = 0; g < 4; ++g) {
      const Vec<Real> b = plan.in.b ? load_part(plan.in.b + g * H + unit, count) : Vec<Real>{};
      store(plan.bias + (p * 4 + g) * V, b);
    }
  }
}

template <class Real, bool kPerGate, bool kStandard>
class ForwardSweep {
  static constexpr int V = kLanes<Real>;

 public:
  ForwardSweep(const ForwardPlan<Real>& plan, int worker)
      : plan_(plan),
        n_(plan.n),
        worker_(worker),
        act_(plan.options),
        scratch_(plan.scratch[plan.division.by_units ? 0 : worker]),
        panels_(own(plan.division, plan.panels, worker)) {}

  void run() {
    for_groups(plan_.division, plan_.schedule.groups, [&](Index number) {
      const Group group(plan_.schedule, n_, plan_.options.go_backwards, number);
      start(group);
      meet(plan_.division);
      const Index rounds = group.rounds();
      Index running = group.size, block_end = 0, used = 0;
      for (Index round = 0; round < rounds; ++round) {
        running = group.running(round, running);
        if (ahead() && round == block_end) {
          block_end = look_ahead(group, round, running);
          used = 0;
        }
        compute(group, round, running, used);
        used += running;
        if (!ahead() && round + 1 < rounds)
          place_inputs(plan_, group, round + 1, share(group.running(round + 1, running)),
                       scratch_.rows[(round + 1) % 2], plan_.stride, masks(), 1);
        meet(plan_.division);
      }
      finish(group);
    });
  }

 private:
  static constexpr int masks() { return kPerGate ? 4 : 1; }
  bool ahead() const { return plan_.block_rows > 0; }
  Range share(Index rows) const { return own(plan_.division, rows, worker_); }
  Index row_step() const { return masks() * plan_.stride; }
  Index units_before(Index panel) const { return smaller(panel * V, n_.H); }
  bool keeps_plain_states() const { return kPerGate || plan_.in.recurrent_dropout; }

  void start(const Group& group) {
    for (Index p = panels_.begin; p < panels_.end; ++p) {
      const Index unit = p * V, count = smaller(V, n_.H - unit);
      for (Index place = 0; place < group.size; ++place) {
        const Index at = group.sequence(place) * n_.H + unit;
        Vec<Real> h{}, c{};
        if (plan_.in.h0) h = load_part(plan_.in.h0 + at, count);
        if (plan_.in.c0) c = load_part(plan_.in.c0 + at, count);
        store(scratch_.c + (p * plan_.max_rows + place) * V, c);
        store(state(place, 0) + unit, h);
      }
    }
    if (keeps_plain_states()) drop_states(group, 0, group.size);
    if (!ahead() && group.rounds() > 0)
      place_inputs(plan_, group, 0, share(group.running(0, group.size)), scratch_.rows[0],
                   plan_.stride, masks(), 1);
  }

  // The state h that enters a round. With recurrent dropout the rows hold dropped states only
  // (and with four masks four of each), and the plain ones are kept beside them.
  Real* state(Index place, Index round) const {
    if (keeps_plain_states()) return scratch_.h + place * plan_.panels * V;
    return scratch_.rows[round % 2] + place * row_step() + n_.F;
  }

  void drop_states(const Group& group, Index round, Index running) {
    const Index unit = units_before(panels_.begin);
    for (Index place = 0; place < running; ++place) {
      const Real* factors = plan_.in.recurrent_dropout;
      if (factors) factors += group.sequence(place) * n_.H + unit;
      spread(state(place, round) + unit, factors, n_.B * n_.H, masks(),
             units_before(panels_.end) - unit,
             scratch_.rows[round % 2] + place * row_step() + n_.F + unit, plan_.stride);
    }
  }

  // x W + b of as many rounds as fit into a block. Returns the round after these.
  Index look_ahead(const Group& group, Index begin, Index running) {
    Index end = begin, rows = 0;
    for (; end < group.rounds(); ++end) {
      running = group.running(end, running);
      if (rows + running > plan_.block_rows) break;
      place_inputs(plan_, group, end, share(running),
                   scratch_.inputs + rows * masks() * plan_.input_stride, plan_.input_stride,
                   masks(), 1);
      rows += running;
    }
    meet(plan_.division);
    for (Index p = panels_.begin; p < panels_.end; ++p) {
      for_blocks(p, {0, n_.F}, rows, [&](auto tile, Index row, Range ks) {
        constexpr int kRows = decltype(tile)::value;
        const Left<Real> left{scratch_.inputs + row * masks() * plan_.input_stride + ks.begin,
                              masks() * plan_.input_stride, 1, plan_.input_stride};
        Vec<Real> sum[kRows][4];
        add_product<kRows>(sum, left, p, ks, partial(p, row));
        save<kRows>(sum, partial(p, row));
      });
    }
    return end;
  }

  // The gate sums of a row between blocks.
  Real* partial(Index p, Index row) const {
    if (ahead()) return scratch_.z + (p * plan_.block_rows + row) * 4 * V;
    return scratch_.z + ((plan_.division.by_units ? worker_ * plan_.max_rows : 0) + row) * 4 * V;
  }

  template <int kRows>
  static SEQWISE_INLINE void save(const Vec<Real> (&sum)[kRows][4], Real* to) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int g = 0; g < 4; ++g) store(to + (r * 4 + g) * V, sum[r][g]);
  }

  // sum = what there is, which at first is the bias, + the rows times the weights of ks.
  template <int kRows>
  SEQWISE_INLINE void add_product(Vec<Real> (&sum)[kRows][4], const Left<Real>& left, Index p,
                                  Range ks, const Real* before) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
      for (int g = 0; g < 4; ++g)
        sum[r][g] = load(ks.begin == 0 ? plan_.bias + (p * 4 + g) * V : before + (r * 4 + g) * V);
    accumulate<Real, kRows, 4, kPerGate>(
        sum, left, plan_.weights + (p * (n_.F + n_.H) + ks.begin) * 4 * V, ks.size());
  }

  // Calls body(Constant<rows>, first row, ks) for tiles of `rows` rows and blocks of all ks.
  template <class Body>
  SEQWISE_INLINE void for_blocks(Index p, Range all, Index rows, const Body& body) {
    // Few rows gain nothing from weights in cache: each weight is used once.
    const Index most = kCachedBytes / Index(4 * V * sizeof(Real));
    const Index blocks = rows > tile_rows(4) ? (all.size() + most - 1) / most : 1;
    for (Index block = 0; block < blocks; ++block) {
      const Range ks{all.begin + all.size() * block / blocks,
                     all.begin + all.size() * (block + 1) / blocks};
      for_tiles<tile_rows(4)>(rows, [&](auto tile, Index first) {
        if (plan_.division.streams_weights)
          prefetch_part(plan_.weights + (p * (n_.F + n_.H) + ks.end) * 4 * V, ks.size() * 4 * V,
                        first, tile.value, rows);
        body(tile, first, ks);
      });
    }
  }

  void compute(const Group& group, Index round, Index running, Index used) {
    const Range all{ahead() ? n_.F : 0, n_.F + n_.H};
    for (Index p = panels_.begin; p < panels_.end; ++p) {
      for_blocks(p, all, running, [&](auto tile, Index place, Range ks) {
        constexpr int kRows = decltype(tile)::value;
        const Left<Real> left{scratch_.rows[round % 2] + place * row_step() + ks.begin, row_step(),
                              1, plan_.stride};
        Real* const sums = partial(p, ahead() ? used + place : place);
        Vec<Real> sum[kRows][4];
        add_product<kRows>(sum, left, p, ks, sums);
        if (ks.end == all.end) {
          update(group, round, p, place, sum);
        } else {
          save<kRows>(sum, sums);
        }
      });
    }
    if (plan_.out.y) write_outputs(group, round, running);
    if (keeps_plain_states()) drop_states(group, round + 1, running);
  }

  // Row by row, after all panels: the rows of y lie far apart, and often in the same cache sets.
  void write_outputs(const Group& group, Index round, Index running) {
    const Index unit = units_before(panels_.begin), count = units_before(panels_.end) - unit;
    for (Index place = 0; place < running; ++place) {
      const Real* h = state(place, round + 1) + unit;
      Real* y = plan_.out.y + group.output_row(place, round) * n_.H + unit;
      for (Index u = 0; u < count; u += V) store_part(y + u, load(h + u), count - u);
      if (round + 1 < group.length(place))
        prefetch_row<1>(plan_.out.y + group.output_row(place, round + 1) * n_.H + unit, count);
    }
  }

  // Gates and new state of V units of the sequences of a tile. In stages over all of them, since
  // each value hangs on a long chain of instructions, and chains side by side hide each other.
  template <int kRows>
  SEQWISE_INLINE void update(const Group& group, Index round, Index p, Index place,
                             Vec<Real> (&gate)[kRows][4]) {
    Vec<Real> c[kRows], h[kRows];
    Real* cell = scratch_.c + (p * plan_.max_rows + place) * V;
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) act_.gates(gate[r]);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      c[r] = gate[r][1] * load(cell + r * V) + gate[r][0] * gate[r][2];
      store(cell + r * V, c[r]);
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) h[r] = gate[r][3] * act_.state(c[r]);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) store(state(place + r, round + 1) + p * V, h[r]);
    if (!plan_.reserve) return;
    if (kCanStream && plan_.streams_reserve) {
      keep<kRows>(group, round, p, place, gate, c, store_streaming<Real>);
    } else {
      keep<kRows>(group, round, p, place, gate, c, store<Real>);
    }
  }

  template <int kRows, class Store>
  SEQWISE_INLINE void keep(const Group& group, Index round, Index p, Index place,
                           const Vec<Real> (&gate)[kRows][4], const Vec<Real> (&c)[kRows],
                           const Store& store_one) {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      Real* kept =
          plan_.reserve + ((round * plan_.panels + p) * n_.B + group.sequence(place + r)) * 5 * V;
#pragma GCC unroll 4
      for (int g = 0; g < 4; ++g) store_one(kept + g * V, gate[r][g]);
      store_one(kept + 4 * V, c[r]);
    }
  }

  void finish(const Group& group) {
    const Outputs<Real>& out = plan_.out;
    const MaskedOutput rule = plan_.options.masked_output;
    const Index unit = units_before(panels_.begin), count = units_before(panels_.end) - unit;
    for (Index place = 0; place < group.size; ++place) {
      const Real* h = state(place, group.length(place)) + unit;
      const Index at = group.sequence(place) * n_.H + unit;
      const bool last_is_state = group.last_is_state(place, rule);
      for (Index u = 0; u < count; ++u) {
        if (out.hT) out.hT[at + u] = h[u];
        if (out.last) out.last[at + u] = last_is_state ? h[u] : Real(0);
        if (out.cT) {
          const Index p = (unit + u) / V;
          out.cT[at + u] = scratch_.c[(p * plan_.max_rows + place) * V + (unit + u) % V];
        }
      }
      if (out.y && plan_.schedule.steps) fill_masked(group, place, unit, count);
    }
  }

  // Writes the outputs of the masked steps, which the sweep has passed over.
  void fill_masked(const Group& group, Index place, Index unit, Index count) {
    const MaskedOutput rule = plan_.options.masked_output;
    const Index sequence = group.sequence(place), length = group.length(place);
    const Real* before = nullptr;  // zeros
    if (rule == MaskedOutput::previous_state && plan_.in.h0)
      before = plan_.in.h0 + sequence * n_.H + unit;
    Index step = 0;
    for (Index round = 0; round <= length; ++round) {
      const Index next = round < length ? group.position(place, round) : n_.T;
      for (; step < next; ++step) {
        Real* y = plan_.out.y + (sequence * n_.T + step) * n_.H + unit;
        for (Index u = 0; u < count; ++u) y[u] = before ? before[u] : Real(0);
      }
      if (rule != MaskedOutput::zero) before = plan_.out.y + (sequence * n_.T + next) * n_.H + unit;
      ++step;
    }
  }

  const ForwardPlan<Real>& plan_;
  const Sizes& n_;
  const int worker_;
  const Activations<Real, kStandard> act_;
  const ForwardScratch<Real>& scratch_;
  const Range panels_;
};

template <class Real>
void forward(const ForwardPlan<Real>& plan, int worker) {
  pack_forward(plan, part(plan.panels, plan.division.workers, worker));
  plan.division.barrier->wait();
  const bool standard = is_standard(plan.options);
  if (plan.masks == 4) {
    ForwardSweep<Real, true, false>(plan, worker).run();
  } else if (standard) {
    ForwardSweep<Real, false, true>(plan, worker).run();
  } else {
    ForwardSweep<Real, false, false>(plan, worker).run();
  }
  if (plan.streams_reserve) finish_streaming();
}

}  // namespace seqwise::SEQWISE_NAMESPACE
