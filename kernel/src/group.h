// The sequences that a sweep takes through time together, and each worker's part of the units.
#pragma once

#include "plan.h"
#include "simd.h"

namespace seqwise::SEQWISE_NAMESPACE {

// A view of one group of the schedule. Places are numbered 0 .. size-1 within the group.
struct Group {
  Group(const Schedule& all, const Sizes& sizes, bool go_backwards, Index number)
      : n(sizes),
        schedule(all),
        backwards(go_backwards),
        first(all.first[number]),
        size(all.first[number + 1] - all.first[number]) {}

  Index sequence(Index place) const { return schedule.order[first + place]; }
  // Unmasked steps of the sequence.
  Index length(Index place) const {
    return schedule.length ? schedule.length[sequence(place)] : n.T;
  }
  Index rounds() const { return size > 0 ? length(0) : 0; }
  // The number of sequences still running in a round, given that of an earlier round.
  Index running(Index round, Index before) const {
    while (before > 0 && length(before - 1) <= round) --before;
    return before;
  }
  // Where the step of a round stands in the outputs, and in the inputs.
  Index position(Index place, Index round) const {
    return schedule.steps ? schedule.steps[sequence(place) * n.T + round] : round;
  }
  Index input_row(Index place, Index round) const {
    const Index step = position(place, round);
    return sequence(place) * n.T + (backwards ? n.T - 1 - step : step);
  }
  Index output_row(Index place, Index round) const {
    return sequence(place) * n.T + position(place, round);
  }
  // The last output belongs to an unmasked step.
  bool ends_unmasked(Index place) const {
    const Index count = length(place);
    return count > 0 && position(place, count - 1) == n.T - 1;
  }
  // The last output is the final state, and not zero.
  bool last_is_state(Index place, MaskedOutput rule) const {
    if (n.T == 0) return false;
    if (ends_unmasked(place) || rule == MaskedOutput::previous_state) return true;
    return rule == MaskedOutput::previous_output && length(place) > 0;
  }

  const Sizes& n;
  const Schedule& schedule;
  bool backwards;
  Index first, size;
};

struct Range {
  Index begin, end;
  Index size() const { return end - begin; }
};

inline Range part(Index count, int workers, int worker) {
  return {count * worker / workers, count * (worker + 1) / workers};
}

// The worker's part of what all workers of a group divide between them.
inline Range own(const Division& division, Index count, int worker) {
  return division.by_units ? part(count, division.workers, worker) : Range{0, count};
}

// Runs body(group number) for every group that the worker takes part in.
template <class Body>
void for_groups(const Division& division, Index groups, const Body& body) {
  if (division.by_units) {
    for (Index group = 0; group < groups; ++group) body(group);
  } else {
    for (Index group; (group = division.tasks->take()) >= 0;) body(group);
  }
}

inline void meet(const Division& division) {
  if (division.by_units) division.barrier->wait();
}

// to[d] = from * factors[d], for each of the dropout masks.   factors: [D, B, width] or null
template <class Real>
SEQWISE_INLINE void spread(const Real* from, const Real* factors, Index factor_step, int masks,
                           Index count, Real* to, Index step) {
  for (int d = 0; d < masks; ++d) {
    const Real* factor = factors ? factors + d * factor_step : nullptr;
    Real* target = to + d * step;
    if (factor) {
      for (Index k = 0; k < count; ++k) target[k] = from[k] * factor[k];
    } else {
      for (Index k = 0; k < count; ++k) target[k] = from[k];
    }
  }
}

// Asks for a row of x, y or dy that the next round will touch. The rows of a batch lie far apart,
// too many streams for the hardware to foresee.
template <int kWrite, class Real>
SEQWISE_INLINE void prefetch_row(const Real* row, Index count) {
  constexpr Index kLine = 64 / sizeof(Real);
  for (Index k = 0; k < count; k += kLine) __builtin_prefetch(row + k, kWrite, 2);
}

// Puts the inputs x of a round into rows. `ahead` is +1 or -1: the round after it.
template <class Real, class Plan>
void place_inputs(const Plan& plan, const Group& group, Index round, Range places, Real* rows,
                  Index stride, int masks, Index ahead) {
  const Sizes& n = plan.n;
  for (Index place = places.begin; place < places.end; ++place) {
    const Real* factors =
        plan.in.input_dropout ? plan.in.input_dropout + group.sequence(place) * n.F : nullptr;
    spread(plan.in.x + group.input_row(place, round) * n.F, factors, n.B * n.F, masks, n.F,
           rows + place * masks * stride, stride);
    const Index next = round + ahead;
    if (next >= 0 && next < group.length(place))
      prefetch_row<0>(plan.in.x + group.input_row(place, next) * n.F, n.F);
  }
}

}  // namespace seqwise::SEQWISE_NAMESPACE
