// How the arrays of a pass travel through a call: as a list in a fixed order, from which absent
// ones are left out; a bit mask says which are present. The orders are the same in Python
// (seqwise/ops/arguments.py).
//
//   inputs             x W U b h0 c0 mask input_dropout recurrent_dropout
//   outputs            y last hT cT reserve
//   output gradients   reserve dy dlast dhT dcT
//   input gradients    dx dW dU db dh0 dc0
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "seqwise/lstm.h"

namespace seqwise::bindings {

constexpr int kInputs = 9, kOutputs = 5, kOutputGradients = 5, kInputGradients = 6;

constexpr std::int64_t kNotKnown = -1;

struct Array {
  Array() = default;  // absent
  Array(void* data, std::int64_t count) : data(data), count(count), present(true) {}

  void* data = nullptr;    // may be null where the array is empty
  std::int64_t count = 0;  // numbers, or kNotKnown
  bool present = false;
};

inline Sizes sizes_of(const std::int64_t* x_shape, std::int64_t units) {
  const Sizes n{x_shape[0], x_shape[1], x_shape[2], units};
  check(n);
  return n;
}

template <class Real>
Real* checked(const Array& array, std::int64_t count, const char* name, bool needed = false) {
  if (array.present && array.count != kNotKnown && array.count != count)
    throw std::invalid_argument("The LSTM kernel expected " + std::to_string(count) +
                                " numbers in `" + name + "` and received " +
                                std::to_string(array.count) + ".");
  if ((array.present || needed) && !array.data && count > 0)
    throw std::invalid_argument("The LSTM kernel expected " + std::to_string(count) +
                                " numbers in `" + name + "` and received none.");
  return static_cast<Real*>(array.data);
}

template <class Real>
Inputs<Real> inputs(const Sizes& n, const Options& options, const Array* a) {
  const std::int64_t D = options.dropout_masks;
  Inputs<Real> in;
  in.x = checked<Real>(a[0], n.B * n.T * n.F, "x", true);
  in.W = checked<Real>(a[1], n.F * 4 * n.H, "kernel", true);
  in.U = checked<Real>(a[2], n.H * 4 * n.H, "recurrent_kernel", true);
  in.b = checked<Real>(a[3], 4 * n.H, "bias");
  in.h0 = checked<Real>(a[4], n.B * n.H, "h0");
  in.c0 = checked<Real>(a[5], n.B * n.H, "c0");
  in.mask = checked<std::uint8_t>(a[6], n.B * n.T, "mask");
  in.input_dropout = checked<Real>(a[7], D * n.B * n.F, "input_dropout");
  in.recurrent_dropout = checked<Real>(a[8], D * n.B * n.H, "recurrent_dropout");
  return in;
}

template <class Real>
Outputs<Real> outputs(const Sizes& n, const Array* a) {
  Outputs<Real> out;
  out.y = checked<Real>(a[0], n.B * n.T * n.H, "y");
  out.last = checked<Real>(a[1], n.B * n.H, "last");
  out.hT = checked<Real>(a[2], n.B * n.H, "hT");
  out.cT = checked<Real>(a[3], n.B * n.H, "cT");
  return out;
}

template <class Real>
void* reserve(const Sizes& n, const Array& a) {
  return checked<Real>(a, reserve_bytes<Real>(n) / sizeof(Real), "reserve");
}

template <class Real>
OutputGradients<Real> output_gradients(const Sizes& n, const Array* a) {
  OutputGradients<Real> from;
  from.dy = checked<Real>(a[1], n.B * n.T * n.H, "dy");
  from.dlast = checked<Real>(a[2], n.B * n.H, "dlast");
  from.dhT = checked<Real>(a[3], n.B * n.H, "dhT");
  from.dcT = checked<Real>(a[4], n.B * n.H, "dcT");
  return from;
}

template <class Real>
InputGradients<Real> input_gradients(const Sizes& n, const Array* a) {
  InputGradients<Real> to;
  to.dx = checked<Real>(a[0], n.B * n.T * n.F, "dx");
  to.dW = checked<Real>(a[1], n.F * 4 * n.H, "dkernel");
  to.dU = checked<Real>(a[2], n.H * 4 * n.H, "drecurrent_kernel");
  to.db = checked<Real>(a[3], 4 * n.H, "dbias");
  to.dh0 = checked<Real>(a[4], n.B * n.H, "dh0");
  to.dc0 = checked<Real>(a[5], n.B * n.H, "dc0");
  return to;
}

inline Options options(std::int64_t activation, std::int64_t recurrent_activation,
                       std::int64_t masked_output, bool go_backwards, std::int64_t dropout_masks) {
  const auto within = [](std::int64_t code, std::int64_t last) {
    return 0 <= code && code <= last;
  };
  if (!within(activation, 4) || !within(recurrent_activation, 4) || !within(masked_output, 2) ||
      (dropout_masks != 1 && dropout_masks != 4))
    throw std::invalid_argument("The LSTM kernel was given an option that it does not have.");
  Options chosen;
  chosen.activation = static_cast<Activation>(activation);
  chosen.recurrent_activation = static_cast<Activation>(recurrent_activation);
  chosen.masked_output = static_cast<MaskedOutput>(masked_output);
  chosen.go_backwards = go_backwards;
  chosen.dropout_masks = static_cast<int>(dropout_masks);
  return chosen;
}

}  // namespace seqwise::bindings
