// Running one pass, or the two of a bidirectional layer, on the arrays of a call.
#pragma once

#include "arguments.h"

namespace seqwise::bindings {

// The second of two passes runs in the opposite direction.
inline Options options_of_pass(const Options& first, int pass) {
  Options chosen = first;
  if (pass == 1) chosen.go_backwards = !first.go_backwards;
  return chosen;
}

// in: [passes, kInputs]; out: [passes, kOutputs]
template <class Real>
void forward_passes(const Sizes& n, const Options& first, int passes, const Array* in,
                    const Array* out) {
  ForwardPass<Real> pass[2];
  for (int k = 0; k < passes; ++k) {
    pass[k].options = options_of_pass(first, k);
    pass[k].inputs = inputs<Real>(n, first, in + k * kInputs);
    pass[k].outputs = outputs<Real>(n, out + k * kOutputs);
    pass[k].reserve = reserve<Real>(n, out[k * kOutputs + 4]);
  }
  if (passes == 2) {
    forward_bidirectional(n, pass);
  } else {
    forward(n, pass[0].options, pass[0].inputs, pass[0].outputs, pass[0].reserve);
  }
}

// in: [passes, kInputs]; from: [passes, kOutputGradients]; to: [passes, kInputGradients]
template <class Real>
void backward_passes(const Sizes& n, const Options& first, int passes, const Array* in,
                     const Array* from, const Array* to) {
  BackwardPass<Real> pass[2];
  for (int k = 0; k < passes; ++k) {
    pass[k].options = options_of_pass(first, k);
    pass[k].inputs = inputs<Real>(n, first, in + k * kInputs);
    pass[k].reserve = reserve<Real>(n, from[k * kOutputGradients]);
    if (!pass[k].reserve && n.B * n.T * n.H > 0)
      throw std::invalid_argument("backward needs a reserve");
    pass[k].output_gradients = output_gradients<Real>(n, from + k * kOutputGradients);
    pass[k].gradients = input_gradients<Real>(n, to + k * kInputGradients);
  }
  if (passes == 2) {
    backward_bidirectional(n, pass);
  } else {
    backward(n, pass[0].options, pass[0].inputs, pass[0].reserve, pass[0].output_gradients,
             pass[0].gradients);
  }
}

}  // namespace seqwise::bindings
