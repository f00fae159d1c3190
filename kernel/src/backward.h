// The backward sweep: for each round, from the last to the first, the gate gradients dz and their
// product with U^T, which gives dh; and, for a block of rounds at a time, the products that give dx
// and sum up to dW and dU.
#pragma once

#include "backward_products.h"
#include "gates.h"
#include "group.h"

namespace seqwise::SEQWISE_NAMESPACE {

template <class Real, bool kPerGate, bool kStandard>
class BackwardSweep {
  static constexpr int V = kLanes<Real>;

 public:
  // member: by units, the worker; by batch, the share
  BackwardSweep(const BackwardPlan<Real>& plan, int member)
      : plan_(plan),
        n_(plan.n),
        member_(member),
        act_(plan.options),
        mine_(plan, member),
        scratch_(plan.scratch[plan.division.by_units ? 0 : member]),
        columns_(columns_of(scratch_.columns)),
        gate_columns_(columns_of(scratch_.gate_columns)),
        inputs_(scratch_.inputs +
                (plan.division.by_units && plan.to.dx ? member * plan.block_rows * 4 * V : 0)) {}

  void run() {
    clear_sums(plan_, mine_);
    const Division& division = plan_.division;
    const Index first = division.by_units ? 0 : member_,
                step = division.by_units ? 1 : division.shares;
    for (Index number = first; number < plan_.schedule.groups; number += step)
      sweep(Group(plan_.schedule, n_, plan_.options.go_backwards, number));
  }

 private:
  static constexpr int masks() { return kPerGate ? 4 : 1; }
  Real* columns_of(Real* all) const {
    return plan_.division.by_units ? all + member_ * plan_.max_rows * plan_.width : all;
  }
  Index unit() const { return mine_.units.begin; }
  Real* dh(Index place) const { return columns_ + place * plan_.width; }
  Real* cell(Index p, Index place) const {
    return scratch_.state + (p * plan_.max_rows + place) * 2 * V;
  }
  const Real* kept(Index round, Index p, Index sequence) const {
    return plan_.reserve + ((round * plan_.panels + p) * n_.B + sequence) * 5 * V;
  }

  void sweep(const Group& group) {
    Index running = 0, used = 0;
    for (Index round = group.rounds() - 1; round >= 0; --round) {
      const Index before = running;
      running = group.running(round, group.size);
      enter(group, round, before, running);
      for (Index place = 0; place < running; ++place) add_output_gradients(group, round, place);
      for (Index p = mine_.panels.begin; p < mine_.panels.end; ++p)
        for (Index place = 0; place < running; ++place) differentiate(group, round, p, place, used);
      const Range places = own(plan_.division, running, member_);
      place_inputs(plan_, group, round, places, scratch_.rows + used * masks() * plan_.stride,
                   plan_.stride, masks(), -1);
      for (Index place = places.begin; place < places.end; ++place)
        scratch_.input_rows[used + place] = group.input_row(place, round);
      meet(plan_.division);
      multiply(group, running, used);
      // Weights that stream through the caches are better used for the whole block at once.
      const bool streams = plan_.division.streams_weights;
      if (!streams)
        write_input_gradients<Real, kPerGate>(plan_, mine_, scratch_, inputs_, used, running);
      used += running;
      if (round == 0 || used + group.running(round - 1, group.size) > plan_.block_rows) {
        if (streams)
          write_input_gradients<Real, kPerGate>(plan_, mine_, scratch_, inputs_, 0, used);
        add_weight_gradients<Real, kPerGate>(plan_, mine_, scratch_, used);
        used = 0;
        meet(plan_.division);
      }
    }
    enter(group, -1, running, group.size);
    finish(group);
  }

  // Gradients of the final states, for the sequences whose last unmasked step is this round.
  void enter(const Group& group, Index round, Index begin, Index end) {
    const OutputGradients<Real>& from = plan_.from;
    for (Index place = begin; place < end; ++place) {
      const Index at = group.sequence(place) * n_.H + unit();
      const bool last = from.dlast && group.last_is_state(place, plan_.options.masked_output);
      for (Index u = 0; u < mine_.units.size(); ++u) {
        Real sum = from.dhT ? from.dhT[at + u] : Real(0);
        if (last) sum += from.dlast[at + u];
        dh(place)[u] = sum;
      }
      for (Index p = mine_.panels.begin; p < mine_.panels.end; ++p) {
        const Index count = smaller(V, n_.H - p * V);
        Vec<Real> dc{};
        if (from.dcT) dc = load_part(from.dcT + group.sequence(place) * n_.H + p * V, count);
        store(cell(p, place), dc);
        if (round >= 0)
          store(cell(p, place) + V,
                act_.state(load(kept(round, p, group.sequence(place)) + 4 * V)));
      }
    }
  }

  // Adds the gradients of the round's output, and of the masked steps after it that repeat it.
  // Round -1 is the initial state.
  void add_output_gradients(const Group& group, Index round, Index place) {
    if (!plan_.from.dy) return;
    const MaskedOutput rule = plan_.options.masked_output;
    if (round < 0 && rule != MaskedOutput::previous_state) return;
    const Index begin = round < 0 ? 0 : group.position(place, round);
    Index end = begin + 1;
    if (plan_.schedule.steps && (round < 0 || rule != MaskedOutput::zero))
      end = round + 1 < group.length(place) ? group.position(place, round + 1) : n_.T;
    if (round < 0 && !plan_.schedule.steps) end = 0;
    for (Index step = begin; step < end; ++step) {
      const Real* dy = plan_.from.dy + (group.sequence(place) * n_.T + step) * n_.H + unit();
      Real* sum = dh(place);
      for (Index u = 0; u < mine_.units.size(); ++u) sum[u] += dy[u];
    }
    if (round > 0)
      prefetch_row<0>(plan_.from.dy + group.output_row(place, round - 1) * n_.H + unit(),
                      mine_.units.size());
  }

  // Gate gradients of V units of one sequence, and the h that entered the round.
  SEQWISE_INLINE void differentiate(const Group& group, Index round, Index p, Index place,
                                    Index used) {
    const Index sequence = group.sequence(place), count = n_.H - p * V;
    const Real* now = kept(round, p, sequence);
    const Vec<Real> i = load(now), f = load(now + V), candidate = load(now + 2 * V),
                    o = load(now + 3 * V);
    Vec<Real> c_before{}, h_before{}, a_before{};
    if (round > 0) {
      const Real* earlier = kept(round - 1, p, sequence);
      c_before = load(earlier + 4 * V);
      a_before = act_.state(c_before);
      h_before = load(earlier + 3 * V) * a_before;
    } else {
      if (plan_.in.c0) c_before = load_part(plan_.in.c0 + sequence * n_.H + p * V, count);
      if (plan_.in.h0) h_before = load_part(plan_.in.h0 + sequence * n_.H + p * V, count);
    }

    Real* state = cell(p, place);
    const Vec<Real> a = load(state + V);
    const Vec<Real> dh_now = load_part(dh(place) + p * V - unit(), count);
    const Vec<Real> dc = load(state) + dh_now * o * act_.state_slope(a);
    Real* dz = scratch_.dz + (p * plan_.block_rows + used + place) * 4 * V;
    store(dz, dc * candidate * act_.gate_slope(i));
    store(dz + V, dc * c_before * act_.gate_slope(f));
    store(dz + 2 * V, dc * i * act_.state_slope(candidate));
    store(dz + 3 * V, dh_now * a * act_.gate_slope(o));
    store(state, dc * f);
    store(state + V, a_before);

    Real* row = scratch_.rows + (used + place) * masks() * plan_.stride + n_.F + p * V;
    for (int d = 0; d < masks(); ++d) {
      Vec<Real> h = h_before;
      if (plan_.in.recurrent_dropout)
        h *= load_part(plan_.in.recurrent_dropout + (d * n_.B + sequence) * n_.H + p * V, count);
      store(row + d * plan_.stride, h);
    }
  }

  // dh = dz U^T, with the dropout factors.
  void multiply(const Group& group, Index running, Index used) {
    const Real* dz = scratch_.dz + used * 4 * V;
    const Index units = mine_.units.size();
    for (int g = 0; g < masks(); ++g) {
      Real* const to = kPerGate ? gate_columns_ : columns_;
      for (Index first = 0; first < units; first += 4 * V)
        multiply_panel(plan_, dz, running, kPerGate ? g : -1, mine_.weights, first, units,
                       to + first, plan_.width);
      if (!kPerGate && !plan_.in.recurrent_dropout) return;
      for (Index place = 0; place < running; ++place) {
        Real* column = to + place * plan_.width;
        if (const Real* factors = plan_.in.recurrent_dropout)
          spread(column, factors + (g * n_.B + group.sequence(place)) * n_.H + unit(), 0, 1, units,
                 column, 0);
        if (!kPerGate) continue;
        Real* sum = dh(place);
        for (Index u = 0; u < units; ++u) sum[u] = g == 0 ? column[u] : sum[u] + column[u];
      }
    }
  }

  void finish(const Group& group) {
    const Index begin = mine_.features.begin, features = mine_.features.size();
    for (Index place = 0; place < group.size; ++place) {
      const Index sequence = group.sequence(place);
      add_output_gradients(group, -1, place);
      for (Index u = unit(); u < mine_.units.end; ++u) {
        if (plan_.to.dh0) plan_.to.dh0[sequence * n_.H + u] = dh(place)[u - unit()];
        if (plan_.to.dc0) plan_.to.dc0[sequence * n_.H + u] = cell(u / V, place)[u % V];
      }
      if (!plan_.to.dx || !plan_.in.mask) continue;
      for (Index t = 0; t < n_.T; ++t) {
        const Index row = sequence * n_.T + t;
        if (plan_.in.mask[row]) continue;
        for (Index k = 0; k < features; ++k) plan_.to.dx[row * n_.F + begin + k] = 0;
      }
    }
  }

  const BackwardPlan<Real>& plan_;
  const Sizes& n_;
  const int member_;
  const Activations<Real, kStandard> act_;
  const Share<Real> mine_;
  const BackwardScratch<Real>& scratch_;
  Real* const columns_;
  Real* const gate_columns_;
  Real* const inputs_;
};

template <class Real>
void sweep_backward(const BackwardPlan<Real>& plan, int member) {
  if (plan.masks == 4) {
    BackwardSweep<Real, true, false>(plan, member).run();
  } else if (is_standard(plan.options)) {
    BackwardSweep<Real, false, true>(plan, member).run();
  } else {
    BackwardSweep<Real, false, false>(plan, member).run();
  }
}

template <class Real>
void backward(const BackwardPlan<Real>& plan, int worker) {
  const Division& division = plan.division;
  pack_backward(plan, worker);
  division.barrier->wait();
  if (division.by_units) {
    sweep_backward(plan, worker);
  } else {
    for (Index share; (share = division.tasks->take()) >= 0;)
      sweep_backward(plan, static_cast<int>(share));
  }
  division.barrier->wait();
  write_weight_gradients(plan, part(plan.panels, division.workers, worker));
}

}  // namespace seqwise::SEQWISE_NAMESPACE
