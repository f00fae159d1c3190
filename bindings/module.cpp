#include "module.h"

#include <nanobind/stl/string.h>

#include "seqwise/lstm.h"
#include "seqwise/pages.h"
#include "seqwise/target.h"
#include "seqwise/threads.h"

namespace nb = nanobind;
using namespace nb::literals;

NB_MODULE(_kernel, module) {
  module.doc() = "The fused LSTM kernel. Use seqwise.ops, which checks arguments.";
  module.def("num_threads", &seqwise::num_threads, "Threads a call may use.");
  module.def("set_num_threads", &seqwise::set_num_threads, "count"_a,
             "Sets the threads a call may use; 0 restores the default.");
  module.def(
      "target", [] { return std::string(seqwise::name(seqwise::current_target())); },
      "The CPU target in use: reference, portable, avx2 or avx512.");
  module.def("keep_freed_memory", &seqwise::keep_freed_memory,
             "Has the C library keep freed memory for the next arrays; see "
             "kernel/include/seqwise/pages.h.");
  module.def(
      "reserve_size",
      [](std::int64_t B, std::int64_t T, std::int64_t F, std::int64_t H, bool is_double) {
        const seqwise::Sizes n{B, T, F, H};
        return is_double ? seqwise::reserve_bytes<double>(n) / sizeof(double)
                         : seqwise::reserve_bytes<float>(n) / sizeof(float);
      },
      "batch"_a, "timesteps"_a, "features"_a, "units"_a, "is_double"_a,
      "Numbers that a training forward pass keeps for the backward pass.");
  seqwise::bindings::add_numpy_lstm(module);
  seqwise::bindings::add_address_lstm(module);
  seqwise::bindings::add_jax_lstm(module);
}
