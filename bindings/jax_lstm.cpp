// The LSTM as custom calls of XLA. The handlers keep no state and copy nothing.
#include <nanobind/nanobind.h>

#include <exception>

#include "module.h"
#include "passes.h"
#include "seqwise/pages.h"
#include "xla/ffi/api/ffi.h"

namespace nb = nanobind;
namespace ffi = xla::ffi;

namespace seqwise::bindings {
namespace {

// Hands out the buffers of a call in order; those that the bit mask leaves out are null.
class Arguments {
 public:
  explicit Arguments(ffi::RemainingArgs list) : list_(list) {}

  void take(std::int64_t present, int count, Array* to) {
    for (int k = 0; k < count; ++k) to[k] = present >> k & 1 ? next() : Array{};
  }
  ffi::AnyBuffer buffer(std::size_t k) const { return list_.get<ffi::AnyBuffer>(k).value(); }
  std::size_t taken() const { return taken_; }

 private:
  Array next() {
    const ffi::AnyBuffer found = buffer(taken_++);
    return {found.untyped_data(), static_cast<std::int64_t>(found.element_count())};
  }

  ffi::RemainingArgs list_;
  std::size_t taken_ = 0;
};

class Results {
 public:
  explicit Results(ffi::RemainingRets list) : list_(list) {}

  void take(std::int64_t present, int count, Array* to) {
    for (int k = 0; k < count; ++k) to[k] = present >> k & 1 ? next() : Array{};
  }

 private:
  Array next() {
    ffi::Result<ffi::AnyBuffer> found = list_.get<ffi::AnyBuffer>(taken_++).value();
    prefer_large_pages(found->untyped_data(), found->size_bytes());  // XLA has just allocated it
    return {found->untyped_data(), static_cast<std::int64_t>(found->element_count())};
  }

  ffi::RemainingRets list_;
  std::size_t taken_ = 0;
};

// Sizes from the shapes of x and U, the first and third buffer of a pass that starts at `first`.
Sizes sizes(const Arguments& arguments, std::size_t first) {
  const ffi::AnyBuffer x = arguments.buffer(first), U = arguments.buffer(first + 2);
  if (x.dimensions().size() != 3 || U.dimensions().size() != 2)
    throw std::invalid_argument("x must have three axes and recurrent_kernel two");
  return sizes_of(x.dimensions().begin(), U.dimensions()[0]);
}

template <class Real>
struct Forward {
  static void run(Arguments& from, Results& to, const Options& chosen, std::int64_t inputs_present,
                  std::int64_t outputs_present, int passes) {
    Array in[2 * kInputs], out[2 * kOutputs];
    Sizes n{};
    for (int k = 0; k < passes; ++k) {
      n = sizes(from, from.taken());
      from.take(inputs_present, kInputs, in + k * kInputs);
      to.take(outputs_present, kOutputs, out + k * kOutputs);
    }
    forward_passes<Real>(n, chosen, passes, in, out);
  }
};

template <class Real>
struct Backward {
  // arguments: inputs, then reserve and output gradients, of each pass
  static void run(Arguments& from, Results& to, const Options& chosen, std::int64_t present,
                  std::int64_t gradients_present, int passes) {
    Array in[2 * kInputs], gradients[2 * kOutputGradients], out[2 * kInputGradients];
    Sizes n{};
    for (int k = 0; k < passes; ++k) {
      n = sizes(from, from.taken());
      from.take(present, kInputs, in + k * kInputs);
      from.take(present >> kInputs, kOutputGradients, gradients + k * kOutputGradients);
      to.take(gradients_present, kInputGradients, out + k * kInputGradients);
    }
    backward_passes<Real>(n, chosen, passes, in, gradients, out);
  }
};

// passes: 1, or 2 for a bidirectional layer. The second runs in the opposite direction.
template <template <class> class Pass>
ffi::Error handle(ffi::RemainingArgs args, ffi::RemainingRets rets, std::int64_t activation,
                  std::int64_t recurrent_activation, std::int64_t masked_output,
                  std::int64_t go_backwards, std::int64_t dropout_masks, std::int64_t arguments,
                  std::int64_t results, std::int64_t passes) {
  try {
    Arguments from(args);
    Results to(rets);
    const Options chosen =
        options(activation, recurrent_activation, masked_output, go_backwards != 0, dropout_masks);
    const ffi::DataType kind = from.buffer(0).element_type();
    if (kind == ffi::DataType::F32) {
      Pass<float>::run(from, to, chosen, arguments, results, static_cast<int>(passes));
    } else if (kind == ffi::DataType::F64) {
      Pass<double>::run(from, to, chosen, arguments, results, static_cast<int>(passes));
    } else {
      return ffi::Error::InvalidArgument("the LSTM kernel computes in float32 and float64 only");
    }
  } catch (const std::exception& error) {
    return ffi::Error::InvalidArgument(error.what());
  }
  return ffi::Error::Success();
}

auto binding() {
  return ffi::Ffi::Bind()
      .RemainingArgs()
      .RemainingRets()
      .Attr<std::int64_t>("activation")
      .Attr<std::int64_t>("recurrent_activation")
      .Attr<std::int64_t>("masked_output")
      .Attr<std::int64_t>("go_backwards")
      .Attr<std::int64_t>("dropout_masks")
      .Attr<std::int64_t>("arguments")
      .Attr<std::int64_t>("results")
      .Attr<std::int64_t>("passes");
}

XLA_FFI_DEFINE_HANDLER(kForward, handle<Forward>, binding());
XLA_FFI_DEFINE_HANDLER(kBackward, handle<Backward>, binding());

nb::capsule capsule(XLA_FFI_Handler* handler) {
  return nb::capsule(reinterpret_cast<void*>(handler));
}

}  // namespace

void add_jax_lstm(nb::module_& module) {
  module.def("jax_forward", [] { return capsule(kForward); });
  module.def("jax_backward", [] { return capsule(kBackward); });
}

}  // namespace seqwise::bindings
