// The activations and their slopes, on vectors.
#pragma once

#include "seqwise/lstm.h"
#include "simd.h"

namespace seqwise::SEQWISE_NAMESPACE {

// Constants of 2^y for each precision.
template <class Real>
struct Exp2;

template <>
struct Exp2<float> {
  using Bits = std::int32_t;
  static constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  static constexpr Bits kOne = 0x3f800000;
  static constexpr int kMantissa = 23;
  static constexpr float kLimit = 126;
  // (2^r - 1) / r on [-1/2, 1/2], relative error of r times this 2.1e-8.
  static constexpr int kTerms = 6;
  static constexpr float kSeries[kTerms] = {0.693147182f,   0.240226507f,   0.0555035695f,
                                            0.00961805694f, 0.00133908668f, 0.000154614478f};
};

template <>
struct Exp2<double> {
  using Bits = std::int64_t;
  static constexpr double kRounder = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr Bits kOne = 0x3ff0000000000000;
  static constexpr int kMantissa = 52;
  static constexpr double kLimit = 1022;
  // Taylor series, ln(2)^(k+1) / (k+1)!: the first neglected term is below 1e-17.
  static constexpr int kTerms = 13;
  static constexpr double kSeries[kTerms] = {
      6.931471805599453094e-1, 2.402265069591007123e-1,  5.550410866482157995e-2,
      9.618129107628477162e-3, 1.333355814642844343e-3,  1.540353039338160995e-4,
      1.525273380405984028e-5, 1.321548679014430949e-6,  1.017808600923969973e-7,
      7.054911620801123329e-9, 4.445538271870811497e-10, 2.567843599348820514e-11,
      1.369148885390412888e-12};
};

// 2^y as scale * (1 + fraction), for y kept within [-limit, limit].
template <class Real>
struct Power {
  Vec<Real> scale, fraction;
};

template <class Real>
SEQWISE_INLINE Power<Real> exp2(Vec<Real> y, Real limit = Exp2<Real>::kLimit) {
  using E = Exp2<Real>;
  using Bits = typename E::Bits;
  typedef Bits IntVec __attribute__((vector_size(SEQWISE_VECTOR_BYTES)));
  y = at_most(at_least(y, broadcast(-limit)), broadcast(limit));
  const Vec<Real> shifted = y + E::kRounder;
  const Vec<Real> r = y - (shifted - E::kRounder);
  IntVec bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits << E::kMantissa) + E::kOne;
  Power<Real> power;
  std::memcpy(&power.scale, &bits, sizeof bits);
  // Two chains, of the even and of the odd powers: half as long to wait for as one.
  const Vec<Real> square = r * r;
  Vec<Real> even = broadcast(E::kSeries[(E::kTerms - 1) / 2 * 2]);
  Vec<Real> odd = broadcast(E::kSeries[E::kTerms / 2 * 2 - 1]);
#pragma GCC unroll 16
  for (int k = (E::kTerms - 1) / 2 * 2 - 2; k >= 0; k -= 2) even = even * square + E::kSeries[k];
#pragma GCC unroll 16
  for (int k = E::kTerms / 2 * 2 - 3; k >= 0; k -= 2) odd = odd * square + E::kSeries[k];
  power.fraction = odd * square + even * r;
  return power;
}

constexpr double kLog2E = 1.4426950408889634;

template <class Real>
SEQWISE_INLINE Vec<Real> sigmoid(Vec<Real> z) {
  const Power<Real> e = exp2<Real>(z * Real(-kLog2E));
  return Real(1) / (Real(1) + (e.scale * e.fraction + e.scale));
}

// From e^(-2z) - 1, which stays exact near zero.
template <class Real>
SEQWISE_INLINE Vec<Real> tanh(Vec<Real> z) {
  const Power<Real> e = exp2<Real>(z * Real(-2 * kLog2E));
  const Vec<Real> m = e.scale * e.fraction + (e.scale - Real(1));
  return -m / (m + Real(2));
}

// The four gates of the standard LSTM, in place of their sums. Divisions are slow, so two
// quotients share one: a / b = a d (1 / (b d)) and c / d = c b (1 / (b d)).
template <class Real>
SEQWISE_INLINE void standard_gates(Vec<Real> (&gate)[4]) {
  // The limit keeps b d finite. There a sigmoid is 0 or 1 to 18 digits.
  const auto power = [](Vec<Real> z, Real factor) { return exp2<Real>(z * factor, Real(60)); };
  const auto denominator = [&](Vec<Real> z) {
    const Power<Real> e = power(z, Real(-kLog2E));
    return e.scale * e.fraction + (e.scale + Real(1));
  };
  const Vec<Real> i = denominator(gate[0]), f = denominator(gate[1]), o = denominator(gate[3]);
  const Power<Real> e = power(gate[2], Real(-2 * kLog2E));
  const Vec<Real> m = e.scale * e.fraction + (e.scale - Real(1)), c = m + Real(2);
  const Vec<Real> first = Real(1) / (i * f), second = Real(1) / (c * o);
  gate[0] = f * first;
  gate[1] = i * first;
  gate[2] = -m * o * second;
  gate[3] = c * second;
}

template <class Real>
SEQWISE_INLINE Vec<Real> activate(Activation kind, Vec<Real> z) {
  switch (kind) {
    case Activation::tanh:
      return tanh<Real>(z);
    case Activation::sigmoid:
      return sigmoid<Real>(z);
    case Activation::hard_sigmoid:
      return at_most(at_least(z + Real(3), Vec<Real>{}), broadcast(Real(6))) / Real(6);
    case Activation::relu:
      return at_least(z, Vec<Real>{});
    case Activation::linear:
      break;
  }
  return z;
}

// The derivative, given the activation's value a.
template <class Real>
SEQWISE_INLINE Vec<Real> slope(Activation kind, Vec<Real> a) {
  const Vec<Real> zero{}, one = broadcast(Real(1));
  switch (kind) {
    case Activation::tanh:
      return one - a * a;
    case Activation::sigmoid:
      return a * (one - a);
    case Activation::hard_sigmoid:
      return (a > zero) & (a < one) ? broadcast(Real(1) / Real(6)) : zero;
    case Activation::relu:
      return a > zero ? one : zero;
    case Activation::linear:
      break;
  }
  return one;
}

// The two activations of a layer. kStandard (tanh and sigmoid) lets the compiler drop the
// choice from the inner loops.
template <class Real, bool kStandard>
struct Activations {
  explicit Activations(const Options& options)
      : state_kind(kStandard ? Activation::tanh : options.activation),
        gate_kind(kStandard ? Activation::sigmoid : options.recurrent_activation) {}

  // i, f, candidate, o in place of their sums z.
  SEQWISE_INLINE void gates(Vec<Real> (&z)[4]) const {
    if constexpr (kStandard) return standard_gates<Real>(z);
    for (int g = 0; g < 4; ++g) z[g] = g == 2 ? state(z[g]) : gate(z[g]);
  }
  SEQWISE_INLINE Vec<Real> state(Vec<Real> z) const {
    return activate<Real>(kStandard ? Activation::tanh : state_kind, z);
  }
  SEQWISE_INLINE Vec<Real> gate(Vec<Real> z) const {
    return activate<Real>(kStandard ? Activation::sigmoid : gate_kind, z);
  }
  SEQWISE_INLINE Vec<Real> state_slope(Vec<Real> a) const {
    return slope<Real>(kStandard ? Activation::tanh : state_kind, a);
  }
  SEQWISE_INLINE Vec<Real> gate_slope(Vec<Real> a) const {
    return slope<Real>(kStandard ? Activation::sigmoid : gate_kind, a);
  }

 private:
  Activation state_kind, gate_kind;
};

inline bool is_standard(const Options& options) {
  return options.activation == Activation::tanh &&
         options.recurrent_activation == Activation::sigmoid;
}

}  // namespace seqwise::SEQWISE_NAMESPACE
