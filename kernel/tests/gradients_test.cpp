// The reference's gradients against finite differences in double.
#include "case.h"
#include "seqwise/target.h"

namespace seqwise::test {
namespace {

// The sum of all outputs, each weighted with its gradient: backward() returns its derivatives.
double objective(const Case& c) {
  Run<double> run(c);
  run.infer();
  const OutputGradients<double> weights = run.output_gradients();
  double sum = 0;
  const auto add = [&](const Array<double>& values, const double* gradient) {
    for (Index k = 0; gradient && k < values.size(); ++k) sum += values.get(k) * gradient[k];
  };
  add(run.r.y, weights.dy);
  add(run.r.last, weights.dlast);
  add(run.r.hT, weights.dhT);
  add(run.r.cT, weights.dcT);
  return sum;
}

void check(std::mt19937& random, Case c) {
  // Kinks have no derivative: keep to smooth activations, and test the others elsewhere.
  const Activation smooth[] = {Activation::tanh, Activation::sigmoid, Activation::linear};
  c.options.activation = smooth[random() % 3];
  c.options.recurrent_activation = smooth[random() % 2];
  Run<double> run(c);
  run.train();
  const auto compare = [&](const char* name, std::vector<double>& values,
                           const Array<double>& gradient) {
    for (int trial = 0; trial < 4 && !values.empty(); ++trial) {
      const Index k = random() % values.size();
      const double value = values[k], step = 1e-5;
      const auto at = [&](double offset) {
        values[k] = value + offset;
        return objective(c);
      };
      // Fourth order, so that truncation is far below the tolerance.
      const double slope =
          (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step);
      values[k] = value;
      const double gap = std::fabs(slope - gradient.get(k)) / std::fmax(1, std::fabs(slope));
      expect(gap < 1e-6, name, c.text(), gap);
    }
  };
  compare("dx", c.x, run.r.dx);
  compare("dW", c.W, run.r.dW);
  compare("dU", c.U, run.r.dU);
  if (c.bias) compare("db", c.b, run.r.db);
  if (c.initial) compare("dh0", c.h0, run.r.dh0);
  if (c.initial) compare("dc0", c.c0, run.r.dc0);
}

int run() {
  std::mt19937 random(7);
  for (Target target : {Target::reference, Target::portable, Target::avx2, Target::avx512}) {
    if (!set_target(target)) continue;
    for (int k = 0; k < 60; ++k) {
      const auto size = [&](Index most) { return Index(1 + random() % most); };
      check(random, random_case(random, {size(4), size(6), size(4), size(9)}));
    }
  }
  std::printf("gradients: %d failures\n", failures);
  return failures != 0;
}

}  // namespace
}  // namespace seqwise::test

int main() { return seqwise::test::run(); }
