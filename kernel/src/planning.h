// Makes the plans of plan.h: how to divide a call, and where in the workspace its arrays lie.
#pragma once

#include "plan.h"

namespace seqwise {

// The threads worth using for sweeps of this size, at most `available`.
int useful_workers(const Sizes& sizes, int sweeps, int available);

// Both set every member but division.barrier and division.groups, which they only reset. They
// return the bytes of workspace the plan needs, and with memory == nullptr do nothing else of
// use: call twice. `memory` must be aligned to 64 bytes.
template <class Real>
std::size_t make_plan(ForwardPlan<Real>& plan, int lanes, int workers, char* memory);
template <class Real>
std::size_t make_plan(BackwardPlan<Real>& plan, int lanes, int workers, char* memory);

}  // namespace seqwise
