// What one call computes, with what memory, divided how. Written by plan.cpp, read by the targets;
// plain data only, because the targets' code must not share inline functions with other code.
#pragma once

#include <cstdint>

#include "pool.h"
#include "schedule.h"
#include "seqwise/lstm.h"

namespace seqwise {

// The work is divided in one of two ways:
//   by batch: each worker takes groups of sequences and computes all units; no synchronisation.
//             Backward, the groups are dealt into shares beforehand, each with sums of its own and
//             taken as a whole: rounding must not depend on which worker comes when.
//   by units: all workers compute the same group together, each some of the panels, and meet at
//             a barrier in every round. For batches too small, or weights too big, for the first.
//
// Units are computed in panels of V (the lanes of a vector register), P = ceil(H / V) of them.
// K = F + H is the length of a row [x_t | h_{t-1}], and D the number of different rows that the
// gates see: 4 where each has its own dropout mask, else 1.

// Memory for a group in flight; when divided by batch one per worker (backward: per share), one for
// all otherwise.
// R: the largest group.
template <class Real>
struct ForwardScratch {
  Real* rows[2];  // [R, D, stride] the rows [x_t | h_{t-1}] of this round and the next
  Real* inputs;   // [M, D, input_stride] the rows x_t of the rounds ahead
  Real* c;        // [P, R, V] cell state
  Real* z;        // gate sums between blocks of K: [P, M, 4V] of the rounds ahead, or those of
                  // one panel and round, [workers, R, 4V]
  Real* h;        // [R, P V] states before recurrent dropout; used where that is, or D is 4
};

template <class Real>
struct BackwardScratch {
  Real* rows;                // [M, D, stride] the rows [x_t | h_{t-1}] of the block of rounds
  Real* dz;                  // [P, M, 4V] their gate gradients
  Real* state;               // [P, R, 2, V] gradient of c, and activation(c) of the round
  Real* columns;             // [workers, R, width] gradients of h_{t-1}, by worker's units
  Real* gate_columns;        // likewise, of one gate; used only where D is 4
  Real* inputs;              // [workers, M, 4V] gradients of 4V features of the block of rounds
  std::int64_t* input_rows;  // [M] where these rows stand in x
};

struct Division {
  int workers = 1;  // that came
  int shares = 1;   // that were wanted: results depend on this number alone
  bool by_units = false;
  Barrier* barrier = nullptr;
  TaskQueue* tasks = nullptr;    // by batch: which group comes next; backward, which share
  bool streams_weights = false;  // they do not fit the second-level cache
};

template <class Real>
struct ForwardPlan {
  Sizes n;
  Options options;
  Inputs<Real> in;
  Outputs<Real> out;
  Real* reserve;         // [T, P, B, 5V] by round: gates i, f, c, o, then the cell state; or null
  bool streams_reserve;  // past the caches: it is too large for them
  Division division;
  Schedule schedule;
  int masks;  // D
  std::int64_t panels;
  std::int64_t max_rows;      // R
  std::int64_t block_rows;    // M: rows of x that are multiplied ahead of their rounds; or 0
  std::int64_t stride;        // of a row, at least F + P V
  std::int64_t input_stride;  // of a row of x, at least F
  Real* weights;              // [P, K, 4, V] W above U
  Real* bias;                 // [P, 4, V]
  ForwardScratch<Real>* scratch;
};

template <class Real>
struct BackwardPlan {
  Sizes n;
  Options options;
  Inputs<Real> in;
  const Real* reserve;
  OutputGradients<Real> from;
  InputGradients<Real> to;
  Division division;
  Schedule schedule;
  int masks;  // D
  std::int64_t panels;
  std::int64_t max_rows;    // R
  std::int64_t block_rows;  // M: rows whose gate gradients are kept before they become dW and dU
  std::int64_t stride;
  std::int64_t width;         // units of a worker, filled up to whole vectors
  std::int64_t input_width;   // features of a worker, likewise; 0 without dx
  Real* weights;              // by units: [workers, ...], each U^T and W^T in panels of 4V columns
  std::int64_t weights_size;  // of one of these
  Real* sums;                 // by batch: [shares, ...], each [P, K, 4, V] sums of dW above dU
  Real* bias_sums;            // likewise [P, 4, V]
  BackwardScratch<Real>* scratch;
};

// One timestep of a few sequences. Null states are zeros.
template <class Real>
struct StepPlan {
  Sizes n;
  Options options;
  const Real *x, *W, *U, *b, *h, *c;
  Real* h_out;  // may not be h here
  Real* c_out;
  Real* reserve;  // [P, B, 5V], or null
  Real* z;        // [workers, 4H]
  int workers;
};

template <class Real>
struct StepBackwardPlan {
  Sizes n;
  Options options;
  Inputs<Real> in;
  const Real* reserve;
  OutputGradients<Real> from;
  InputGradients<Real> to;
  Real* dz;  // [B, 4H]
  Barrier* barrier;
  int workers;
};

// What a target's translation unit provides.
template <class Real>
struct Engine {
  int lanes;  // V
  void (*forward)(const ForwardPlan<Real>&, int worker);
  void (*backward)(const BackwardPlan<Real>&, int worker);
  void (*step)(const StepPlan<Real>&, int worker);
  void (*step_backward)(const StepBackwardPlan<Real>&, int worker);
};

}  // namespace seqwise
