// The LSTM on addresses, one or two passes a call: for libraries that tell the address of their
// memory in a tenth of a microsecond. The caller vouches for shapes and dtypes.
#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <cstdint>
#include <vector>

#include "module.h"
#include "passes.h"
#include "seqwise/pages.h"
#include "seqwise/threads.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace seqwise::bindings {
namespace {

using Numbers = std::vector<std::int64_t>;  // addresses (0: absent), sizes B T F H, option codes

// Groups of arrays that lie one after another for each pass.
std::vector<Array> group(const Numbers& addresses, int passes, int width, int first, int count) {
  std::vector<Array> found(passes * count);
  for (int p = 0; p < passes; ++p)
    for (int k = 0; k < count; ++k)
      if (const std::int64_t address = addresses[p * width + first + k])
        found[p * count + k] = {reinterpret_cast<void*>(address), kNotKnown};
  return found;
}

int passes_of(const Numbers& addresses, int width, const Numbers& sizes, const Numbers& codes) {
  const int passes = static_cast<int>(addresses.size()) / width;
  if (passes < 1 || passes > 2 || passes * width != static_cast<int>(addresses.size()) ||
      sizes.size() != 4 || codes.size() != 5)
    throw std::invalid_argument("expected the addresses of one or two passes, sizes and options");
  return passes;
}

Options decode(const Numbers& codes) {
  return options(codes[0], codes[1], codes[2], codes[3] != 0, codes[4]);
}

const OpenMp* g_openmp = nullptr;

// From now on calls by address run on the threads of the library that their arrays are of.
void share_threads(std::int64_t parallel, std::int64_t number, std::int64_t count,
                   std::int64_t nested) {
  static OpenMp runtime;
  runtime = {reinterpret_cast<decltype(OpenMp::parallel)>(parallel),
             reinterpret_cast<decltype(OpenMp::number)>(number),
             reinterpret_cast<decltype(OpenMp::count)>(count),
             reinterpret_cast<decltype(OpenMp::nested)>(nested)};
  g_openmp = &runtime;
  const SharedThreads noticed(g_openmp);  // a fork before the first call is seen, too
}

void forward_at(const Numbers& addresses, const Numbers& sizes, bool is_double,
                const Numbers& codes) {
  constexpr int kWidth = kInputs + kOutputs;
  const int passes = passes_of(addresses, kWidth, sizes, codes);
  const Sizes n = sizes_of(sizes.data(), sizes[3]);
  const auto in = group(addresses, passes, kWidth, 0, kInputs);
  const auto out = group(addresses, passes, kWidth, kInputs, kOutputs);
  const Options chosen = decode(codes);
  nb::gil_scoped_release released;
  const SharedThreads shared(g_openmp);
  const std::size_t bytes = is_double ? sizeof(double) : sizeof(float);
  const std::size_t kept = is_double ? reserve_bytes<double>(n) : reserve_bytes<float>(n);
  for (int p = 0; p < passes; ++p) {  // new memory
    prefer_large_pages(out[p * kOutputs].data, n.B * n.T * n.H * bytes);
    prefer_large_pages(out[p * kOutputs + 4].data, kept);
  }
  is_double ? forward_passes<double>(n, chosen, passes, in.data(), out.data())
            : forward_passes<float>(n, chosen, passes, in.data(), out.data());
}

void backward_at(const Numbers& addresses, const Numbers& sizes, bool is_double,
                 const Numbers& codes) {
  constexpr int kWidth = kInputs + kOutputGradients + kInputGradients;
  const int passes = passes_of(addresses, kWidth, sizes, codes);
  const Sizes n = sizes_of(sizes.data(), sizes[3]);
  const auto in = group(addresses, passes, kWidth, 0, kInputs);
  const auto from = group(addresses, passes, kWidth, kInputs, kOutputGradients);
  const auto to = group(addresses, passes, kWidth, kInputs + kOutputGradients, kInputGradients);
  const Options chosen = decode(codes);
  nb::gil_scoped_release released;
  const SharedThreads shared(g_openmp);
  const std::size_t bytes = is_double ? sizeof(double) : sizeof(float);
  for (int p = 0; p < passes; ++p)
    prefer_large_pages(to[p * kInputGradients].data, n.B * n.T * n.F * bytes);
  is_double ? backward_passes<double>(n, chosen, passes, in.data(), from.data(), to.data())
            : backward_passes<float>(n, chosen, passes, in.data(), from.data(), to.data());
}

}  // namespace

void add_address_lstm(nb::module_& module) {
  module.def(
      "share_threads", &share_threads, "parallel"_a, "number"_a, "count"_a, "nested"_a,
      "Has forward_at and backward_at run on an OpenMP runtime's threads, by the addresses of "
      "GOMP_parallel, omp_get_thread_num, omp_get_num_threads and omp_in_parallel.");
  module.def("forward_at", &forward_at, "addresses"_a, "sizes"_a, "is_double"_a, "options"_a);
  module.def("backward_at", &backward_at, "addresses"_a, "sizes"_a, "is_double"_a, "options"_a);
}

}  // namespace seqwise::bindings
