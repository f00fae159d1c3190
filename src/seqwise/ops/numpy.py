"""The fused LSTM on NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from seqwise import _kernel
from seqwise.backend import Array
from seqwise.ops.arguments import InputGradients, Inputs, OutputGradients, Outputs, check, check_gradients
from seqwise.ops.options import Options

Optional: TypeAlias = "Array | None"
Weights: TypeAlias = "tuple[Array, Array, Optional]"  # kernel, recurrent_kernel, bias
Result: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]  # outputs, h, c
NO_NUMBERS = "cUSMmO"  # NumPy's kinds of complex numbers, texts, times and objects


def lstm(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Optional = None,
    initial_state: tuple[Array, Array] | None = None,
    *,
    mask: Optional = None,
    input_dropout: Optional = None,
    recurrent_dropout: Optional = None,
    return_sequences: bool = False,
    options: Options = Options(),
) -> Result:
    """Run an LSTM over sequences, with the semantics of `keras.layers.LSTM`.

    Args:
        x: Inputs (samples, timesteps, features), float32 or float64.
        kernel: (features, 4 * units), gates in the order i, f, c, o.
        recurrent_kernel: (units, 4 * units).
        bias: (4 * units,) or None.
        initial_state: (h, c), each (samples, units), or None for zeros.
        mask: (samples, timesteps) bool, True where a timestep counts; or None.
        input_dropout: (D, samples, features) factors on x, already scaled; or None.
        recurrent_dropout: (D, samples, units) factors on h, already scaled; or None.
        return_sequences: Whether to return every output or the last.
        options: See `Options`.

    Returns:
        The outputs, (samples, timesteps, units) or (samples, units), and the final states
        h and c, (samples, units).

    Raises:
        ValueError: shapes that do not fit together.
        TypeError: a dtype other than float32 and float64.
    """
    h0, c0 = (None, None) if initial_state is None else initial_state
    inputs = Inputs(x, kernel, recurrent_kernel, bias, h0, c0, mask, input_dropout, recurrent_dropout)
    outputs = _run(_contiguous(inputs, options), return_sequences, options, training=False)
    return (outputs.y if return_sequences else outputs.last), outputs.hT, outputs.cT


def bidirectional_lstm(
    x: Array,
    weights: Weights,
    backward_weights: Weights,
    initial_state: tuple[Array, Array] | None = None,
    backward_initial_state: tuple[Array, Array] | None = None,
    *,
    mask: Optional = None,
    return_sequences: bool = False,
    options: Options = Options(),
) -> tuple[Result, Result]:
    """Run two LSTMs over the same sequences in opposite directions, at the same time.

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
        The result of `lstm` for each direction. The second's outputs are in its order of
        processing, from the last timestep to the first.
    """
    passes = [
        _contiguous(Inputs(x, *w, *((None, None) if state is None else state), mask), options)
        for w, state in ((weights, initial_state), (backward_weights, backward_initial_state))
    ]
    dtype = passes[0].x.dtype
    outputs = [_new_outputs(inputs, return_sequences, training=False) for inputs in passes]
    arrays = [array for pair in zip(passes, outputs, strict=True) for group in pair for array in group]
    addresses = [0 if array is None else array.ctypes.data for array in arrays]
    _kernel.forward_at(addresses, passes[0].sizes, dtype == np.float64, options.numbers)
    forward, backward = ((o.y if return_sequences else o.last, o.hT, o.cT) for o in outputs)
    return forward, backward


def with_weights(
    kernel: Array,
    recurrent_kernel: Array,
    bias: Optional = None,
    *,
    return_sequences: bool = False,
    options: Options = Options(),
) -> Callable[..., Result]:
    """Return `lstm` for weights that stay: they are prepared once, which saves a short call a third of its time.

    Args: as for `lstm`.

    Returns:
        a function of x, ``initial_state`` and ``mask``, that returns what `lstm` does.

    Raises:
        TypeError, ValueError: as `lstm` does; for x, the states and the mask when the function is called.
    """
    dtype, units = _array(kernel).dtype, np.asarray(recurrent_kernel).shape[0]
    no_steps = np.empty((0, 0, len(kernel)), dtype)
    whole = _contiguous(Inputs(no_steps, kernel, recurrent_kernel, bias), options)
    kernel, recurrent_kernel, bias = whole.kernel, whole.recurrent_kernel, whole.bias
    numbers = list(options.numbers)

    def run(x: Array, initial_state: Sequence[Array] | None = None, *, mask: Optional = None) -> Result:
        x = _array(x, dtype)
        h, c = (None, None) if initial_state is None else (_array(s, dtype) for s in initial_state)
        if mask is not None:
            mask = _array(mask, bool).view(np.uint8)
        if x.ndim != 3 or mask is not None or h is not None:  # the binding compares the sizes of the others
            check(Inputs(x, kernel, recurrent_kernel, bias, h, c, mask), options.dropout_masks)
        samples, timesteps = x.shape[:2]
        last_state, cell_state = np.empty((samples, units), dtype), np.empty((samples, units), dtype)
        y = np.empty((samples, timesteps, units), dtype) if return_sequences else None
        last = None if return_sequences else np.empty((samples, units), dtype)
        inputs = [x, kernel, recurrent_kernel, bias, h, c, mask, None, None]
        _kernel.forward(inputs, [y, last, last_state, cell_state, None], numbers)
        return (last if y is None else y), last_state, cell_state  # type: ignore[return-value]

    return run


def forward(inputs: Inputs, return_sequences: bool = False, options: Options = Options()) -> Outputs:
    """Run the forward pass of training: like `lstm`, but keep what `backward` needs."""
    return _run(_contiguous(inputs, options), return_sequences, options, training=True)


def backward(
    inputs: Inputs,
    reserve: np.ndarray,
    y: Optional = None,
    last: Optional = None,
    hT: Optional = None,
    cT: Optional = None,
    options: Options = Options(),
) -> InputGradients:
    """Return the gradients of the inputs from those of the outputs (None: zeros)."""
    inputs = _contiguous(inputs, options)
    dtype = inputs.x.dtype
    reserve = _array(reserve)
    if reserve.dtype != dtype:
        raise TypeError(f"reserve has dtype {reserve.dtype}; expected that of x, {dtype}.")
    of_outputs = OutputGradients(reserve, *(None if g is None else _array(g, dtype) for g in (y, last, hT, cT)))
    check_gradients(inputs.sizes, *of_outputs[1:])
    of_inputs = InputGradients(
        *(None if a is None else np.empty(a.shape, dtype) for a in inputs[: len(InputGradients._fields)])
    )
    _kernel.backward(list(inputs), list(of_outputs), list(of_inputs), list(options.numbers))
    return of_inputs


def step(
    x: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    kernel: np.ndarray,
    recurrent_kernel: np.ndarray,
    bias: np.ndarray | None = None,
    options: Options = Options(),
) -> tuple[np.ndarray, np.ndarray]:
    """Run one timestep of a stream: x (samples, features), h and c (samples, units) → new h and c.

    Raises:
        TypeError: an array but the bias is None, or they are not all float32 or all float64.
        ValueError: shapes that do not fit together.
    """
    _check_step(x, h, c, kernel, recurrent_kernel, bias)
    h_new, c_new = np.empty(h.shape, h.dtype), np.empty(c.shape, c.dtype)
    arrays = (x, kernel, recurrent_kernel, bias, h, c)
    if not _kernel.step_in_place(*arrays, h_new, c_new, options.numbers):
        plain = [None if array is None else _array(array) for array in arrays]
        dtype = _array(x).dtype
        if any(array is not None and array.dtype != dtype for array in plain):
            raise TypeError("all arrays must have the dtype of x")
        h_new, c_new = np.empty(h.shape, dtype), np.empty(c.shape, dtype)
        _kernel.step([*plain, h_new, c_new], list(options.numbers))
    return h_new, c_new


def _check_step(x: Array, h: Array, c: Array, kernel: Array, recurrent_kernel: Array, bias: Optional) -> None:
    # the common case first: a step takes microseconds
    try:
        samples, features = x.shape
        units = recurrent_kernel.shape[0]
        states, gates = (samples, units), 4 * units
        if (
            h.shape == states == c.shape
            and kernel.shape == (features, gates)
            and recurrent_kernel.shape == (units, gates)
            and (bias is None or bias.shape == (gates,))
        ):
            return
    except (AttributeError, ValueError, IndexError):
        pass
    if np.ndim(x) != 2:
        raise ValueError(f"x must have the axes (samples, features); its shape is {np.shape(x)}.")
    Inputs(np.asarray(x)[:, None], kernel, recurrent_kernel, bias, h, c).prepared(_array, Options())
    raise TypeError("x, h, c, the kernels and the bias must be arrays.")


def accepts(x: Array) -> bool:
    """Tell whether the kernel can compute from such an array: from any of NumPy's."""
    return True


def _array(array: Array, dtype: Any = None) -> np.ndarray:
    """Return an array as the binding takes it: contiguous, aligned, in the machine's byte order, and writable, as a
    memory map or JAX's is not.

    Raises:
        TypeError: it holds no numbers, or hides some.
    """
    own_dtype = getattr(array, "dtype", None)
    if getattr(own_dtype, "kind", "f") in NO_NUMBERS:
        raise TypeError(f"An array holds {own_dtype}; the LSTM kernel computes in float32 and float64.")
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise TypeError("An array is masked, and the mask would be lost. Fill what it hides: array.filled(0).")
    plain = np.ascontiguousarray(array, dtype)
    plain = plain if plain.dtype.isnative else plain.astype(plain.dtype.newbyteorder("="))
    return plain if plain.flags.behaved else plain.copy()


def _contiguous(inputs: Inputs, options: Options) -> Inputs:
    inputs = inputs.prepared(_array, options)
    mask = inputs.mask
    return inputs if mask is None else inputs._replace(mask=mask.view(np.uint8))  # as the binding takes it


def _new_outputs(inputs: Inputs, return_sequences: bool, training: bool) -> Outputs:
    B, T, F, H = inputs.sizes
    dtype = inputs.x.dtype
    return Outputs(
        y=np.empty((B, T, H), dtype) if return_sequences else None,
        last=None if return_sequences else np.empty((B, H), dtype),
        hT=np.empty((B, H), dtype),
        cT=np.empty((B, H), dtype),
        reserve=np.empty(_kernel.reserve_size(B, T, F, H, dtype == np.float64), dtype) if training else None,
    )


def _run(inputs: Inputs, return_sequences: bool, options: Options, training: bool) -> Outputs:
    outputs = _new_outputs(inputs, return_sequences, training)
    if not inputs.sizes[1] and outputs.last is not None:  # no step, no output: zeros, as in the reference
        outputs.last[...] = 0
    _kernel.forward(list(inputs), list(outputs), list(options.numbers))
    return outputs
