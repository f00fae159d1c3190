// The definition of every function in lstm.h, as plain loops. Slow, short, and the measure of all
// other targets.
#pragma once

#include "seqwise/lstm.h"

namespace seqwise::reference {

template <class Real>
std::size_t reserve_bytes(const Sizes& sizes);

template <class Real>
void forward(const Sizes& sizes, const Options& options, const Inputs<Real>& inputs,
             const Outputs<Real>& outputs, void* reserve);

template <class Real>
void backward(const Sizes& sizes, const Options& options, const Inputs<Real>& inputs,
              const void* reserve, const OutputGradients<Real>& output_gradients,
              const InputGradients<Real>& gradients);

}  // namespace seqwise::reference
