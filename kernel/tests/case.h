// A random configuration of the LSTM with its arrays, and the runs that tests compare.
#pragma once

#include <cmath>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "seqwise/lstm.h"

namespace seqwise::test {

using Index = std::int64_t;

// An array that starts at an address which no vector likes.
template <class Real>
class Array {
 public:
  explicit Array(Index count = 0, Real fill = 0)
      : bytes_((count + 1) * sizeof(Real)), count_(count) {
    for (Index k = 0; k < count; ++k) set(k, fill);
  }
  Real* data() { return reinterpret_cast<Real*>(bytes_.data() + kOffset); }
  const Real* data() const { return reinterpret_cast<const Real*>(bytes_.data() + kOffset); }
  Index size() const { return count_; }
  Real get(Index k) const { return data()[k]; }
  void set(Index k, Real value) { data()[k] = value; }

 private:
  static constexpr int kOffset = sizeof(Real);  // aligned for Real, and for nothing more
  std::vector<char> bytes_;
  Index count_;
};

// The options and numbers of a case, in double; casts() gives them in another precision.
struct Case {
  Sizes n;
  Options options;
  bool bias, initial, masked, input_dropout, recurrent_dropout;
  bool use_y, use_last, use_states;  // which outputs have gradients
  std::vector<double> x, W, U, b, h0, c0, xd, hd, dy, dlast, dhT, dcT;
  std::vector<std::uint8_t> mask;

  std::string text() const {
    char line[256];
    std::snprintf(line, sizeof line,
                  "B=%ld T=%ld F=%ld H=%ld act=%d rec=%d rule=%d back=%d D=%d bias=%d init=%d "
                  "mask=%d xd=%d hd=%d y=%d last=%d states=%d",
                  long(n.B), long(n.T), long(n.F), long(n.H), int(options.activation),
                  int(options.recurrent_activation), int(options.masked_output),
                  int(options.go_backwards), options.dropout_masks, bias, initial, masked,
                  input_dropout, recurrent_dropout, use_y, use_last, use_states);
    return line;
  }
};

inline Case random_case(std::mt19937& random, Sizes n) {
  const auto coin = [&] { return random() % 2 == 0; };
  const auto numbers = [&](Index count, double scale) {
    std::normal_distribution<double> normal(0, scale);
    std::vector<double> values(count);
    for (double& value : values) value = normal(random);
    return values;
  };
  const auto factors = [&](Index count) {
    std::vector<double> values(count);
    for (double& value : values) value = random() % 4 == 0 ? 0 : 1 / 0.75;
    return values;
  };
  Case c;
  c.n = n;
  c.options.activation = static_cast<Activation>(coin() ? 0 : random() % 5);
  c.options.recurrent_activation = static_cast<Activation>(coin() ? 1 : random() % 5);
  c.options.masked_output = static_cast<MaskedOutput>(random() % 3);
  c.options.go_backwards = coin();
  c.options.dropout_masks = coin() ? 4 : 1;
  c.bias = coin();
  c.initial = coin();
  c.masked = coin();
  c.input_dropout = random() % 3 == 0;
  c.recurrent_dropout = random() % 3 == 0;
  c.use_y = coin();
  c.use_last = coin();
  c.use_states = !(c.use_y || c.use_last) || coin();
  c.x = numbers(n.B * n.T * n.F, 1);
  c.W = numbers(n.F * 4 * n.H, 0.5 / std::sqrt(n.F + 1.0));
  c.U = numbers(n.H * 4 * n.H, 0.5 / std::sqrt(n.H + 1.0));
  c.b = numbers(4 * n.H, 0.5);
  c.h0 = numbers(n.B * n.H, 0.5);
  c.c0 = numbers(n.B * n.H, 0.5);
  c.xd = factors(c.options.dropout_masks * n.B * n.F);
  c.hd = factors(c.options.dropout_masks * n.B * n.H);
  c.dy = numbers(n.B * n.T * n.H, 1);
  c.dlast = numbers(n.B * n.H, 1);
  c.dhT = numbers(n.B * n.H, 1);
  c.dcT = numbers(n.B * n.H, 1);
  c.mask.resize(n.B * n.T);
  for (Index row = 0; row < n.B; ++row) {
    const int kind = random() % 5;  // right-padded, left-padded, gaps, all, none
    const Index length = random() % (n.T + 1);
    for (Index t = 0; t < n.T; ++t)
      c.mask[row * n.T + t] = kind == 0   ? t < length
                              : kind == 1 ? t >= length
                              : kind == 2 ? random() % 2
                                          : kind == 3;
  }
  return c;
}

template <class Real>
Array<Real> cast(const std::vector<double>& from) {
  Array<Real> to(from.size());
  for (Index k = 0; k < to.size(); ++k) to.set(k, static_cast<Real>(from[k]));
  return to;
}

// Every result of a case: outputs and gradients.
template <class Real>
struct Results {
  Array<Real> y, last, hT, cT, dx, dW, dU, db, dh0, dc0;

  template <class Visit>
  static void visit(Visit visit) {
    visit("y", &Results::y), visit("last", &Results::last), visit("hT", &Results::hT);
    visit("cT", &Results::cT), visit("dx", &Results::dx), visit("dW", &Results::dW);
    visit("dU", &Results::dU), visit("db", &Results::db), visit("dh0", &Results::dh0);
    visit("dc0", &Results::dc0);
  }
};

// A case in one precision: inputs, memory for the results, and the passes over them.
template <class Real>
class Run {
 public:
  explicit Run(const Case& c)
      : c_(c),
        x_(cast<Real>(c.x)),
        W_(cast<Real>(c.W)),
        U_(cast<Real>(c.U)),
        b_(cast<Real>(c.b)),
        h0_(cast<Real>(c.h0)),
        c0_(cast<Real>(c.c0)),
        xd_(cast<Real>(c.xd)),
        hd_(cast<Real>(c.hd)),
        dy_(cast<Real>(c.dy)),
        dlast_(cast<Real>(c.dlast)),
        dhT_(cast<Real>(c.dhT)),
        dcT_(cast<Real>(c.dcT)) {
    const Sizes& n = c.n;
    constexpr Real kUnset = 7777;
    r.y = Array<Real>(n.B * n.T * n.H, kUnset), r.last = Array<Real>(n.B * n.H, kUnset);
    r.hT = r.last, r.cT = r.last, r.dh0 = r.last, r.dc0 = r.last;
    r.dx = Array<Real>(n.B * n.T * n.F, kUnset), r.dW = Array<Real>(n.F * 4 * n.H, kUnset);
    r.dU = Array<Real>(n.H * 4 * n.H, kUnset), r.db = Array<Real>(4 * n.H, kUnset);
  }

  Inputs<Real> inputs() const {
    Inputs<Real> in;
    in.x = x_.data(), in.W = W_.data(), in.U = U_.data();
    if (c_.bias) in.b = b_.data();
    if (c_.initial) in.h0 = h0_.data(), in.c0 = c0_.data();
    if (c_.masked) in.mask = c_.mask.data();
    if (c_.input_dropout) in.input_dropout = xd_.data();
    if (c_.recurrent_dropout) in.recurrent_dropout = hd_.data();
    return in;
  }
  Outputs<Real> outputs() { return {r.y.data(), r.last.data(), r.hT.data(), r.cT.data()}; }
  OutputGradients<Real> output_gradients() const {
    return {c_.use_y ? dy_.data() : nullptr, c_.use_last ? dlast_.data() : nullptr,
            c_.use_states ? dhT_.data() : nullptr, c_.use_states ? dcT_.data() : nullptr};
  }
  InputGradients<Real> gradients() {
    return {r.dx.data(), r.dW.data(), r.dU.data(), r.db.data(), r.dh0.data(), r.dc0.data()};
  }

  void infer() { forward(c_.n, c_.options, inputs(), outputs()); }
  void train() {
    reserve.assign(reserve_bytes<Real>(c_.n) / sizeof(Real), 0);
    forward(c_.n, c_.options, inputs(), outputs(), reserve.data());
    backward(c_.n, c_.options, inputs(), reserve.data(), output_gradients(), gradients());
  }

  // At the start of a cache line, as frameworks lay arrays.
  class Reserve {
   public:
    void assign(std::size_t count, Real value) { memory_.assign(count + 64 / sizeof(Real), value); }
    Real* data() {
      const auto at = reinterpret_cast<std::uintptr_t>(memory_.data());
      return memory_.data() + (64 - at % 64) % 64 / sizeof(Real);
    }

   private:
    std::vector<Real> memory_;
  };

  Results<Real> r;
  Reserve reserve;

 private:
  const Case& c_;
  Array<Real> x_, W_, U_, b_, h0_, c0_, xd_, hd_, dy_, dlast_, dhT_, dcT_;
};

// The largest difference, relative to the largest number of the array (or to 1).
template <class A, class B>
double difference(const Array<A>& a, const Array<B>& b) {
  double most = 0, size = 1;
  for (Index k = 0; k < a.size(); ++k) {
    const double gap = std::fabs(double(a.get(k)) - double(b.get(k)));
    if (!(gap <= most)) most = std::isnan(gap) ? INFINITY : gap;
    size = std::fmax(size, std::fabs(double(b.get(k))));
  }
  return most / size;
}

inline int failures = 0;

inline void expect(bool good, const char* what, const std::string& where, double value = 0) {
  if (good) return;
  if (++failures <= 20) std::printf("FAILED %s (%.3g): %s\n", what, value, where.c_str());
}

}  // namespace seqwise::test
