"""The fused LSTM on JAX arrays, by way of XLA's foreign function interface."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from seqwise import _kernel
from seqwise.ops.arguments import (
    InputGradients,
    Inputs,
    OutputGradients,
    Outputs,
    check,
    present,
)
from seqwise.ops.options import DTYPES, Options

_FORWARD, _BACKWARD = "seqwise_lstm_forward", "seqwise_lstm_backward"
jax.ffi.register_ffi_target(_FORWARD, _kernel.jax_forward(), platform="cpu")
jax.ffi.register_ffi_target(_BACKWARD, _kernel.jax_backward(), platform="cpu")
# XLA makes every call's arrays anew; zeroed pages for them took 5 to 25 % of a training step
_kernel.keep_freed_memory()


def lstm(
    x,
    kernel,
    recurrent_kernel,
    bias=None,
    initial_state=None,
    *,
    mask=None,
    input_dropout=None,
    recurrent_dropout=None,
    return_sequences=False,
    options=Options(),
):
    """Runs an LSTM over sequences. Arguments and results as `seqwise.ops.numpy.lstm`.

    Works under jit, grad, vmap and scan. Gradients flow to x, the weights and the initial state;
    the dropout factors and the mask count as constants.
    """
    inputs = _prepare(
        x, kernel, recurrent_kernel, bias, initial_state, mask, input_dropout, recurrent_dropout,
        options,
    )  # fmt: skip
    results: Any = _lstm((inputs,), return_sequences, options)
    return results[0]


def bidirectional_lstm(
    x,
    weights,
    backward_weights,
    initial_state=None,
    backward_initial_state=None,
    *,
    mask=None,
    return_sequences=False,
    options=Options(),
):
    """Runs two LSTMs over the same sequences in opposite directions, at the same time.

    Args:
        x: Inputs (samples, timesteps, features).
        weights: (kernel, recurrent_kernel, bias or None) of the forward direction.
        backward_weights: The same for the other direction.
        initial_state: (h, c) of the forward direction, or None.
        backward_initial_state: (h, c) of the other direction, or None; both or neither.
        mask: (samples, timesteps) bool, or None.
        return_sequences: Whether to return every output or the last.
        options: See `Options`. `go_backwards` is that of the first direction.

    Returns:
        For each direction what `lstm` returns. The second's outputs stand in its order of
        processing, from the last timestep to the first.
    """
    both = tuple(
        _prepare(x, w[0], w[1], w[2], state, mask, None, None, options)
        for w, state in ((weights, initial_state), (backward_weights, backward_initial_state))
    )
    results: Any = _lstm(both, return_sequences, options)
    return results


def _prepare(
    x, kernel, recurrent_kernel, bias, initial_state, mask, input_dropout, recurrent_dropout, options
) -> Inputs:
    h0, c0 = (None, None) if initial_state is None else initial_state
    x = jnp.asarray(x)
    if str(x.dtype) not in DTYPES:
        raise TypeError(f"x has dtype {x.dtype}; the LSTM kernel computes in {' and '.join(DTYPES)}.")

    def as_x(array):
        return None if array is None else jnp.asarray(array, x.dtype)

    inputs = Inputs(
        x,
        as_x(kernel),
        as_x(recurrent_kernel),
        as_x(bias),
        as_x(h0),
        as_x(c0),
        None if mask is None else jnp.asarray(mask, bool),
        as_x(input_dropout),
        as_x(recurrent_dropout),
    )
    check(inputs, options.dropout_masks)
    return inputs


def _call(target, passes, shapes, options):
    """A foreign call on the arrays of one or two passes; returns those of `shapes`, likewise."""
    arrays = [array for each in passes for array in each if array is not None]
    wanted = [shape for each in shapes for shape in each if shape is not None]
    results = iter(
        jax.ffi.ffi_call(target, wanted, vmap_method="sequential")(
            *arrays,
            **{name: np.int64(code) for name, code in options.codes().items()},
            arguments=np.int64(present(passes[0])),
            results=np.int64(present(shapes[0])),
            passes=np.int64(len(passes)),
        )
    )
    return tuple(type(each)(*(None if shape is None else next(results) for shape in each)) for each in shapes)


def _forward(passes, return_sequences, options, training):
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


def _results(outputs, return_sequences):
    return tuple((o.y if return_sequences else o.last, o.hT, o.cT) for o in outputs)


@partial(jax.custom_vjp, nondiff_argnums=(1, 2))
def _lstm(passes, return_sequences, options):
    return _results(_forward(passes, return_sequences, options, False), return_sequences)


def _lstm_forward(passes, return_sequences, options):
    # With symbolic zeros every leaf says whether its gradient is wanted: that of x is not, in
    # the first layer of a model. An empty tuple carries this in the structure of the residuals.
    need_dx = () if passes[0].x.perturbed else None
    passes = jax.tree.map(lambda leaf: leaf.value, passes, is_leaf=lambda v: hasattr(v, "perturbed"))
    outputs = _forward(passes, return_sequences, options, True)
    kept = (passes, tuple(o.reserve for o in outputs), need_dx)
    return _results(outputs, return_sequences), kept


def _lstm_backward(return_sequences, options, kept, gradients):
    passes, reserves, need_dx = kept
    # Both passes of a call must leave out the same arrays, so a gradient is zero only if it is
    # for both.
    given = []
    for k in range(3):
        column = [each[k] for each in gradients]
        zero = [isinstance(g, jax.custom_derivatives.SymbolicZero) for g in column]
        given.append(
            [None] * len(column)
            if all(zero)
            else [jnp.zeros(g.shape, g.dtype) if z else g for g, z in zip(column, zero, strict=True)]
        )
    output_gradients = [
        OutputGradients(
            reserve,
            given[0][k] if return_sequences else None,
            None if return_sequences else given[0][k],
            given[1][k],
            given[2][k],
        )
        for k, reserve in enumerate(reserves)
    ]
    wanted = tuple(
        InputGradients(
            *(
                None if array is None else jax.ShapeDtypeStruct(array.shape, array.dtype)
                for array in (each.x if need_dx is not None else None, *each[1:6])
            )
        )
        for each in passes
    )
    arguments = [(*a, *g) for a, g in zip(passes, output_gradients, strict=True)]
    results = _call(_BACKWARD, arguments, wanted, options)
    return (tuple(Inputs(*gradients) for gradients in results),)


_lstm.defvjp(_lstm_forward, _lstm_backward, symbolic_zeros=True)
