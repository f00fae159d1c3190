"""The fused LSTM on TensorFlow's tensors, by ops of our own (bindings/tensorflow_lstm.cpp)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import tensorflow as tf
from tensorflow.python.eager import record
from tensorflow.python.framework.ops import get_default_graph
from tensorflow.python.ops import control_flow_util

from seqwise import _kernel
from seqwise.ops.arguments import InputGradients, Inputs, OutputGradients, Outputs, present
from seqwise.ops.options import Options

Tensor: TypeAlias = Any  # tf.Tensor, or what tf.convert_to_tensor takes
Optional: TypeAlias = "Tensor | None"
States: TypeAlias = tuple[Tensor, Tensor]
Weights: TypeAlias = tuple[Tensor, Tensor, Optional]  # kernel, recurrent_kernel, bias
Result: TypeAlias = tuple[Tensor, Tensor, Tensor]  # outputs, h, c

LIBRARY = Path(_kernel.__file__).parent / "_tensorflow.so"
EXPORTERS = ("keras.src.export.", "tensorflow.python.saved_model.", "tensorflow.lite.python.")
MASK, RESERVE = Inputs._fields.index("mask"), Outputs._fields.index("reserve")

# the allocator takes new memory from the system for every large tensor; zeroing its pages takes a good part of a step
_kernel.keep_freed_memory()


def lstm(
    x: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Optional = None,
    initial_state: States | None = None,
    *,
    mask: Optional = None,
    input_dropout: Optional = None,
    recurrent_dropout: Optional = None,
    return_sequences: bool = False,
    options: Options = Options(),
) -> Result:
    """Run an LSTM over sequences. Arguments and results as in `seqwise.ops.numpy.lstm`.

    Works eagerly and in tf.function. Gradients flow to x, the weights and the initial state; the dropout factors and
    the mask count as constants.
    """
    h0, c0 = (None, None) if initial_state is None else initial_state
    inputs = Inputs(x, kernel, recurrent_kernel, bias, h0, c0, mask, input_dropout, recurrent_dropout)
    return _lstm([inputs.prepared(_tensor, options)], return_sequences, options)[0]


def bidirectional_lstm(
    x: Tensor,
    weights: Weights,
    backward_weights: Weights,
    initial_state: States | None = None,
    backward_initial_state: States | None = None,
    *,
    mask: Optional = None,
    return_sequences: bool = False,
    options: Options = Options(),
) -> tuple[Result, Result]:
    """Run two LSTMs over the same sequences in opposite directions, at the same time. Arguments and results as in
    `seqwise.ops.numpy.bidirectional_lstm`.
    """
    passes = [
        Inputs(x, *w, *((None, None) if state is None else state), mask).prepared(_tensor, options)
        for w, state in ((weights, initial_state), (backward_weights, backward_initial_state))
    ]
    forward, backward = _lstm(passes, return_sequences, options)
    return forward, backward


def step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Optional = None,
    options: Options = Options(),
) -> States:
    """Run one timestep of a stream: x (samples, features), h and c (samples, units) → new h and c."""
    return lstm(x[:, None], kernel, recurrent_kernel, bias, (h, c), options=options)[1:]


def accepts(x: Tensor) -> bool:
    """Tell whether TensorFlow computes on the CPU, and no program is traced for XLA, which cannot call the kernel, or
    for export to where Seqwise is not."""
    if _ops() is None or _has_gpu():
        return False
    if tf.executing_eagerly():
        return True
    return not control_flow_util.GraphOrParentsInXlaContext(get_default_graph()) and not _exporting()


@cache
def _ops() -> Any:
    """The module of the ops, or None: this TensorFlow lacks the functions that register them."""
    library = tf.load_op_library(str(LIBRARY)) if LIBRARY.exists() else None
    return library if hasattr(library, "seqwise_lstm") else None


@cache
def _has_gpu() -> bool:
    return bool(tf.config.list_logical_devices("GPU"))


def _exporting() -> bool:
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(EXPORTERS):
            return True
        frame = frame.f_back
    return False


def _tensor(array: Any, dtype: Any = None) -> Any:
    array = tf.convert_to_tensor(array)
    return array if dtype is None or array.dtype == dtype else tf.cast(array, dtype)


def _lstm(passes: Sequence[Inputs], return_sequences: bool, options: Options) -> list[Result]:
    arrays = _arrays(passes)
    training = bool(record.should_record_backprop(arrays))
    need_dx = bool(record.should_record_backprop([passes[0].x]))
    mask, arguments = passes[0].mask, present(passes[0])
    wanted = present(_results(return_sequences, training))
    with record.stop_recording():  # the tape would fill in zeros for the gradient of the reserve
        computed = _forward(arrays, mask, options.codes(), arguments, wanted, len(passes))
    each = len(computed) // len(passes)
    results = [tuple(computed[k : k + 3]) for k in range(0, len(computed), each)]
    _set_shapes(results, passes[0].sizes, return_sequences)
    if training:
        reserves = computed[each - 1 :: each]

        def backward(*gradients: Any) -> list[Any]:
            return _backward(
                arrays, mask, reserves, gradients, options.codes(), arguments, wanted, len(passes), need_dx
            )  # fmt: skip

        record.record_operation("SeqwiseLSTM", [t for result in results for t in result], arrays, backward)
    return results  # pyright: ignore[reportReturnType]


def _arrays(passes: Sequence[Inputs]) -> list[Any]:
    """All arrays but the mask, which the passes share."""
    return [a for inputs in passes for k, a in enumerate(inputs) if a is not None and k != MASK]


def _results(return_sequences: bool, training: bool) -> Outputs:
    """Marks in the places of the results that are computed."""
    return Outputs(return_sequences or None, None if return_sequences else True, True, True, training or None)


def _set_shapes(results: Sequence[Any], sizes: tuple[Any, ...], return_sequences: bool) -> None:
    if tf.executing_eagerly():
        return
    B, T, _, H = sizes
    for output, h, c in results:
        output.set_shape((B, T, H) if return_sequences else (B, H))
        h.set_shape((B, H))
        c.set_shape((B, H))


def _forward(
    arrays: Sequence[Any], mask: Any, codes: dict[str, int], arguments: int, results: int, passes: int
) -> list[Any]:
    mask = tf.zeros((0,), tf.bool) if mask is None else mask
    count = passes * results.bit_count()
    return list(
        _ops().seqwise_lstm(arrays, mask, R=count, arguments=arguments, results=results, passes=passes, **codes)
    )


def _backward(
    arrays: Sequence[Any],
    mask: Any,
    reserves: Sequence[Any],
    gradients: Sequence[Any],
    codes: dict[str, int],
    arguments: int,
    results: int,
    passes: int,
    need_dx: bool,
) -> list[Any]:
    """Return the gradient of each of `arrays` from those of output, h and c of each pass."""
    each, tensors = len(arrays) // passes, []
    for p, reserve in enumerate(reserves):
        tensors += [*arrays[p * each : (p + 1) * each], reserve, *gradients[3 * p : 3 * p + 3]]
    marks = OutputGradients(True, *(results >> k & 1 or None for k in range(RESERVE)))
    wanted = arguments & (1 << len(InputGradients._fields)) - (1 if need_dx else 2)
    mask = tf.zeros((0,), tf.bool) if mask is None else mask
    computed = iter(
        _ops().seqwise_lstm_gradient(
            tensors,
            mask,
            R=passes * wanted.bit_count(),
            arguments=arguments | present(marks) << len(Inputs._fields),
            results=wanted,
            passes=passes,
            **codes,
        )
    )
    places = [k for k in range(len(Inputs._fields)) if arguments >> k & 1 and k != MASK]
    of_arrays = [next(computed) if wanted >> k & 1 else None for _ in range(passes) for k in places]
    if not tf.executing_eagerly():
        for gradient, array in zip(of_arrays, arrays, strict=True):
            if gradient is not None:
                gradient.set_shape(array.shape)
    return of_arrays


@tf.RegisterGradient("SeqwiseLSTM")
def _gradient(op: Any, *gradients: Any) -> list[Any]:
    """The gradient of an op in a graph, where no tape watched it being made."""
    codes = {name: int(op.get_attr(name)) for name in Options().codes()}
    arguments, results, passes = (int(op.get_attr(name)) for name in ("arguments", "results", "passes"))
    *arrays, mask = op.inputs
    computed = list(op.outputs)
    with_reserve = results | 1 << RESERVE
    if results != with_reserve:  # it was traced for inference
        computed = _forward(arrays, mask, codes, arguments, with_reserve, passes)
    reserves = computed[3::4]
    each = len(gradients) // passes
    of_results = [g for p in range(passes) for g in gradients[p * each : p * each + 3]]
    of_arrays = _backward(arrays, mask, reserves, of_results, codes, arguments, results, passes, need_dx=True)
    return [*of_arrays, None]
