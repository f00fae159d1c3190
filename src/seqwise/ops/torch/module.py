"""`torch.nn.LSTM` on the fused kernel: the same parameters, arguments and results."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from seqwise.ops.options import Options
from seqwise.ops.torch.op import Result, States, Weights, accepts, bidirectional_lstm, lstm

Module = TypeVar("Module", bound=torch.nn.Module)

OPTIONS = Options(masked_output="zero")


class LSTM(torch.nn.LSTM):
    """`torch.nn.LSTM`, run by Seqwise's fused kernel on the CPU.

    Arguments, parameters and their names, state dicts, initial values, inputs and results are PyTorch's own (see its
    documentation), a `PackedSequence` in and out included. PyTorch's own code runs where the kernel cannot: on another
    device, in a dtype other than float32 and float64, under autocast, with `proj_size`, and in programs that are
    exported.

    Example:
        >>> LSTM(3, 4, batch_first=True)(torch.zeros(2, 10, 3))[0].shape
        torch.Size([2, 10, 4])
    """

    def forward(self, input: Any, hx: States | None = None) -> Any:  # noqa: A002 (PyTorch's name)
        packed = isinstance(input, PackedSequence)
        x: Tensor = input.data if packed else input
        if not self._on_kernel(x):
            return super().forward(input, hx)
        if packed:
            return self._packed(input, hx)
        if x.dim() not in (2, 3):
            raise ValueError(f"LSTM: Expected input to be 2D or 3D, got {x.dim()}D instead")
        batched = x.dim() == 3
        if hx is not None and any(state.dim() != x.dim() for state in hx):
            raise RuntimeError(
                f"For {'batched 3' if batched else 'unbatched 2'}-D input, hx and cx should also be {x.dim()}-D "
                f"but got ({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
            )
        batch_axis = 0 if self.batch_first or not batched else 1
        if not batched:
            x, hx = x[None], None if hx is None else (hx[0][:, None], hx[1][:, None])
        elif not self.batch_first:
            x = x.transpose(0, 1)
        self._check(x, hx)
        y, h, c = self._layers(x, hx, None)
        if not batched:
            return y[0], (h[:, 0], c[:, 0])
        return (y.transpose(0, 1) if batch_axis else y), (h, c)

    def _on_kernel(self, x: Tensor) -> bool:
        weight = self.weight_hh_l0
        return (
            accepts(x)
            and not self.proj_size
            and x.dtype in (torch.float32, torch.float64)
            and (weight.dtype, weight.device) == (x.dtype, x.device)
            and not torch.is_autocast_enabled("cpu")
        )

    def _check(self, x: Tensor, hx: States | None) -> None:
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.shape[-1]}"
            )
        if hx is not None:
            shape = (self.num_layers * (1 + self.bidirectional), x.shape[0], self.hidden_size)
            for name, state in zip(("hidden[0]", "hidden[1]"), hx, strict=True):
                self.check_hidden_size(state, shape, f"Expected {name} size {{}}, got {{}}")

    def _packed(self, sequences: PackedSequence, hx: States | None) -> tuple[PackedSequence, States]:
        data, batch_sizes, order, back = sequences
        B, T = int(batch_sizes[0]), len(batch_sizes)
        mask = batch_sizes > torch.arange(B)[:, None]  # (B, T)
        timesteps, samples = mask.t().nonzero(as_tuple=True)  # in the order of the packed rows
        rows = samples * T + timesteps
        x = data.new_zeros(B * T, data.shape[-1]).index_copy(0, rows, data).view(B, T, -1)
        if hx is not None and order is not None:
            hx = hx[0].index_select(1, order), hx[1].index_select(1, order)
        self._check(x, hx)
        y, h, c = self._layers(x, hx, mask)
        output = _Rows.apply(y.reshape(B * T, -1), rows)
        if back is not None:
            h, c = h.index_select(1, back), c.index_select(1, back)
        return PackedSequence(output, batch_sizes, order, back), (h, c)  # pyright: ignore[reportArgumentType]

    def _layers(self, x: Tensor, hx: States | None, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Run all layers: x (samples, timesteps, features) → outputs, and h and c of every layer and direction."""
        directions = 1 + self.bidirectional
        ends: list[Result] = []
        y = x
        for layer in range(self.num_layers):
            if layer and self.dropout and self.training:
                y = torch.nn.functional.dropout(y, self.dropout)
            weights = [self._weights(layer, direction) for direction in range(directions)]
            states = [
                None if hx is None else (hx[0][layer * directions + d], hx[1][layer * directions + d])
                for d in range(directions)
            ]
            if self.bidirectional:
                forward, backward = bidirectional_lstm(
                    y, weights[0], weights[1], states[0], states[1], mask=mask, return_sequences=True, options=OPTIONS
                )
                results = [forward, backward]
                y = torch.cat([forward[0], backward[0].flip(1)], -1)
            else:
                results = [lstm(y, *weights[0], states[0], mask=mask, return_sequences=True, options=OPTIONS)]
                y = results[0][0]
            ends += results
        if len(ends) == 1:
            return y, ends[0][1][None], ends[0][2][None]
        return y, torch.stack([h for _, h, _ in ends]), torch.stack([c for _, _, c in ends])

    def _weights(self, layer: int, direction: int) -> Weights:
        """PyTorch has (4 · units, features), and two biases; its gates i, f, g, o are Keras's i, f, c, o."""
        end = f"_l{layer}" + ("_reverse" if direction else "")
        kernel, recurrent_kernel = (getattr(self, name + end).t() for name in ("weight_ih", "weight_hh"))
        bias = getattr(self, "bias_ih" + end) + getattr(self, "bias_hh" + end) if self.bias else None
        return kernel, recurrent_kernel, bias


class _Rows(torch.autograd.Function):
    """Some rows of a matrix, each at most once: their gradients can be copied, where index_select adds them up."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.count = len(matrix)
        return matrix.index_select(0, rows)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (gradient,), (rows,) = gradients, ctx.saved_tensors
        return gradient.new_zeros(ctx.count, gradient.shape[1]).index_copy(0, rows, gradient), None


def accelerate(module: Module, *, verbose: bool = True) -> Module:
    """Run every `torch.nn.LSTM` of a module on the fused kernel, in place.

    The modules stay the same objects with the same parameters; only their `forward` changes.

    Args:
        module: any module; an LSTM itself, too.
        verbose: print which recurrent modules were left to PyTorch, and why.

    Returns:
        the same module.
    """
    left = []
    for name, part in module.named_modules():
        if type(part) is torch.nn.LSTM and not part.proj_size:
            part.__class__ = LSTM
        elif isinstance(part, torch.nn.RNNBase) and type(part) is not LSTM:
            left.append(f"{name or type(part).__name__}: {_why_left(part)}")
    if verbose and left:
        print("seqwise.accelerate left to PyTorch:\n  " + "\n  ".join(left))
    return module


def _why_left(part: torch.nn.RNNBase) -> str:
    if type(part) is torch.nn.LSTM:
        return f"the kernel has no proj_size={part.proj_size}"
    if isinstance(part, torch.nn.LSTM):
        return f"{type(part).__name__} is a subclass of LSTM and may have its own forward"
    return f"the kernel is an LSTM; this is {type(part).__name__}"
