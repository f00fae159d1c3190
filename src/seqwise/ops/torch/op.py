"""The fused LSTM on PyTorch's tensors: eager calls go straight to the kernel, traced programs get custom operators."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from seqwise import _kernel
from seqwise.ops.arguments import InputGradients, Inputs, present
from seqwise.ops.options import Options

Optional: TypeAlias = "Tensor | None"
States: TypeAlias = tuple[Tensor, Tensor]
Weights: TypeAlias = "tuple[Tensor, Tensor, Optional]"  # kernel, recurrent_kernel, bias
Result: TypeAlias = tuple[Tensor, Tensor, Tensor]  # outputs, h, c

# Arrays of one or two passes, one after another. A pass has 9 inputs (`Inputs`); results output, h, c and reserve; and
# 6 gradients: those of the first six inputs.
INPUTS, RESULTS, GRADIENTS = len(Inputs._fields), 4, len(InputGradients._fields)

OPENMP = ("GOMP_parallel", "omp_get_thread_num", "omp_get_num_threads", "omp_in_parallel")

# the allocator takes new memory from the system for every large tensor; zeroing its pages takes a good part of a step
_kernel.keep_freed_memory()


def _share_threads() -> None:
    """Run the kernel on PyTorch's own threads: they spin for milliseconds behind each of its operations, and would
    keep the kernel's from the CPUs."""
    library = Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"
    if not library.exists():
        return
    loaded = ctypes.CDLL(str(library))  # also finds the functions of the OpenMP runtime that it is linked to
    if all(hasattr(loaded, name) for name in OPENMP):
        _kernel.share_threads(*(ctypes.cast(getattr(loaded, name), ctypes.c_void_p).value for name in OPENMP))


_share_threads()


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

    Gradients flow to x, the weights and the initial state; the dropout factors and the mask count as constants. Works
    under autograd, inference_mode and torch.compile.
    """
    h0, c0 = (None, None) if initial_state is None else initial_state
    inputs = Inputs(x, kernel, recurrent_kernel, bias, h0, c0, mask, input_dropout, recurrent_dropout)
    return _lstm(inputs.prepared(_dense, options), return_sequences, options)[0]


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
    x = x.contiguous()
    forward, backward = (
        Inputs(x, *w, *((None, None) if state is None else state), mask).prepared(_dense, options)
        for w, state in ((weights, initial_state), (backward_weights, backward_initial_state))
    )
    first, second = _lstm((*forward, *backward), return_sequences, options)
    return first, second


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
    """Tell whether x lies on the CPU (or nowhere, while shapes are inferred), and no program is being exported to where
    Seqwise is not."""
    return x.device.type in ("cpu", "meta") and not (torch.compiler.is_exporting() or torch.jit.is_tracing())  # pyright: ignore[reportPrivateImportUsage]


def _dense(array: Any, dtype: Any = None) -> Tensor:
    if not isinstance(array, Tensor):
        array = torch.as_tensor(array)
    dtype = torch.bool if dtype is bool else dtype
    if dtype is not None and array.dtype != dtype:
        array = array.to(dtype)
    return array.contiguous()


def _lstm(inputs: tuple[Any, ...], return_sequences: bool, options: Options) -> list[Result]:
    training = torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in inputs)
    codes = options.numbers
    if not _plain(inputs):
        flat: Sequence[Any] = lstm_op(_there(inputs), present(inputs), return_sequences, codes, training)
    elif training:
        flat = _Function.apply(return_sequences, codes, *inputs)  # pyright: ignore[reportAssignmentType]
        return [tuple(flat[k : k + 3]) for k in range(0, len(flat), 3)]  # pyright: ignore[reportReturnType]
    else:
        flat = _forward(inputs, return_sequences, codes, False)
    return [tuple(flat[k : k + 3]) for k in range(0, len(flat), RESULTS)]  # pyright: ignore[reportReturnType]


def _plain(tensors: Sequence[Any]) -> bool:
    """Tell whether these are real tensors in memory, and nothing but autograd watches what is done to them."""
    if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():
        return False
    if torch._C._are_functorch_transforms_active():
        return False
    return all(t is None or (type(t) in (Tensor, torch.nn.Parameter) and t.device.type == "cpu") for t in tensors)


# ---- the kernel's calls


def _addresses(tensors: Sequence[Any]) -> list[int]:
    return [0 if t is None else t.data_ptr() for t in tensors]


def _sizes(inputs: Sequence[Any]) -> tuple[Any, Any, Any, Any]:
    return (*inputs[0].shape, inputs[2].shape[0])


def _shapes(inputs: Sequence[Any], return_sequences: bool, training: bool) -> list[tuple[Any, ...]]:
    """The shapes of the results of each pass: output, h, c, reserve."""
    B, T, _, H = _sizes(inputs)
    kept = 0
    if training:  # linear in B and in T, which may be symbols here
        one_step, two_steps = (_kernel.reserve_size(1, t, 1, int(H), inputs[0].dtype == torch.float64) for t in (1, 2))
        kept = B * (T * (two_steps - one_step) + 2 * one_step - two_steps)
    return [(B, T, H) if return_sequences else (B, H), (B, H), (B, H), (kept,)]


def _new_results(inputs: Sequence[Any], return_sequences: bool, training: bool) -> list[Tensor]:
    x, shapes = inputs[0], _shapes(inputs, return_sequences, training)
    passes = len(inputs) // INPUTS
    return [torch.empty(shape, dtype=x.dtype, device=x.device) for _ in range(passes) for shape in shapes]


def _forward(inputs: Sequence[Any], return_sequences: bool, codes: Sequence[int], training: bool) -> list[Tensor]:
    results = _new_results(inputs, return_sequences, training)
    addresses = []
    for p in range(len(inputs) // INPUTS):
        output, h, c, reserve = _addresses(results[p * RESULTS : (p + 1) * RESULTS])
        addresses += _addresses(inputs[p * INPUTS : (p + 1) * INPUTS])
        addresses += [output, 0] if return_sequences else [0, output]
        addresses += [h, c, reserve if training else 0]
    _kernel.forward_at(addresses, _sizes(inputs), inputs[0].dtype == torch.float64, codes)
    return results


def _new_gradients(inputs: Sequence[Any], need_dx: bool) -> list[Any]:
    """Tensors for the gradients of the first six inputs of each pass; None for those that are not there."""
    return [
        None if t is None or (k == 0 and not need_dx) else torch.empty_like(t)
        for p in range(0, len(inputs), INPUTS)
        for k, t in enumerate(inputs[p : p + GRADIENTS])
    ]


def _backward(
    inputs: Sequence[Any],
    reserves: Sequence[Tensor],
    gradients: Sequence[Any],
    return_sequences: bool,
    codes: Sequence[int],
    need_dx: bool,
) -> list[Any]:
    """gradients: of output, h and c, of each pass; None where zero."""
    results = _new_gradients(inputs, need_dx)
    dense = [None if g is None else g.contiguous() for g in gradients]
    addresses = []
    for p, reserve in enumerate(reserves):
        addresses += _addresses(inputs[p * INPUTS : (p + 1) * INPUTS])
        output, h, c = _addresses(dense[3 * p : 3 * p + 3])
        addresses += [reserve.data_ptr(), *((output, 0) if return_sequences else (0, output)), h, c]
        addresses += _addresses(results[p * GRADIENTS : (p + 1) * GRADIENTS])
    _kernel.backward_at(addresses, _sizes(inputs), inputs[0].dtype == torch.float64, codes)
    return results


def _of_inputs(computed: Sequence[Any]) -> list[Any]:
    """Gradients of all nine inputs of each pass."""
    each: list[Any] = []
    for p in range(0, len(computed), GRADIENTS):
        each += [*computed[p : p + GRADIENTS], *([None] * (INPUTS - GRADIENTS))]
    return each


class _Function(torch.autograd.Function):
    """The eager way: a third of the time that an operator with autograd takes for a small call."""

    @staticmethod
    def forward(ctx: Any, return_sequences: bool, codes: Sequence[int], *inputs: Any) -> Any:
        results = _forward(inputs, return_sequences, codes, True)
        reserves = results[RESULTS - 1 :: RESULTS]
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*inputs, *reserves)
        ctx.settings = return_sequences, codes
        return tuple(t for k, t in enumerate(results) if k % RESULTS != RESULTS - 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        saved, (return_sequences, codes) = ctx.saved_tensors, ctx.settings
        passes = len(gradients) // 3
        inputs, reserves = saved[: passes * INPUTS], saved[passes * INPUTS :]
        need_dx = ctx.needs_input_grad[2]
        with torch.no_grad():
            of_inputs = _of_inputs(_backward(inputs, reserves, gradients, return_sequences, codes, need_dx))
        if torch.is_grad_enabled():  # with create_graph=True
            of_inputs = [None if g is None else _Once.apply(g.requires_grad_()) for g in of_inputs]
        return (None, None, *of_inputs)


class _Once(torch.autograd.Function):
    """A gradient that cannot be differentiated again."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise RuntimeError("The fused LSTM has no second derivative; use torch.nn.LSTM for it.")


# ---- the same as operators, which compilers see as a whole
#
# Autograd does not look into lists with None: an operator takes the tensors that are there, and a bit for each place.


def _spread(tensors: Sequence[Tensor], there: int, places: int) -> list[Optional]:
    """Put tensors into their places; None in the others."""
    remaining = iter(tensors)
    return [next(remaining) if there >> place & 1 else None for place in range(places)]


def _there(tensors: Sequence[Any]) -> list[Tensor]:
    return [t for t in tensors if t is not None]


def _inputs(tensors: Sequence[Tensor], there: int) -> list[Optional]:
    return _spread(tensors, there, INPUTS if there < 1 << INPUTS else 2 * INPUTS)


@torch.library.custom_op("seqwise::lstm", mutates_args=())
def lstm_op(
    tensors: Sequence[Tensor], there: int, return_sequences: bool, options: Sequence[int], training: bool
) -> list[Tensor]:
    """Output, h, c and reserve of each pass. The reserve is what the backward pass needs; empty without `training`."""
    return _forward(_inputs(tensors, there), return_sequences, options, training)


@lstm_op.register_fake
def _(tensors: Any, there: int, return_sequences: bool, options: Any, training: bool) -> list[Tensor]:
    return _new_results(_inputs(tensors, there), return_sequences, training)


@torch.library.custom_op("seqwise::lstm_backward", mutates_args=())
def lstm_backward_op(
    tensors: Sequence[Tensor],
    there: int,
    reserves: Sequence[Tensor],
    gradients: Sequence[Tensor],
    gradients_there: int,
    return_sequences: bool,
    options: Sequence[int],
    need_dx: bool,
) -> list[Tensor]:
    """The gradients of those of the first six inputs of each pass that are there; of x with `need_dx`."""
    of_results = _spread(gradients, gradients_there, 3 * len(reserves))
    return _there(_backward(_inputs(tensors, there), reserves, of_results, return_sequences, options, need_dx))


@lstm_backward_op.register_fake
def _(
    tensors: Any, there: int, reserves: Any, gradients: Any, gradients_there: int, return_sequences: bool, options: Any,
    need_dx: bool,
) -> list[Tensor]:  # fmt: skip
    return _there(_new_gradients(_inputs(tensors, there), need_dx))


def _keep(ctx: Any, inputs: Any, output: list[Tensor]) -> None:
    tensors, ctx.there, ctx.return_sequences, ctx.options, training = inputs
    if not training:
        raise RuntimeError("seqwise::lstm was called with training=False; its gradients need training=True.")
    ctx.need_dx = tensors[0].requires_grad
    ctx.passes = len(output) // RESULTS
    ctx.save_for_backward(*tensors, *output[RESULTS - 1 :: RESULTS])
    ctx.set_materialize_grads(False)


def _backward_of_op(ctx: Any, gradients: list[Optional]) -> Any:
    saved = ctx.saved_tensors
    tensors, reserves = saved[: -ctx.passes], saved[-ctx.passes :]
    wanted = [g for k, g in enumerate(gradients) if k % RESULTS != RESULTS - 1]
    computed = iter(
        lstm_backward_op(
            tensors,
            ctx.there,
            reserves,
            _there(wanted),
            present(wanted),
            ctx.return_sequences,
            ctx.options,
            ctx.need_dx,
        )
    )
    each = []
    for place in range(ctx.passes * INPUTS):
        if ctx.there >> place & 1:
            number = place % INPUTS
            each.append(next(computed) if number < GRADIENTS and (number or ctx.need_dx) else None)
    return each, None, None, None, None


lstm_op.register_autograd(_backward_of_op, setup_context=_keep)
