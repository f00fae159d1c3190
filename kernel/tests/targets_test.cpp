// Every target against the reference, over random configurations that mix every option.
#include <cstdlib>

#include "case.h"
#include "seqwise/target.h"
#include "seqwise/threads.h"

namespace seqwise::test {
namespace {

// Copies of one case agree with the reference in double.
template <class Real>
void compare(const Case& c, const Results<double>& truth, double tolerance,
             const std::string& where) {
  Run<Real> run(c);
  run.infer();
  const Array<Real> y = run.r.y, last = run.r.last, hT = run.r.hT, cT = run.r.cT;
  run.train();
  expect(difference(y, run.r.y) == 0 && difference(last, run.r.last) == 0 &&
             difference(hT, run.r.hT) == 0 && difference(cT, run.r.cT) == 0,
         "inference equals training", where);
  Results<Real>::visit([&](const char* name, auto member) {
    double gap = 0;
    Results<double>::visit([&](const char* other, auto truth_member) {
      if (std::string(name) == other) gap = difference(run.r.*member, truth.*truth_member);
    });
    expect(gap <= tolerance, name, where, gap);
  });
}

template <class Real>
void compare_step(const Case& c, double tolerance, const std::string& where) {
  if (c.n.T < 1) return;
  Case one = c;
  one.n.T = 1;
  one.x.resize(c.n.B * c.n.F);
  one.initial = true;
  one.masked = one.input_dropout = one.recurrent_dropout = one.options.go_backwards = false;
  const Target target = current_target();
  set_target(Target::reference);
  Run<double> truth(one);
  truth.infer();
  set_target(target);
  Run<Real> run(one);
  const Inputs<Real> in = run.inputs();
  Array<Real> h = cast<Real>(c.h0), cell = cast<Real>(c.c0);
  step(one.n, one.options, in.x, in.W, in.U, in.b, h.data(), cell.data(), h.data(), cell.data());
  expect(difference(h, truth.r.hT) <= tolerance, "step h", where, difference(h, truth.r.hT));
  expect(difference(cell, truth.r.cT) <= tolerance, "step c", where, difference(cell, truth.r.cT));
}

// The two directions of a bidirectional layer give what each gives alone, to the bit.
template <class Real>
void compare_bidirectional(const Case& c, const std::string& where) {
  Case back = c;
  back.options.go_backwards = !c.options.go_backwards;
  Run<Real> alone[2] = {Run<Real>(c), Run<Real>(back)}, both[2] = {Run<Real>(c), Run<Real>(back)};
  ForwardPass<Real> passes[2];
  BackwardPass<Real> returns[2];
  for (int k = 0; k < 2; ++k) {
    alone[k].train();
    both[k].reserve.assign(reserve_bytes<Real>(c.n) / sizeof(Real), 0);
    const Options& options = k ? back.options : c.options;
    passes[k] = {options, both[k].inputs(), both[k].outputs(), both[k].reserve.data()};
    returns[k] = {options, both[k].inputs(), both[k].reserve.data(), both[k].output_gradients(),
                  both[k].gradients()};
  }
  forward_bidirectional(c.n, passes);
  backward_bidirectional(c.n, returns);
  for (int k = 0; k < 2; ++k)
    Results<Real>::visit([&](const char* name, auto member) {
      // Sums over the batch depend on how it was divided.
      const double gap = difference(both[k].r.*member, alone[k].r.*member);
      expect(gap <= (sizeof(Real) == 4 ? 2e-6 : 1e-14), name, where + " (bidirectional)", gap);
    });
}

void check_case(std::mt19937& random, Sizes n) {
  const Case c = random_case(random, n);
  // The weights and inputs that a float run sees, exactly.
  Case rounded = c;
  for (auto* values :
       {&rounded.x, &rounded.W, &rounded.U, &rounded.b, &rounded.h0, &rounded.c0, &rounded.xd,
        &rounded.hd, &rounded.dy, &rounded.dlast, &rounded.dhT, &rounded.dcT})
    for (double& value : *values) value = static_cast<float>(value);
  set_target(Target::reference);
  Run<double> truth(rounded);
  truth.train();
  for (Target target : {Target::portable, Target::avx2, Target::avx512}) {
    if (!set_target(target)) continue;
    for (int threads : {1, 2, 3}) {
      set_num_threads(threads);
      const std::string where =
          std::string(name(target)) + " threads=" + std::to_string(threads) + " " + c.text();
      compare<float>(rounded, truth.r, 4e-5, where + " float");
      compare<double>(rounded, truth.r, 1e-13, where + " double");
      compare_step<float>(rounded, 1e-5, where);
      compare_step<double>(rounded, 1e-13, where);
      if (threads > 1) compare_bidirectional<float>(rounded, where);
    }
  }
}

int run(int cases) {
  std::mt19937 random(20240);
  for (Index B : {0, 1, 2})
    for (Index T : {0, 1, 2})
      for (Index F : {0, 1, 2})
        for (Index H : {0, 1, 2}) check_case(random, {B, T, F, H});
  const auto size = [&](Index most) { return Index(1 + random() % most); };
  for (int k = 0; k < cases; ++k)
    check_case(random, {size(k % 4 ? 9 : 70), size(k % 3 ? 12 : 40), size(k % 5 ? 10 : 300),
                        size(k % 6 ? 40 : 130)});
  // Single steps.
  for (int k = 0; k < 12; ++k) check_case(random, {size(5), 1, size(200), size(150)});
  // Large enough for workers to share, by batch and by units.
  check_case(random, {150, 9, 5, 64});
  check_case(random, {1, 12, 300, 250});
  check_case(random, {6, 5, 100, 200});
  check_case(random, {17, 4, 400, 300});
  // What is kept for the backward pass is too large for the caches.
  check_case(random, {300, 64, 3, 30});
  std::printf("targets: %d random cases, %d failures\n", cases, failures);
  return failures != 0;
}

}  // namespace
}  // namespace seqwise::test

int main(int count, char** arguments) {
  return seqwise::test::run(count > 1 ? std::atoi(arguments[1]) : 150);
}
