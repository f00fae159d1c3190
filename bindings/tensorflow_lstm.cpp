// The LSTM as TensorFlow ops, SeqwiseLSTM and SeqwiseLSTMGradient, registered through TensorFlow's
// C API while tf.load_op_library loads this library. The functions are looked up in the TensorFlow
// that does so: building needs none of it, and its C++ is not touched.
#include <dlfcn.h>

#include <cstdint>
#include <exception>
#include <vector>

#include "passes.h"
#include "seqwise/pages.h"

namespace seqwise::bindings {
namespace {

// As in tensorflow/c/kernels.h, ops.h, tf_tensor.h and tf_status.h.
struct Status;
struct Tensor;
struct OpBuilder;
struct KernelBuilder;
struct Construction;
struct Context;
struct ShapeContext;
constexpr int kFloat = 1, kDouble = 2, kInvalidArgument = 3;

bool complete = true;  // every function was found

template <class Function>
struct Imported;

void* find(const char* name) {
  for (const char* library : {"libtensorflow_framework.so.2", "libtensorflow_framework.2.dylib",
                              "libtensorflow_cc.so.2", "libtensorflow_cc.2.dylib"})
    if (void* handle = dlopen(library, RTLD_NOLOAD | RTLD_LAZY))
      if (void* function = dlsym(handle, name)) return function;
  return dlsym(RTLD_DEFAULT, name);
}

template <class Result, class... Arguments>
struct Imported<Result(Arguments...)> {
  explicit Imported(const char* name)
      : function(reinterpret_cast<Result (*)(Arguments...)>(find(name))) {
    complete = complete && function;
  }
  Result operator()(Arguments... arguments) const { return function(arguments...); }

  Result (*function)(Arguments...);
};

#define IMPORT(name, ...) const Imported<__VA_ARGS__> name(#name)
IMPORT(TF_NewStatus, Status*());
IMPORT(TF_DeleteStatus, void(Status*));
IMPORT(TF_GetCode, int(const Status*));
IMPORT(TF_SetStatus, void(Status*, int, const char*));
IMPORT(TF_NewOpDefinitionBuilder, OpBuilder*(const char*));
IMPORT(TF_OpDefinitionBuilderAddAttr, void(OpBuilder*, const char*));
IMPORT(TF_OpDefinitionBuilderAddInput, void(OpBuilder*, const char*));
IMPORT(TF_OpDefinitionBuilderAddOutput, void(OpBuilder*, const char*));
IMPORT(TF_OpDefinitionBuilderSetShapeInferenceFunction,
       void(OpBuilder*, void (*)(ShapeContext*, Status*)));
IMPORT(TF_ShapeInferenceContextSetUnknownShape, void(ShapeContext*, Status*));
IMPORT(TF_RegisterOpDefinition, void(OpBuilder*, Status*));
IMPORT(TF_NewKernelBuilder, KernelBuilder*(const char*, const char*, void* (*)(Construction*),
                                           void (*)(void*, Context*), void (*)(void*)));
IMPORT(TF_KernelBuilder_TypeConstraint, void(KernelBuilder*, const char*, int, Status*));
IMPORT(TF_RegisterKernelBuilder, void(const char*, KernelBuilder*, Status*));
IMPORT(TF_OpKernelConstruction_GetAttrInt64,
       void(Construction*, const char*, std::int64_t*, Status*));
IMPORT(TF_NumInputs, int(Context*));
IMPORT(TF_GetInput, void(Context*, int, Tensor**, Status*));
IMPORT(TF_AllocateOutput,
       Tensor*(Context*, int, int, const std::int64_t*, int, std::size_t, Status*));
IMPORT(TF_OpKernelContext_Failure, void(Context*, Status*));
IMPORT(TF_TensorData, void*(const Tensor*));
IMPORT(TF_TensorElementCount, std::int64_t(const Tensor*));
IMPORT(TF_NumDims, int(const Tensor*));
IMPORT(TF_Dim, std::int64_t(const Tensor*, int));
IMPORT(TF_DeleteTensor, void(Tensor*));
#undef IMPORT

class OwnStatus {
 public:
  OwnStatus() : status_(TF_NewStatus()) {}
  ~OwnStatus() { TF_DeleteStatus(status_); }
  operator Status*() const { return status_; }
  void require(const char* what) const {
    if (TF_GetCode(status_)) throw std::invalid_argument(what);
  }

 private:
  Status* status_;
};

// The tensors of a call, handed out in order.
class Call {
 public:
  explicit Call(Context* context) : context_(context) {}
  ~Call() {
    for (Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
  }

  const Tensor* input(int index) {
    Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    status_.require("an input of the LSTM cannot be read");
    tensors_.push_back(tensor);
    return tensor;
  }
  Array next_input() { return array(input(taken_++)); }

  static Array array(const Tensor* tensor) {
    return {TF_TensorData(tensor), TF_TensorElementCount(tensor)};
  }

  Array next_output(int type, std::vector<std::int64_t> shape) {
    std::int64_t count = 1;
    for (const std::int64_t size : shape) count *= size;
    const std::size_t bytes = count * (type == kDouble ? sizeof(double) : sizeof(float));
    Tensor* tensor = TF_AllocateOutput(context_, given_++, type, shape.data(),
                                       static_cast<int>(shape.size()), bytes, status_);
    status_.require("there is no memory for the results of the LSTM");
    tensors_.push_back(tensor);
    prefer_large_pages(TF_TensorData(tensor), bytes);
    return {TF_TensorData(tensor), count};
  }

  int taken() const { return taken_; }

 private:
  Context* context_;
  OwnStatus status_;
  std::vector<Tensor*> tensors_;
  int taken_ = 0, given_ = 0;
};

// Attributes of an op: the options; which arrays of a pass are given and which are wanted (a bit
// for each); one pass or two.
struct Settings {
  Options options;
  std::int64_t arguments, results, passes;
};

constexpr const char* kNumbers[] = {"activation",    "recurrent_activation",
                                    "masked_output", "go_backwards",
                                    "dropout_masks", "arguments",
                                    "results",       "passes"};

void* create(Construction* construction) {
  OwnStatus status;
  std::int64_t number[8];
  for (int k = 0; k < 8; ++k)
    TF_OpKernelConstruction_GetAttrInt64(construction, kNumbers[k], &number[k], status);
  return new Settings{options(number[0], number[1], number[2], number[3] != 0, number[4]),
                      number[5], number[6], number[7]};
}

void destroy(void* settings) { delete static_cast<Settings*>(settings); }

constexpr int kMask = 6;

// Inputs of one pass; the mask, which the passes share, is the op's last input.
Sizes take_inputs(Call& call, const Settings& chosen, const Array& mask, Array* to) {
  const Tensor* x = call.input(call.taken());
  const Tensor* U = call.input(call.taken() + 2);
  if (TF_NumDims(x) != 3 || TF_NumDims(U) != 2)
    throw std::invalid_argument("x must have three axes and recurrent_kernel two");
  for (int k = 0; k < kInputs; ++k)
    if (chosen.arguments >> k & 1) to[k] = k == kMask ? mask : call.next_input();
  return {TF_Dim(x, 0), TF_Dim(x, 1), TF_Dim(x, 2), TF_Dim(U, 0)};
}

template <class Real>
void run_forward(Call& call, const Settings& chosen, const Array& mask) {
  constexpr int kType = sizeof(Real) == sizeof(double) ? kDouble : kFloat;
  Array in[2 * kInputs], out[2 * kOutputs];
  Sizes n{};
  const int passes = static_cast<int>(chosen.passes);
  for (int p = 0; p < passes; ++p) n = take_inputs(call, chosen, mask, in + p * kInputs);
  for (int p = 0; p < passes; ++p) {
    const std::vector<std::int64_t> shapes[kOutputs] = {
        {n.B, n.T, n.H},
        {n.B, n.H},
        {n.B, n.H},
        {n.B, n.H},
        {static_cast<std::int64_t>(reserve_bytes<Real>(n) / sizeof(Real))}};
    for (int k = 0; k < kOutputs; ++k)
      if (chosen.results >> k & 1) out[p * kOutputs + k] = call.next_output(kType, shapes[k]);
  }
  forward_passes<Real>(n, chosen.options, passes, in, out);
}

template <class Real>
void run_backward(Call& call, const Settings& chosen, const Array& mask) {
  constexpr int kType = sizeof(Real) == sizeof(double) ? kDouble : kFloat;
  Array in[2 * kInputs], from[2 * kOutputGradients], to[2 * kInputGradients];
  Sizes n{};
  const int passes = static_cast<int>(chosen.passes);
  for (int p = 0; p < passes; ++p) {
    n = take_inputs(call, chosen, mask, in + p * kInputs);
    for (int k = 0; k < kOutputGradients; ++k)
      if (chosen.arguments >> (kInputs + k) & 1) from[p * kOutputGradients + k] = call.next_input();
  }
  for (int p = 0; p < passes; ++p) {
    const std::vector<std::int64_t> shapes[kInputGradients] = {
        {n.B, n.T, n.F}, {n.F, 4 * n.H}, {n.H, 4 * n.H}, {4 * n.H}, {n.B, n.H}, {n.B, n.H}};
    for (int k = 0; k < kInputGradients; ++k)
      if (chosen.results >> k & 1) to[p * kInputGradients + k] = call.next_output(kType, shapes[k]);
  }
  backward_passes<Real>(n, chosen.options, passes, in, from, to);
}

template <void (*run)(Call&, const Settings&, const Array&)>
void compute(void* settings, Context* context) {
  try {
    Call call(context);
    const Array mask = Call::array(call.input(TF_NumInputs(context) - 1));
    run(call, *static_cast<Settings*>(settings), mask);
  } catch (const std::exception& error) {
    OwnStatus status;
    TF_SetStatus(status, kInvalidArgument, error.what());
    TF_OpKernelContext_Failure(context, status);
  }
}

void define(const char* name) {
  OwnStatus status;
  OpBuilder* op = TF_NewOpDefinitionBuilder(name);
  TF_OpDefinitionBuilderAddInput(op, "arrays: N * T");
  TF_OpDefinitionBuilderAddInput(op, "mask: bool");
  TF_OpDefinitionBuilderAddOutput(op, "computed: R * T");
  for (const char* attribute :
       {"N: int >= 1", "R: int >= 1", "T: {float, double}", "activation: int",
        "recurrent_activation: int", "masked_output: int", "go_backwards: int",
        "dropout_masks: int", "arguments: int", "results: int", "passes: int"})
    TF_OpDefinitionBuilderAddAttr(op, attribute);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, [](ShapeContext* context, Status* error) {
    TF_ShapeInferenceContextSetUnknownShape(context, error);
  });
  TF_RegisterOpDefinition(op, status);
}

void implement(const char* name, int type, void (*compute_one)(void*, Context*)) {
  OwnStatus status;
  KernelBuilder* kernel = TF_NewKernelBuilder(name, "CPU", create, compute_one, destroy);
  TF_KernelBuilder_TypeConstraint(kernel, "T", type, status);
  TF_RegisterKernelBuilder(name, kernel, status);
}

const bool registered = [] {
  if (!complete) return false;  // no TensorFlow, or one without these functions: no ops
  define("SeqwiseLSTM");
  define("SeqwiseLSTMGradient");
  implement("SeqwiseLSTM", kFloat, compute<run_forward<float>>);
  implement("SeqwiseLSTM", kDouble, compute<run_forward<double>>);
  implement("SeqwiseLSTMGradient", kFloat, compute<run_backward<float>>);
  implement("SeqwiseLSTMGradient", kDouble, compute<run_backward<double>>);
  return true;
}();

}  // namespace
}  // namespace seqwise::bindings
