#include "reference.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace seqwise::reference {
namespace {

template <class Real>
Real activate(Activation kind, Real z) {
  switch (kind) {
    case Activation::tanh:
      return std::tanh(z);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-z));
    case Activation::hard_sigmoid:
      return std::min(std::max(z + 3, Real(0)), Real(6)) / 6;
    case Activation::relu:
      return std::max(z, Real(0));
    case Activation::linear:
      break;
  }
  return z;
}

// The derivative, given the activation's value a (not its argument).
template <class Real>
Real slope(Activation kind, Real a) {
  switch (kind) {
    case Activation::tanh:
      return 1 - a * a;
    case Activation::sigmoid:
      return a * (1 - a);
    case Activation::hard_sigmoid:
      return a > 0 && a < 1 ? Real(1) / 6 : Real(0);
    case Activation::relu:
      return a > 0 ? Real(1) : Real(0);
    case Activation::linear:
      break;
  }
  return 1;
}

// One sequence of the batch: where its rows begin, and in which order its steps run.
template <class Real>
struct Sequence {
  const Sizes& n;
  const Options& options;
  const Inputs<Real>& in;
  std::int64_t row;

  std::int64_t time(std::int64_t step) const {
    return options.go_backwards ? n.T - 1 - step : step;
  }
  bool masked(std::int64_t step) const { return in.mask && !in.mask[row * n.T + time(step)]; }
  const Real* x(std::int64_t step) const { return in.x + (row * n.T + time(step)) * n.F; }
  // The dropout factor on feature (or unit) k as gate g sees it.
  Real input_factor(int g, std::int64_t k) const { return factor(in.input_dropout, n.F, g, k); }
  Real state_factor(int g, std::int64_t k) const { return factor(in.recurrent_dropout, n.H, g, k); }

 private:
  Real factor(const Real* factors, std::int64_t width, int g, std::int64_t k) const {
    if (!factors) return 1;
    const int d = options.dropout_masks == 4 ? g : 0;
    return factors[(d * n.B + row) * width + k];
  }
};

// What the training forward pass keeps for a sequence, state before the first step included.
template <class Real>
struct Kept {
  Kept(const Sizes& n, void* reserve, std::int64_t row)
      : units(n.H),
        base(static_cast<Real*>(reserve) + row * ((n.T + 1) * 2 + n.T * 4) * n.H),
        steps(n.T) {}
  Real* h(std::int64_t step) const { return base + (step + 1) * units; }  // step -1: h0
  Real* c(std::int64_t step) const { return base + (steps + 1 + step + 1) * units; }
  Real* gate(std::int64_t step, int g) const {
    return base + (2 * (steps + 1) + 4 * step + g) * units;
  }

 private:
  std::int64_t units;
  Real* base;
  std::int64_t steps;
};

}  // namespace

template <class Real>
std::size_t reserve_bytes(const Sizes& n) {
  return static_cast<std::size_t>(n.B) * ((n.T + 1) * 2 + n.T * 4) * n.H * sizeof(Real);
}

template <class Real>
void forward(const Sizes& n, const Options& options, const Inputs<Real>& in,
             const Outputs<Real>& out, void* reserve) {
  const std::int64_t H = n.H;
  for (std::int64_t row = 0; row < n.B; ++row) {
    const Sequence<Real> sequence{n, options, in, row};
    std::vector<Real> h(H), c(H), y(H), gates(4 * H);
    if (in.h0) std::copy_n(in.h0 + row * H, H, h.begin());
    if (in.c0) std::copy_n(in.c0 + row * H, H, c.begin());
    const Kept<Real> kept(n, reserve, row);
    if (reserve) std::copy(h.begin(), h.end(), kept.h(-1));
    if (reserve) std::copy(c.begin(), c.end(), kept.c(-1));

    for (std::int64_t step = 0; step < n.T; ++step) {
      if (sequence.masked(step)) {
        if (options.masked_output == MaskedOutput::zero) std::fill(y.begin(), y.end(), Real(0));
        if (options.masked_output == MaskedOutput::previous_state) y = h;
      } else {
        const Real* x = sequence.x(step);
        for (int g = 0; g < 4; ++g) {
          for (std::int64_t u = 0; u < H; ++u) {
            Real z = in.b ? in.b[g * H + u] : Real(0);
            for (std::int64_t k = 0; k < n.F; ++k)
              z += x[k] * sequence.input_factor(g, k) * in.W[k * 4 * H + g * H + u];
            for (std::int64_t k = 0; k < H; ++k)
              z += h[k] * sequence.state_factor(g, k) * in.U[k * 4 * H + g * H + u];
            gates[g * H + u] =
                activate(g == 2 ? options.activation : options.recurrent_activation, z);
          }
        }
        for (std::int64_t u = 0; u < H; ++u) {
          const Real i = gates[u], f = gates[H + u], candidate = gates[2 * H + u],
                     o = gates[3 * H + u];
          c[u] = f * c[u] + i * candidate;
          h[u] = o * activate(options.activation, c[u]);
        }
        y = h;
      }
      if (out.y) std::copy(y.begin(), y.end(), out.y + (row * n.T + step) * H);
      if (reserve) {
        std::copy(h.begin(), h.end(), kept.h(step));
        std::copy(c.begin(), c.end(), kept.c(step));
        std::copy(gates.begin(), gates.end(), kept.gate(step, 0));
      }
    }
    if (out.last) std::copy(y.begin(), y.end(), out.last + row * H);
    if (out.hT) std::copy(h.begin(), h.end(), out.hT + row * H);
    if (out.cT) std::copy(c.begin(), c.end(), out.cT + row * H);
  }
}

template <class Real>
void backward(const Sizes& n, const Options& options, const Inputs<Real>& in, const void* reserve,
              const OutputGradients<Real>& from, const InputGradients<Real>& to) {
  const std::int64_t H = n.H;
  if (to.dW) std::fill_n(to.dW, n.F * 4 * H, Real(0));
  if (to.dU) std::fill_n(to.dU, H * 4 * H, Real(0));
  if (to.db) std::fill_n(to.db, 4 * H, Real(0));
  if (to.dx) std::fill_n(to.dx, n.B * n.T * n.F, Real(0));

  for (std::int64_t row = 0; row < n.B; ++row) {
    const Sequence<Real> sequence{n, options, in, row};
    const Kept<Real> kept(n, const_cast<void*>(reserve), row);
    // dh, dc: gradients of the state after the current step. dy: gradient of its output, which
    // masked steps hand on to the step before.
    std::vector<Real> dh(H), dc(H), dy(H), dz(4 * H);
    if (from.dhT) std::copy_n(from.dhT + row * H, H, dh.begin());
    if (from.dcT) std::copy_n(from.dcT + row * H, H, dc.begin());
    if (from.dlast) std::copy_n(from.dlast + row * H, H, dy.begin());

    for (std::int64_t step = n.T - 1; step >= 0; --step) {
      if (from.dy)
        for (std::int64_t u = 0; u < H; ++u) dy[u] += from.dy[(row * n.T + step) * H + u];
      if (sequence.masked(step)) {
        if (options.masked_output == MaskedOutput::previous_state)
          for (std::int64_t u = 0; u < H; ++u) dh[u] += dy[u];
        if (options.masked_output != MaskedOutput::previous_output)
          std::fill(dy.begin(), dy.end(), Real(0));
        continue;
      }
      for (std::int64_t u = 0; u < H; ++u) {
        const Real i = kept.gate(step, 0)[u], f = kept.gate(step, 1)[u],
                   candidate = kept.gate(step, 2)[u], o = kept.gate(step, 3)[u];
        const Real a = activate(options.activation, kept.c(step)[u]);
        const Real dht = dh[u] + dy[u];
        const Real dct = dc[u] + dht * o * slope(options.activation, a);
        dz[u] = dct * candidate * slope(options.recurrent_activation, i);
        dz[H + u] = dct * kept.c(step - 1)[u] * slope(options.recurrent_activation, f);
        dz[2 * H + u] = dct * i * slope(options.activation, candidate);
        dz[3 * H + u] = dht * a * slope(options.recurrent_activation, o);
        dc[u] = dct * f;
        dh[u] = dy[u] = 0;
      }
      const Real* x = sequence.x(step);
      const Real* h = kept.h(step - 1);
      for (int g = 0; g < 4; ++g) {
        for (std::int64_t u = 0; u < H; ++u) {
          const std::int64_t column = g * H + u;
          const Real d = dz[column];
          for (std::int64_t k = 0; k < n.F; ++k) {
            const Real factor = sequence.input_factor(g, k);
            if (to.dW) to.dW[k * 4 * H + column] += d * factor * x[k];
            if (to.dx)
              to.dx[(row * n.T + sequence.time(step)) * n.F + k] +=
                  d * factor * in.W[k * 4 * H + column];
          }
          for (std::int64_t k = 0; k < H; ++k) {
            const Real factor = sequence.state_factor(g, k);
            if (to.dU) to.dU[k * 4 * H + column] += d * factor * h[k];
            dh[k] += d * factor * in.U[k * 4 * H + column];
          }
          if (to.db) to.db[column] += d;
        }
      }
    }
    if (to.dh0) std::copy(dh.begin(), dh.end(), to.dh0 + row * H);
    if (to.dc0) std::copy(dc.begin(), dc.end(), to.dc0 + row * H);
  }
}

#define INSTANTIATE(Real)                                                                      \
  template std::size_t reserve_bytes<Real>(const Sizes&);                                      \
  template void forward<Real>(const Sizes&, const Options&, const Inputs<Real>&,               \
                              const Outputs<Real>&, void*);                                    \
  template void backward<Real>(const Sizes&, const Options&, const Inputs<Real>&, const void*, \
                               const OutputGradients<Real>&, const InputGradients<Real>&);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace seqwise::reference
