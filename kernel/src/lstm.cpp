// The public functions: they choose the engine, make the plan and start the team.
#include "seqwise/lstm.h"

#include <algorithm>
#include <utility>

#include "planning.h"
#include "reference.h"
#include "seqwise/target.h"
#include "seqwise/threads.h"
#include "targets.h"

namespace seqwise {
namespace {

template <class Real>
Engine<Real> engine() {
#ifdef SEQWISE_X86
  if (current_target() == Target::avx512) return avx512::engine<Real>();
  if (current_target() == Target::avx2) return avx2::engine<Real>();
#endif
  return portable::engine<Real>();
}

bool by_definition() { return current_target() == Target::reference; }

template <class Real>
void zero(Real* array, std::int64_t count) {
  if (array) std::fill_n(array, count, Real(0));
}

// Runs one or two plans on a team, dividing its members between them.
template <class Plan>
struct Job {
  void (*work)(const Plan&, int);
  Plan* plans[2];
  int members[2];

  static void enter(void* context, int worker) {
    const Job& job = *static_cast<Job*>(context);
    if (worker < job.members[0]) {
      job.work(*job.plans[0], worker);
    } else if (worker - job.members[0] < job.members[1]) {
      job.work(*job.plans[1], worker - job.members[0]);
    }
  }
};

template <class Real, class Plan>
void run_plans(Plan* plans, int count, void (*work)(const Plan&, int), int lanes) {
  Barrier barriers[2];
  TaskQueue queues[2];
  const int wanted = useful_workers(plans[0].n, count, num_threads());
  Team team(wanted);
  const bool together = count == 2 && team.size() > 1;
  const auto halves = [count](int all) {
    const bool divided = count == 2 && all > 1;
    return std::pair(divided ? all / 2 : all, divided ? all - all / 2 : all);
  };
  const auto [wanted_0, wanted_1] = halves(wanted);
  const auto [here_0, here_1] = halves(team.size());
  const Crew crews[2] = {{here_0, wanted_0}, {here_1, wanted_1}};

  std::size_t bytes[2] = {0, 0};
  for (int k = 0; k < count; ++k) {
    plans[k].division.barrier = &barriers[k];
    plans[k].division.tasks = &queues[k];
    bytes[k] = make_plan(plans[k], lanes, crews[k], nullptr);
  }
  const Workspace workspace(bytes[0] + bytes[1]);
  for (int k = 0; k < count; ++k)
    make_plan(plans[k], lanes, crews[k], workspace.data() + (k ? bytes[0] : 0));

  if (together) {
    Job<Plan> job{work, {&plans[0], &plans[1]}, {here_0, here_1}};
    team.run(&Job<Plan>::enter, &job);
  } else {
    for (int k = 0; k < count; ++k) {
      Job<Plan> job{work, {&plans[k], nullptr}, {crews[k].here, 0}};
      team.run(&Job<Plan>::enter, &job);
    }
  }
}

// A step of a few sequences is computed from the unpacked weights: for more, packing pays.
template <class Real>
bool is_step(const Sizes& n, const Inputs<Real>& in) {
  constexpr std::int64_t kMostSequences = 4;
  return n.T == 1 && n.B <= kMostSequences && !in.mask && !in.input_dropout &&
         !in.recurrent_dropout && !by_definition();
}

int step_workers(const Sizes& n) {
  constexpr std::int64_t kWeightsPerWorker = 32 * 1024;
  return static_cast<int>(
      std::min<std::int64_t>(num_threads(), 4 * n.H * (n.F + n.H) / kWeightsPerWorker));
}

template <class Real>
void run_step(const Sizes& n, const Options& options, const Inputs<Real>& in,
              const Outputs<Real>& out, void* reserve) {
  const Workspace workspace((2 * n.B * n.H + num_threads() * 4 * n.H) * sizeof(Real));
  Real* h = reinterpret_cast<Real*>(workspace.data());
  Real* c = h + n.B * n.H;
  Team team(step_workers(n), Team::Wake::if_awake);
  StepPlan<Real> plan{n,
                      options,
                      in.x,
                      in.W,
                      in.U,
                      in.b,
                      in.h0,
                      in.c0,
                      h,
                      out.cT ? out.cT : c,
                      static_cast<Real*>(reserve),
                      c + n.B * n.H,
                      team.size()};
  Job<StepPlan<Real>> job{engine<Real>().step, {&plan, nullptr}, {team.size(), 0}};
  team.run(&Job<StepPlan<Real>>::enter, &job);
  for (Real* to : {out.y, out.last, out.hT})
    if (to) std::copy_n(h, n.B * n.H, to);
}

template <class Real>
void run_step_backward(const Sizes& n, const BackwardPass<Real>& pass) {
  const Workspace workspace(n.B * 4 * n.H * sizeof(Real));
  Team team(step_workers(n), Team::Wake::if_awake);
  Barrier barrier;
  barrier.reset(team.size());
  StepBackwardPlan<Real> plan{n,
                              pass.options,
                              pass.inputs,
                              static_cast<const Real*>(pass.reserve),
                              pass.output_gradients,
                              pass.gradients,
                              reinterpret_cast<Real*>(workspace.data()),
                              &barrier,
                              team.size()};
  Job<StepBackwardPlan<Real>> job{engine<Real>().step_backward, {&plan, nullptr}, {team.size(), 0}};
  team.run(&Job<StepBackwardPlan<Real>>::enter, &job);
}

template <class Real>
void run_forward(const Sizes& n, const ForwardPass<Real>* passes, int count) {
  check(n);
  if (n.B == 0 || n.H == 0) return;
  if (by_definition()) {
    for (int k = 0; k < count; ++k)
      reference::forward(n, passes[k].options, passes[k].inputs, passes[k].outputs,
                         passes[k].reserve);
    return;
  }
  if (is_step(n, passes[0].inputs)) {
    for (int k = 0; k < count; ++k)
      run_step(n, passes[k].options, passes[k].inputs, passes[k].outputs, passes[k].reserve);
    return;
  }
  ForwardPlan<Real> plans[2] = {};
  for (int k = 0; k < count; ++k) {
    plans[k].n = n;
    plans[k].options = passes[k].options;
    plans[k].in = passes[k].inputs;
    plans[k].out = passes[k].outputs;
    plans[k].reserve = static_cast<Real*>(passes[k].reserve);
  }
  const Engine<Real> chosen = engine<Real>();
  run_plans<Real>(plans, count, chosen.forward, chosen.lanes);
}

template <class Real>
void run_backward(const Sizes& n, const BackwardPass<Real>* passes, int count) {
  check(n);
  if (n.B == 0 || n.H == 0) {
    for (int k = 0; k < count; ++k) {
      const InputGradients<Real>& to = passes[k].gradients;
      zero(to.dx, n.B * n.T * n.F);
      zero(to.dW, n.F * 4 * n.H);
      zero(to.dU, n.H * 4 * n.H);
      zero(to.db, 4 * n.H);
    }
    return;
  }
  if (by_definition()) {
    for (int k = 0; k < count; ++k)
      reference::backward(n, passes[k].options, passes[k].inputs, passes[k].reserve,
                          passes[k].output_gradients, passes[k].gradients);
    return;
  }
  if (is_step(n, passes[0].inputs)) {
    for (int k = 0; k < count; ++k) run_step_backward(n, passes[k]);
    return;
  }
  BackwardPlan<Real> plans[2] = {};
  for (int k = 0; k < count; ++k) {
    plans[k].n = n;
    plans[k].options = passes[k].options;
    plans[k].in = passes[k].inputs;
    plans[k].reserve = static_cast<const Real*>(passes[k].reserve);
    plans[k].from = passes[k].output_gradients;
    plans[k].to = passes[k].gradients;
  }
  const Engine<Real> chosen = engine<Real>();
  run_plans<Real>(plans, count, chosen.backward, chosen.lanes);
}

}  // namespace

template <class Real>
std::size_t reserve_bytes(const Sizes& n) {
  check(n);
  if (by_definition()) return reference::reserve_bytes<Real>(n);
  const std::size_t lanes = engine<Real>().lanes, panels = (n.H + lanes - 1) / lanes;
  return static_cast<std::size_t>(n.T) * n.B * panels * 5 * lanes * sizeof(Real);
}

template <class Real>
void forward(const Sizes& sizes, const Options& options, const Inputs<Real>& inputs,
             const Outputs<Real>& outputs, void* reserve) {
  const ForwardPass<Real> pass{options, inputs, outputs, reserve};
  run_forward(sizes, &pass, 1);
}

template <class Real>
void backward(const Sizes& sizes, const Options& options, const Inputs<Real>& inputs,
              const void* reserve, const OutputGradients<Real>& output_gradients,
              const InputGradients<Real>& gradients) {
  const BackwardPass<Real> pass{options, inputs, reserve, output_gradients, gradients};
  run_backward(sizes, &pass, 1);
}

template <class Real>
void forward_bidirectional(const Sizes& sizes, const ForwardPass<Real> (&passes)[2]) {
  run_forward(sizes, passes, 2);
}

template <class Real>
void backward_bidirectional(const Sizes& sizes, const BackwardPass<Real> (&passes)[2]) {
  run_backward(sizes, passes, 2);
}

template <class Real>
void step(const Sizes& n, const Options& options, const Real* x, const Real* W, const Real* U,
          const Real* b, const Real* h, const Real* c, Real* h_out, Real* c_out) {
  Inputs<Real> inputs;
  inputs.x = x;
  inputs.W = W;
  inputs.U = U;
  inputs.b = b;
  inputs.h0 = h;
  inputs.c0 = c;
  Outputs<Real> outputs;
  outputs.hT = h_out;
  outputs.cT = c_out;
  Options one = options;
  one.go_backwards = false;
  forward({n.B, 1, n.F, n.H}, one, inputs, outputs);
}

#define INSTANTIATE(Real)                                                                       \
  template std::size_t reserve_bytes<Real>(const Sizes&);                                       \
  template void forward<Real>(const Sizes&, const Options&, const Inputs<Real>&,                \
                              const Outputs<Real>&, void*);                                     \
  template void backward<Real>(const Sizes&, const Options&, const Inputs<Real>&, const void*,  \
                               const OutputGradients<Real>&, const InputGradients<Real>&);      \
  template void step<Real>(const Sizes&, const Options&, const Real*, const Real*, const Real*, \
                           const Real*, const Real*, const Real*, Real*, Real*);                \
  template void forward_bidirectional<Real>(const Sizes&, const ForwardPass<Real>(&)[2]);       \
  template void backward_bidirectional<Real>(const Sizes&, const BackwardPass<Real>(&)[2]);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace seqwise
