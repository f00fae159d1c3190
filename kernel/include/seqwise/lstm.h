// The LSTM of Keras 3: forward pass, backward pass and single step, in float and double.
//
//   z_t = (x_t * input_dropout) W + (h_{t-1} * recurrent_dropout) U + b
//   i, f, o = recurrent_activation(z_i, z_f, z_o)
//   c_t = f * c_{t-1} + i * activation(z_c)
//   h_t = o * activation(c_t)
//
// Every function is safe to call from several threads at once. Outputs may not overlap inputs
// (step() alone allows h_out == h and c_out == c). Any size may be zero; others are checked, see
// sizes.h. That each array is as large as its comment says is left to the caller.
#pragma once

#include <cstddef>
#include <cstdint>

#include "seqwise/sizes.h"

namespace seqwise {

enum class Activation : std::int32_t {
  tanh = 0,
  sigmoid = 1,
  hard_sigmoid = 2,  // relu6(x + 3) / 6, as Keras 3 defines it
  relu = 3,
  linear = 4,
};

// What the output is at a masked timestep. The state is carried over unchanged in every case.
enum class MaskedOutput : std::int32_t {
  previous_state = 0,   // h_{t-1}; before the first unmasked step that is h0 (Keras on JAX)
  previous_output = 1,  // y_{t-1}; before the first unmasked step that is zero (unrolled Keras)
  zero = 2,             // zero_output_for_mask
};

struct Options {
  Activation activation = Activation::tanh;
  Activation recurrent_activation = Activation::sigmoid;
  MaskedOutput masked_output = MaskedOutput::previous_state;
  // Timesteps are processed from the last to the first. Outputs stand in the order of
  // processing: y[:, 0] belongs to x[:, T-1].
  bool go_backwards = false;
  // 1: all gates share a dropout mask; 4: each gate has its own (Keras's implementation=1,
  // which Keras also chooses whenever recurrent dropout is used). D in the comments below.
  int dropout_masks = 1;
};

template <class Real>
struct Inputs {
  const Real* x = nullptr;                  // [B, T, F]
  const Real* W = nullptr;                  // [F, 4H]
  const Real* U = nullptr;                  // [H, 4H]
  const Real* b = nullptr;                  // [4H], or null: no bias
  const Real* h0 = nullptr;                 // [B, H], or null: zeros
  const Real* c0 = nullptr;                 // [B, H], or null: zeros
  const std::uint8_t* mask = nullptr;       // [B, T], nonzero: use the step; null: use all
  const Real* input_dropout = nullptr;      // [D, B, F] factors, already scaled, or null
  const Real* recurrent_dropout = nullptr;  // [D, B, H] factors, already scaled, or null
};

// Null members are not written.
template <class Real>
struct Outputs {
  Real* y = nullptr;     // [B, T, H] every output, in the order of processing
  Real* last = nullptr;  // [B, H] the last of these
  Real* hT = nullptr;    // [B, H] final state
  Real* cT = nullptr;    // [B, H]
};

// Gradients that flow in, one for each output. A null member counts as zeros.
template <class Real>
struct OutputGradients {
  const Real* dy = nullptr;     // [B, T, H]
  const Real* dlast = nullptr;  // [B, H]
  const Real* dhT = nullptr;    // [B, H]
  const Real* dcT = nullptr;    // [B, H]
};

// Gradients that flow out. Null members are not computed.
template <class Real>
struct InputGradients {
  Real* dx = nullptr;   // [B, T, F]
  Real* dW = nullptr;   // [F, 4H]
  Real* dU = nullptr;   // [H, 4H]
  Real* db = nullptr;   // [4H]
  Real* dh0 = nullptr;  // [B, H]
  Real* dc0 = nullptr;  // [B, H]
};

// Bytes of the buffer in which a training forward pass keeps what backward() needs.
// Forward and backward must run on the same CPU target (see target.h).
template <class Real>
std::size_t reserve_bytes(const Sizes& sizes);

// Inference when `reserve` is null, training otherwise (reserve: reserve_bytes() bytes).
template <class Real>
void forward(const Sizes& sizes, const Options& options, const Inputs<Real>& inputs,
             const Outputs<Real>& outputs, void* reserve = nullptr);

// `inputs` and `options` as they were in forward().
template <class Real>
void backward(const Sizes& sizes, const Options& options, const Inputs<Real>& inputs,
              const void* reserve, const OutputGradients<Real>& output_gradients,
              const InputGradients<Real>& gradients);

// One timestep for a stream: x [B, F], h and c [B, H]. sizes.T is not read.
template <class Real>
void step(const Sizes& sizes, const Options& options, const Real* x, const Real* W, const Real* U,
          const Real* b, const Real* h, const Real* c, Real* h_out, Real* c_out);

// One direction of a bidirectional layer.
template <class Real>
struct ForwardPass {
  Options options;
  Inputs<Real> inputs;
  Outputs<Real> outputs;
  void* reserve = nullptr;
};

template <class Real>
struct BackwardPass {
  Options options;
  Inputs<Real> inputs;
  const void* reserve = nullptr;
  OutputGradients<Real> output_gradients;
  InputGradients<Real> gradients;
};

// Both passes at the same time, each on half of the threads. The passes may share inputs but no
// output: the gradients dx of the two directions are separate arrays.
template <class Real>
void forward_bidirectional(const Sizes& sizes, const ForwardPass<Real> (&passes)[2]);
template <class Real>
void backward_bidirectional(const Sizes& sizes, const BackwardPass<Real> (&passes)[2]);

}  // namespace seqwise
