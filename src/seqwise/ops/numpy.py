"""The fused LSTM on NumPy arrays."""

import numpy as np

from seqwise import _kernel
from seqwise.ops.arguments import InputGradients, Inputs, OutputGradients, Outputs, check
from seqwise.ops.options import DTYPES, Options


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
    """Runs an LSTM over sequences, with the semantics of `keras.layers.LSTM`.

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
    inputs = _prepare(
        x, kernel, recurrent_kernel, bias, initial_state, mask, input_dropout, recurrent_dropout,
        options,
    )  # fmt: skip
    outputs = _run(inputs, return_sequences, options, training=False)
    return (outputs.y if return_sequences else outputs.last), outputs.hT, outputs.cT


def forward(inputs: Inputs, return_sequences=False, options=Options()) -> Outputs:
    """The training forward pass: as `lstm`, and keeps what `backward` needs."""
    return _run(_contiguous(inputs, options), return_sequences, options, training=True)


def backward(inputs: Inputs, reserve, y=None, last=None, hT=None, cT=None, options=Options()) -> InputGradients:
    """Gradients of the inputs, given those of the outputs (None: zeros)."""
    inputs = _contiguous(inputs, options)
    dtype = inputs.x.dtype
    given = OutputGradients(
        reserve, *(None if g is None else np.ascontiguousarray(g, dtype) for g in (y, last, hT, cT))
    )
    wanted = InputGradients(
        *(None if a is None else np.empty(a.shape, dtype) for a in inputs[: len(InputGradients._fields)])
    )
    _kernel.backward(list(inputs), list(given), list(wanted), list(options.codes().values()))
    return wanted


def step(x, h, c, kernel, recurrent_kernel, bias=None, options=Options()):
    """One timestep for a stream: x (samples, features), h and c (samples, units) → new h and c."""
    h_new, c_new = np.empty_like(h, order="C"), np.empty_like(c, order="C")
    arrays = (x, kernel, recurrent_kernel, bias, h, c, h_new, c_new)
    if not _kernel.step_in_place(*arrays, options.numbers):
        _kernel.step(list(arrays), list(options.numbers))
    return h_new, c_new


def _prepare(x, kernel, recurrent_kernel, bias, initial_state, mask, input_dropout,
             recurrent_dropout, options):  # fmt: skip
    h0, c0 = (None, None) if initial_state is None else initial_state
    inputs = Inputs(x, kernel, recurrent_kernel, bias, h0, c0, mask, input_dropout, recurrent_dropout)
    return _contiguous(inputs, options)


def _contiguous(inputs: Inputs, options: Options) -> Inputs:
    dtype = np.asarray(inputs.x).dtype
    if str(dtype) not in DTYPES:
        raise TypeError(f"x has dtype {dtype}; the LSTM kernel computes in {' and '.join(DTYPES)}.")
    arrays = {
        name: None if array is None else np.ascontiguousarray(array, bool if name == "mask" else dtype)
        for name, array in inputs._asdict().items()
    }
    if arrays["mask"] is not None:
        arrays["mask"] = arrays["mask"].view(np.uint8)
    inputs = Inputs(**arrays)
    check(inputs, options.dropout_masks)
    return inputs


def _run(inputs: Inputs, return_sequences: bool, options: Options, training: bool) -> Outputs:
    B, T, F, H = inputs.sizes
    dtype = inputs.x.dtype
    outputs = Outputs(
        y=np.empty((B, T, H), dtype) if return_sequences else None,
        last=None if return_sequences else np.empty((B, H), dtype),
        hT=np.empty((B, H), dtype),
        cT=np.empty((B, H), dtype),
        reserve=np.empty(_kernel.reserve_size(B, T, F, H, dtype == np.float64), dtype) if training else None,
    )
    _kernel.forward(list(inputs), list(outputs), list(options.codes().values()))
    return outputs
