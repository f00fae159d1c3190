// Times the kernel over the shapes people use. Prints one line a shape:
// name B T F H, then microseconds of inference, of training forward and of backward.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "seqwise/lstm.h"
#include "seqwise/threads.h"

namespace {

// With one thread the time of the CPU, which other processes disturb less.
struct Clock {
  static double now() {
    timespec t;
    clock_gettime(seqwise::num_threads() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return 1e6 * t.tv_sec + 1e-3 * t.tv_nsec;
  }
};

struct Shape {
  const char* name;
  seqwise::Sizes n;
};

constexpr Shape kShapes[] = {
    {"tutorial", {32, 20, 1, 50}},       {"sensors", {32, 50, 3, 128}},
    {"text-64", {64, 100, 64, 64}},      {"text-128", {64, 200, 128, 128}},
    {"long", {256, 365, 5, 256}},        {"wide", {32, 100, 64, 512}},
    {"weather", {256, 120, 7, 32}},      {"activity", {1500, 128, 9, 32}},
    {"reviews", {32, 200, 128, 64}},     {"hydrology", {256, 365, 31, 128}},
    {"characters", {64, 150, 256, 256}}, {"speech", {20, 300, 800, 800}},
    {"stream", {1, 48000, 1, 24}},
};

std::vector<float> numbers(std::int64_t count, float scale) {
  std::vector<float> values(count);
  for (float& value : values) value = scale * (std::rand() / float(RAND_MAX) - 0.5f);
  return values;
}

// Microseconds of one call: the median over calls for about `seconds`.
template <class Call>
double time(Call call, double seconds) {
  std::vector<double> times;
  call();
  const auto begin = Clock::now();
  while (times.size() < 3 || Clock::now() - begin < 1e6 * seconds) {
    const auto start = Clock::now();
    call();
    times.push_back(Clock::now() - start);
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  return times[times.size() / 2];
}

void measure(const Shape& shape, double seconds, bool ragged) {
  const seqwise::Sizes n = shape.n;
  const auto x = numbers(n.B * n.T * n.F, 2), W = numbers(n.F * 4 * n.H, 0.1f),
             U = numbers(n.H * 4 * n.H, 0.1f), b = numbers(4 * n.H, 0.1f),
             dy = numbers(n.B * n.T * n.H, 1);
  std::vector<float> y(n.B * n.T * n.H), dx(x.size()), dW(W.size()), dU(U.size()), db(b.size());
  std::vector<unsigned char> mask(n.B * n.T, 1);
  for (std::int64_t row = 0; ragged && row < n.B; ++row)
    for (std::int64_t t = n.T * (0.1 + 0.9 * (row + 0.5) / n.B); t < n.T; ++t)
      mask[row * n.T + t] = 0;
  seqwise::Inputs<float> in;
  in.x = x.data(), in.W = W.data(), in.U = U.data(), in.b = b.data();
  if (ragged) in.mask = mask.data();
  seqwise::Outputs<float> out;
  out.y = y.data();
  seqwise::OutputGradients<float> from;
  from.dy = dy.data();
  seqwise::InputGradients<float> to;
  to.dx = dx.data(), to.dW = dW.data(), to.dU = dU.data(), to.db = db.data();
  const seqwise::Options options;
  std::vector<char> reserve(seqwise::reserve_bytes<float>(n));
  const double infer = time([&] { seqwise::forward(n, options, in, out); }, seconds);
  const double forward =
      time([&] { seqwise::forward(n, options, in, out, reserve.data()); }, seconds);
  const double backward =
      time([&] { seqwise::backward(n, options, in, reserve.data(), from, to); }, seconds);
  const double flops = 8e-3 * n.B * n.T * n.H * (n.F + n.H);
  std::printf(
      "%-11s %10.1f %10.1f %10.1f   GFLOP/s infer %6.1f  forward %6.1f  backward %6.1f  train "
      "%6.1f\n",
      shape.name, infer, forward, backward, flops / infer, flops / forward, 2 * flops / backward,
      3 * flops / (forward + backward));
  std::fflush(stdout);
}

void measure_step(double seconds) {
  const seqwise::Sizes n{1, 1, 128, 128};
  const auto x = numbers(n.F, 2), W = numbers(n.F * 4 * n.H, 0.1f),
             U = numbers(n.H * 4 * n.H, 0.1f), b = numbers(4 * n.H, 0.1f);
  std::vector<float> h(n.H), c(n.H);
  const double taken = time(
      [&] {
        for (int k = 0; k < 100; ++k)
          seqwise::step(n, {}, x.data(), W.data(), U.data(), b.data(), h.data(), c.data(), h.data(),
                        c.data());
      },
      seconds);
  std::printf("%-11s %10.2f\n", "step", taken / 100);
}

}  // namespace

// benchmark [shape, or all] [seconds per figure] [ragged]
int main(int count, char** arguments) {
  const char* which = count > 1 ? arguments[1] : "all";
  const double seconds = count > 2 ? std::atof(arguments[2]) : 0.3;
  const bool ragged = count > 3;
  for (const Shape& shape : kShapes)
    if (!std::strcmp(which, "all") || !std::strcmp(which, shape.name))
      measure(shape, seconds, ragged);
  if (!std::strcmp(which, "all") || !std::strcmp(which, "step")) measure_step(seconds);
}
