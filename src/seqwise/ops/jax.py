"""The fused LSTM on JAX arrays, through XLA's foreign function interface."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from seqwise import _kernel
from seqwise.backend import Array
from seqwise.ops.arguments import InputGradients, Inputs, OutputGradients, Outputs, present
from seqwise.ops.options import Options

Optional: TypeAlias = "Array | None"
States: TypeAlias = "tuple[Array, Array]"
Weights: TypeAlias = "tuple[Array, Array, Optional]"  # kernel, recurrent_kernel, bias
Result: TypeAlias = tuple[jax.Array, jax.Array, jax.Array]  # outputs, h, c

_FORWARD, _BACKWARD = "seqwise_lstm_forward", "seqwise_lstm_backward"
jax.ffi.register_ffi_target(_FORWARD, _kernel.jax_forward(), platform="cpu")
jax.ffi.register_ffi_target(_BACKWARD, _kernel.jax_backward(), platform="cpu")
# XLA allocates new arrays in every call; zeroing their pages took 5 to 25 % of a training step
_kernel.keep_freed_memory()


def lstm(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
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

    Works under jit, grad, vmap and scan. Gradients flow to x, the weights and the initial state;
    the dropout factors and the mask count as constants.
    """
    h0, c0 = (None, None) if initial_state is None else initial_state
    inputs = Inputs(x, kernel, recurrent_kernel, bias, h0, c0, mask, input_dropout, recurrent_dropout)
    results: Any = _lstm((inputs.prepared(jnp.asarray, options),), return_sequences, options)
    return results[0]


def bidirectional_lstm(
    x: Array,
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
    both = tuple(
        Inputs(x, *w, *((None, None) if state is None else state), mask).prepared(jnp.asarray, options)
        for w, state in ((weights, initial_state), (backward_weights, backward_initial_state))
    )
    results: Any = _lstm(both, return_sequences, options)
    return results


def step(
    x: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Optional = None,
    options: Options = Options(),
) -> States:
    """Run one timestep of a stream: x (samples, features), h and c (samples, units) → new h and c."""
    return lstm(x[:, None], kernel, recurrent_kernel, bias, (h, c), options=options)[1:]


def accepts(x: Array) -> bool:
    """Tell whether JAX runs on the CPU, the kernel's only target."""
    return jax.default_backend() == "cpu"


def _call(target: str, passes: Sequence[Any], shapes: Sequence[Any], options: Options) -> tuple[Any, ...]:
    """Call the kernel on the arrays of one or two passes; return arrays of `shapes`, in the same tuples."""
    arrays = [array for group in passes for array in group if array is not None]
    result_shapes = [shape for group in shapes for shape in group if shape is not None]
    results = iter(
        jax.ffi.ffi_call(target, result_shapes, vmap_method="sequential")(
            *arrays,
            **{name: np.int64(code) for name, code in options.codes().items()},
            arguments=np.int64(present(passes[0])),
            results=np.int64(present(shapes[0])),
            passes=np.int64(len(passes)),
        )
    )
    return tuple(type(group)(*(None if shape is None else next(results) for shape in group)) for group in shapes)


def _forward(
    passes: tuple[Inputs, ...], return_sequences: bool, options: Options, training: bool
) -> tuple[Outputs, ...]:
    B, T, F, H = passes[0].sizes
    dtype = passes[0].x.dtype
    state = jax.ShapeDtypeStruct((B, H), dtype)
    reserve = _kernel.reserve_size(B, T, F, H, dtype == jnp.float64)
    shapes = Outputs(
        y=jax.ShapeDtypeStruct((B, T, H), dtype) if return_sequences else None,
        last=None if return_sequences else state,
        hT=state,
        cT=state,
        reserve=jax.ShapeDtypeStruct((reserve,), dtype) if training else None,
    )
    return _call(_FORWARD, passes, (shapes,) * len(passes), options)


def _results(outputs: tuple[Outputs, ...], return_sequences: bool) -> tuple[Result, ...]:
    return tuple((o.y if return_sequences else o.last, o.hT, o.cT) for o in outputs)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _lstm(passes: tuple[Inputs, ...], return_sequences: bool, options: Options) -> tuple[Result, ...]:
    return _results(_forward(passes, return_sequences, options, False), return_sequences)


def _lstm_forward(passes: Any, return_sequences: bool, options: Options) -> tuple[tuple[Result, ...], Any]:
    # With symbolic zeros every leaf says whether its gradient is needed: that of x is not, in
    # the first layer of a model. An empty tuple carries this in the structure of the residuals.
    need_dx = () if passes[0].x.perturbed else None
    passes = jax.tree.map(lambda leaf: leaf.value, passes, is_leaf=lambda v: hasattr(v, "perturbed"))
    outputs = _forward(passes, return_sequences, options, True)
    residuals = (passes, tuple(o.reserve for o in outputs), need_dx)
    return _results(outputs, return_sequences), residuals


def _lstm_backward(
    return_sequences: bool, options: Options, residuals: Any, gradients: tuple[Result, ...]
) -> tuple[tuple[Inputs, ...]]:
    passes, reserves, need_dx = residuals
    # both passes of a call must leave out the same arrays, so a gradient is left out only if it is zero for both
    result_gradients = []
    for k in range(3):
        column = [result[k] for result in gradients]
        zero = [isinstance(g, jax.custom_derivatives.SymbolicZero) for g in column]
        result_gradients.append(
            [None] * len(column)
            if all(zero)
            else [jnp.zeros(g.shape, g.dtype) if z else g for g, z in zip(column, zero, strict=True)]
        )
    output_gradients = [
        OutputGradients(reserve, output if return_sequences else None, None if return_sequences else output, h, c)
        for reserve, output, h, c in zip(reserves, *result_gradients, strict=True)
    ]
    shapes = tuple(
        InputGradients(
            *(
                None if array is None else jax.ShapeDtypeStruct(array.shape, array.dtype)
                for array in (inputs.x if need_dx is not None else None, *inputs[1:6])
            )
        )
        for inputs in passes
    )
    arguments = [(*inputs, *grads) for inputs, grads in zip(passes, output_gradients, strict=True)]
    results = _call(_BACKWARD, arguments, shapes, options)
    return (tuple(Inputs(*grads) for grads in results),)


_lstm.defvjp(_lstm_forward, _lstm_backward, symbolic_zeros=True)
