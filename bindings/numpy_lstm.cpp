// The LSTM on NumPy arrays, and anything else that speaks DLPack. Results are written into
// arrays that the caller made, so nothing is copied or allocated here.
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <optional>
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

// Addresses of `count` arrays. All must hold numbers of one kind, but for the mask's bytes.
std::vector<Array> arrays(const Arrays& given, int count, nb::dlpack::dtype kind, int mask = -1) {
  if (static_cast<int>(given.size()) != count)
    throw std::invalid_argument("expected " + std::to_string(count) + " arrays");
  std::vector<Array> found(count);
  for (int k = 0; k < count; ++k) {
    if (!given[k]) continue;
    const bool fits = k == mask ? given[k]->itemsize() == 1 : given[k]->dtype() == kind;
    if (!fits) throw nb::type_error("all arrays must have the dtype of x, and the mask bool");
    found[k] = {given[k]->data(), static_cast<std::int64_t>(given[k]->size())};
  }
  return found;
}

Sizes sizes(const Arrays& in) {
  if (in.size() < 3 || !in[0] || !in[1] || !in[2] || in[0]->ndim() != 3 || in[2]->ndim() != 2)
    throw std::invalid_argument(
        "expected x (samples, timesteps, features), kernel and "
        "recurrent_kernel (units, 4 units)");
  return {static_cast<std::int64_t>(in[0]->shape(0)), static_cast<std::int64_t>(in[0]->shape(1)),
          static_cast<std::int64_t>(in[0]->shape(2)), static_cast<std::int64_t>(in[2]->shape(0))};
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
    const auto a = arrays(in, kInputs, nb::dtype<Real>(), kMask);
    const auto r = arrays(out, kOutputs, nb::dtype<Real>());
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
    const auto a = arrays(in, kInputs, nb::dtype<Real>(), kMask);
    const auto g = arrays(gradients, kOutputGradients, nb::dtype<Real>());
    const auto r = arrays(out, kInputGradients, nb::dtype<Real>());
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
  std::int64_t shape(int axis) const { return view_.shape[axis]; }
  Array array() const { return {view_.buf, view_.len / view_.itemsize}; }

 private:
  Py_buffer view_;
  bool held_;
};

constexpr int kStepArrays = 8;  // x [B, F], W, U, b or none, h, c, h_out, c_out

template <class Real>
void run_step(const Sizes& n, const Options& chosen, const Array* a) {
  const std::int64_t counts[kStepArrays] = {n.B * n.F, n.F * 4 * n.H, n.H * 4 * n.H, 4 * n.H,
                                            n.B * n.H, n.B * n.H,     n.B * n.H,     n.B * n.H};
  const char* names[kStepArrays] = {"x",     "kernel", "recurrent_kernel", "bias", "h", "c",
                                    "h_out", "c_out"};
  Real* p[kStepArrays];
  for (int k = 0; k < kStepArrays; ++k) p[k] = checked<Real>(a[k], counts[k], names[k]);
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
  Array a[kStepArrays];
  for (int k = 0; k < kStepArrays; ++k) {
    if (k == 3 && b.is_none()) continue;
    if (!kind || memory[k].kind() != kind) return false;
    a[k] = memory[k].array();
  }
  if (memory[0].axes() != 2 || memory[2].axes() != 2 || codes.size() != 5) return false;
  const Sizes n{memory[0].shape(0), 1, memory[0].shape(1), memory[2].shape(0)};
  const auto code = [&](int k) { return nb::cast<std::int64_t>(codes[k]); };
  const Options chosen = options(code(0), code(1), code(2), code(3) != 0, code(4));
  kind == 'f' ? run_step<float>(n, chosen, a) : run_step<double>(n, chosen, a);
  return true;
}

void run_step_of_any(const Arrays& in, const OptionCodes& codes) {
  if (in.size() != kStepArrays || !in[0] || !in[2] || in[0]->ndim() != 2 || in[2]->ndim() != 2)
    throw std::invalid_argument("expected x (samples, features) and seven more arrays");
  const Sizes n{static_cast<std::int64_t>(in[0]->shape(0)), 1,
                static_cast<std::int64_t>(in[0]->shape(1)),
                static_cast<std::int64_t>(in[2]->shape(0))};
  const Options chosen = decode(codes);
  with_real(in[0]->dtype(), [&](auto zero) {
    using Real = decltype(zero);
    const auto a = arrays(in, kStepArrays, nb::dtype<Real>());
    for (int k : {1, 4, 5, 6, 7})
      if (!in[k]) throw std::invalid_argument("only the bias may be None");
    run_step<Real>(n, chosen, a.data());
  });
}

}  // namespace

void add_numpy_lstm(nb::module_& module) {
  module.def("forward", &run_forward, "inputs"_a, "outputs"_a, "options"_a);
  module.def("backward", &run_backward, "inputs"_a, "output_gradients"_a, "input_gradients"_a,
             "options"_a);
  module.def("step", &run_step_of_any, "arrays"_a, "options"_a);
  module.def("step_in_place", &run_step_in_place, nb::arg().none(), nb::arg().none(),
             nb::arg().none(), nb::arg().none(), nb::arg().none(), nb::arg().none(),
             nb::arg().none(), nb::arg().none(), nb::arg());
}

}  // namespace seqwise::bindings
