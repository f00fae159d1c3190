// The LSTM on NumPy arrays, and anything else that speaks DLPack. Results are written into
// arrays that the caller made, so nothing is copied or allocated here.
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "module.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace seqwise::bindings {
namespace {

using AnyArray = nb::ndarray<nb::c_contig, nb::device::cpu>;
using Arrays = std::vector<std::optional<AnyArray>>;

// The five options as lstm.h has them: activation, recurrent_activation, masked_output,
// go_backwards, dropout_masks.
using OptionCodes = std::vector<std::int64_t>;

Options decode(const OptionCodes& codes) {
  if (codes.size() != 5) throw std::invalid_argument("expected five options");
  return options(codes[0], codes[1], codes[2], codes[3] != 0, codes[4]);
}

// The shape that an array must have, and what it is called.
struct Expected {
  Expected(const char* name, std::initializer_list<std::int64_t> sizes)
      : name(name), axes(static_cast<int>(sizes.size())) {
    std::copy(sizes.begin(), sizes.end(), shape);
  }

  const char* name;
  int axes;
  std::int64_t shape[3] = {};
};

std::string text(int axes, const std::int64_t* shape) {
  std::string words = "(";
  for (int k = 0; k < axes; ++k) words += (k ? ", " : "") + std::to_string(shape[k]);
  return words + ")";
}

template <class Size>
void require_shape(const Expected& expected, std::size_t axes, const Size* shape) {
  if (static_cast<int>(axes) != expected.axes || !std::equal(shape, shape + axes, expected.shape))
    throw std::invalid_argument(
        "The LSTM kernel expected `" + std::string(expected.name) + "` of the shape " +
        text(expected.axes, expected.shape) + " and received " +
        text(static_cast<int>(axes), std::vector<std::int64_t>(shape, shape + axes).data()) + ".");
}

// Addresses of arrays. All must hold numbers of one kind, but for the mask's bytes.
std::vector<Array> arrays(const Arrays& given, const std::vector<Expected>& expected,
                          nb::dlpack::dtype kind, std::size_t mask = SIZE_MAX) {
  if (given.size() != expected.size())
    throw std::invalid_argument("expected " + std::to_string(expected.size()) + " arrays");
  std::vector<Array> found(given.size());
  for (std::size_t k = 0; k < given.size(); ++k) {
    if (!given[k]) continue;
    const bool fits = k == mask ? given[k]->itemsize() == 1 : given[k]->dtype() == kind;
    if (!fits) throw nb::type_error("all arrays must have the dtype of x, and the mask bool");
    require_shape(expected[k], given[k]->ndim(), given[k]->shape_ptr());
    found[k] = {given[k]->data(), static_cast<std::int64_t>(given[k]->size())};
  }
  return found;
}

std::vector<Expected> inputs_of(const Sizes& n, const Options& options) {
  const std::int64_t D = options.dropout_masks;
  return {{"x", {n.B, n.T, n.F}},
          {"kernel", {n.F, 4 * n.H}},
          {"recurrent_kernel", {n.H, 4 * n.H}},
          {"bias", {4 * n.H}},
          {"h0", {n.B, n.H}},
          {"c0", {n.B, n.H}},
          {"mask", {n.B, n.T}},
          {"input_dropout", {D, n.B, n.F}},
          {"recurrent_dropout", {D, n.B, n.H}}};
}

template <class Real>
Expected reserve_of(const Sizes& n) {
  return {"reserve", {static_cast<std::int64_t>(reserve_bytes<Real>(n) / sizeof(Real))}};
}

// Throws where memory that is written is read, or written twice. One output may be the very array
// that one input is, if `in_place` says which: step()'s h and c. `mask`: the one array of bytes.
template <class Real>
void require_apart(const std::vector<Array>& read, const std::vector<Array>& written,
                   const std::vector<std::size_t>& in_place = {}, std::size_t mask = SIZE_MAX) {
  const auto overlap = [](const Array& one, std::size_t itemsize, const Array& other) {
    const auto* a = static_cast<const char*>(one.data);
    const auto* b = static_cast<const char*>(other.data);
    return one.count > 0 && other.count > 0 && std::less<>()(a, b + other.count * sizeof(Real)) &&
           std::less<>()(b, a + one.count * itemsize);
  };
  for (std::size_t k = 0; k < written.size(); ++k) {
    for (std::size_t j = 0; j < read.size(); ++j) {
      const bool same = k < in_place.size() && in_place[k] == j && read[j].data == written[k].data;
      if (!same && overlap(read[j], j == mask ? 1 : sizeof(Real), written[k]))
        throw std::invalid_argument("The LSTM kernel was given an output that overlaps an input.");
    }
    for (std::size_t j = 0; j < k; ++j)
      if (overlap(written[j], sizeof(Real), written[k]))
        throw std::invalid_argument("The LSTM kernel was given two outputs that overlap.");
  }
}

Sizes sizes(const Arrays& in) {
  if (in.size() < 3 || !in[0] || !in[1] || !in[2] || in[0]->ndim() != 3 || in[2]->ndim() != 2)
    throw std::invalid_argument(
        "expected x (samples, timesteps, features), kernel and "
        "recurrent_kernel (units, 4 units)");
  return sizes_of(in[0]->shape_ptr(), in[2]->shape(0));
}

template <class Call>
void with_real(nb::dlpack::dtype kind, const Call& call) {
  if (kind == nb::dtype<float>()) return call(float());
  if (kind == nb::dtype<double>()) return call(double());
  throw nb::type_error("the LSTM kernel computes in float32 and float64 only");
}

constexpr int kMask = 6;

void run_forward(const Arrays& in, const Arrays& out, const OptionCodes& codes) {
  const Sizes n = sizes(in);
  const Options chosen = decode(codes);
  with_real(in[0]->dtype(), [&](auto zero) {
    using Real = decltype(zero);
    const auto a = arrays(in, inputs_of(n, chosen), nb::dtype<Real>(), kMask);
    const auto r = arrays(out,
                          {{"y", {n.B, n.T, n.H}},
                           {"last", {n.B, n.H}},
                           {"hT", {n.B, n.H}},
                           {"cT", {n.B, n.H}},
                           reserve_of<Real>(n)},
                          nb::dtype<Real>());
    require_apart<Real>(a, r, {}, kMask);
    const Inputs<Real> from = inputs<Real>(n, chosen, a.data());
    const Outputs<Real> to = outputs<Real>(n, r.data());
    void* kept = reserve<Real>(n, r[4]);
    nb::gil_scoped_release released;
    forward(n, chosen, from, to, kept);
  });
}

void run_backward(const Arrays& in, const Arrays& gradients, const Arrays& out,
                  const OptionCodes& codes) {
  const Sizes n = sizes(in);
  const Options chosen = decode(codes);
  with_real(in[0]->dtype(), [&](auto zero) {
    using Real = decltype(zero);
    const auto expected = inputs_of(n, chosen);
    const auto a = arrays(in, expected, nb::dtype<Real>(), kMask);
    const auto g = arrays(gradients,
                          {reserve_of<Real>(n),
                           {"dy", {n.B, n.T, n.H}},
                           {"dlast", {n.B, n.H}},
                           {"dhT", {n.B, n.H}},
                           {"dcT", {n.B, n.H}}},
                          nb::dtype<Real>());
    const auto r =
        arrays(out, {expected.begin(), expected.begin() + kInputGradients}, nb::dtype<Real>());
    require_apart<Real>(a, r, {}, kMask);
    require_apart<Real>(g, r);
    const Inputs<Real> inputs_ = inputs<Real>(n, chosen, a.data());
    const OutputGradients<Real> from = output_gradients<Real>(n, g.data());
    const InputGradients<Real> to = input_gradients<Real>(n, r.data());
    const void* kept = reserve<Real>(n, g[0]);
    if (!kept && n.B * n.T * n.H > 0) throw std::invalid_argument("backward needs a reserve");
    nb::gil_scoped_release released;
    backward(n, chosen, inputs_, kept, from, to);
  });
}

// The memory of a Python object, if it lends it as contiguous numbers of type float or double.
class Memory {
 public:
  Memory(nb::handle object, int flags) {
    held_ =
        PyObject_GetBuffer(object.ptr(), &view_, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | flags) == 0;
    if (!held_) PyErr_Clear();
  }
  ~Memory() {
    if (held_) PyBuffer_Release(&view_);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  // 'f', 'd', or 0 for anything else.
  char kind() const {
    const char* format = held_ ? view_.format : nullptr;
    if (!format || format[1] || (*format != 'f' && *format != 'd')) return 0;
    return *format;
  }
  int axes() const { return view_.ndim; }
  const Py_ssize_t* shape() const { return view_.shape; }
  Array array() const { return {view_.buf, view_.len / view_.itemsize}; }

 private:
  Py_buffer view_;
  bool held_;
};

constexpr int kStepArrays = 8;  // x [B, F], W, U, b or none, h, c, h_out, c_out

std::vector<Expected> step_arrays_of(const Sizes& n) {
  return {{"x", {n.B, n.F}},     {"kernel", {n.F, 4 * n.H}}, {"recurrent_kernel", {n.H, 4 * n.H}},
          {"bias", {4 * n.H}},   {"h", {n.B, n.H}},          {"c", {n.B, n.H}},
          {"h_out", {n.B, n.H}}, {"c_out", {n.B, n.H}}};
}

template <class Real>
void run_step(const Sizes& n, const Options& chosen, const std::vector<Array>& a) {
  require_apart<Real>({a.begin(), a.begin() + 6}, {a.begin() + 6, a.end()}, {4, 5});
  const std::int64_t counts[kStepArrays] = {n.B * n.F, n.F * 4 * n.H, n.H * 4 * n.H, 4 * n.H,
                                            n.B * n.H, n.B * n.H,     n.B * n.H,     n.B * n.H};
  Real* p[kStepArrays];
  for (int k = 0; k < kStepArrays; ++k)
    p[k] = checked<Real>(a[k], counts[k], "an array of a step", k != 3);
  nb::gil_scoped_release released;
  step<Real>(n, chosen, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
}

// A step takes microseconds, and so does the import of an array through DLPack: this way in is
// for arrays that lend their memory. False, and nothing done, if some do not.
bool run_step_in_place(nb::handle x, nb::handle W, nb::handle U, nb::handle b, nb::handle h,
                       nb::handle c, nb::handle h_out, nb::handle c_out, nb::tuple codes) {
  const Memory memory[kStepArrays] = {{x, 0},
                                      {W, 0},
                                      {U, 0},
                                      {b, 0},
                                      {h, 0},
                                      {c, 0},
                                      {h_out, PyBUF_WRITABLE},
                                      {c_out, PyBUF_WRITABLE}};
  const char kind = memory[0].kind();
  std::vector<Array> a(kStepArrays);
  for (int k = 0; k < kStepArrays; ++k) {
    if (k == 3 && b.is_none()) continue;
    if (!kind || memory[k].kind() != kind) return false;
    a[k] = memory[k].array();
  }
  if (memory[0].axes() != 2 || memory[2].axes() != 2 || codes.size() != 5) return false;
  const std::int64_t x_shape[] = {memory[0].shape()[0], 1, memory[0].shape()[1]};
  const Sizes n = sizes_of(x_shape, memory[2].shape()[0]);
  const auto expected = step_arrays_of(n);
  for (int k = 0; k < kStepArrays; ++k)
    if (a[k].present) require_shape(expected[k], memory[k].axes(), memory[k].shape());
  const auto code = [&](int k) { return nb::cast<std::int64_t>(codes[k]); };
  const Options chosen = options(code(0), code(1), code(2), code(3) != 0, code(4));
  kind == 'f' ? run_step<float>(n, chosen, a) : run_step<double>(n, chosen, a);
  return true;
}

void run_step_of_any(const Arrays& in, const OptionCodes& codes) {
  if (in.size() != kStepArrays || !in[0] || !in[2] || in[0]->ndim() != 2 || in[2]->ndim() != 2)
    throw std::invalid_argument("expected x (samples, features) and seven more arrays");
  const std::int64_t x_shape[] = {static_cast<std::int64_t>(in[0]->shape(0)), 1,
                                  static_cast<std::int64_t>(in[0]->shape(1))};
  const Sizes n = sizes_of(x_shape, in[2]->shape(0));
  const Options chosen = decode(codes);
  with_real(in[0]->dtype(), [&](auto zero) {
    using Real = decltype(zero);
    const auto a = arrays(in, step_arrays_of(n), nb::dtype<Real>());
    for (int k : {1, 4, 5, 6, 7})
      if (!in[k]) throw std::invalid_argument("only the bias may be None");
    run_step<Real>(n, chosen, a);
  });
}

}  // namespace

void add_numpy_lstm(nb::module_& module) {
  // nothing is converted: a result would be written into the copy
  module.def("forward", &run_forward, "inputs"_a.noconvert(), "outputs"_a.noconvert(), "options"_a);
  module.def("backward", &run_backward, "inputs"_a.noconvert(), "output_gradients"_a.noconvert(),
             "input_gradients"_a.noconvert(), "options"_a);
  module.def("step", &run_step_of_any, "arrays"_a.noconvert(), "options"_a);
  module.def("step_in_place", &run_step_in_place, nb::arg().none(), nb::arg().none(),
             nb::arg().none(), nb::arg().none(), nb::arg().none(), nb::arg().none(),
             nb::arg().none(), nb::arg().none(), nb::arg());
}

}  // namespace seqwise::bindings
