// Makes the plans of plan.h: how to divide a call, and where in the workspace its arrays lie.
#pragma once

#include "plan.h"

namespace seqwise {

// The threads worth using for sweeps of this size, at most `available`.
int useful_workers(const Sizes& sizes, int sweeps, int available);

// The threads that a plan may count on now, and those that it would use if others did not hold
// them. The same `wanted` gives the same results to the bit, whoever is here.
struct Crew {
  int here;
  int wanted;
};

// Both set every member but division.barrier and division.tasks, which they only reset. They
// return the bytes of workspace the plan needs, and with memory == nullptr do nothing else of
// use: call twice. `memory` must be aligned to 64 bytes.
template <class Real>
std::size_t make_plan(ForwardPlan<Real>& plan, int lanes, Crew crew, char* memory);
template <class Real>
std::size_t make_plan(BackwardPlan<Real>& plan, int lanes, Crew crew, char* memory);

}  // namespace seqwise
