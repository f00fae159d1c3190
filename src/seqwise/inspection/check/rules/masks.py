"""Padding and masks: padding that is never masked, a mask lost on the way, index 0 used twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from seqwise.inspection.check.context import Context, Input
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.measures import slides
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import embedded, inputs_with_data
from seqwise.inspection.check.torch_selectors import reads_padding
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Call
from seqwise.inspection.layer_kinds import is_a, is_recurrent, keeps_time

PACK = " Pack the sequences: torch.nn.utils.rnn.pack_padded_sequence(…, lengths, enforce_sorted=False)."
READS_MASKS = ("GlobalAveragePooling1D", "MultiHeadAttention", "Attention")


@dataclass(frozen=True)
class Padding:
    """Padding that was seen in the data.

    Attributes:
        value: what it is made of; None where a step is padded with different numbers in its features.
        side: ``"after"`` the sequences' end or ``"before"`` their start.
        share: of the samples that looked at have some. longest: its most timesteps in one sample.
    """

    value: float | None
    side: str
    share: float
    longest: int


def find_padding(data: Array) -> Padding | None:
    """Find constant steps at one end of the sequences, of lengths that differ from sample to sample.

    It is padding where the same step (all features alike) fills the end, or the start, of at least one sample in ten
    for two timesteps or more, for different lengths; where it is on one side only (the rows of an image have it on
    both); where it hardly occurs inside the sequences (at most 2 in 100 steps; quantities that are often zero do); and
    where the samples are not windows that slide over one series.
    """
    if data.values is None or len(data.shape) not in (2, 3) or data.shape[1] < 3 or data.samples < 2:
        return None
    part = data.part.reshape(*data.part.shape[:2], -1)
    if part.shape[2] == 1 and len(np.unique(part[:200])) <= 2:
        return None  # a flag that is switched on or off once
    if part.dtype.kind not in "fiub" or slides(data):
        return None
    for side in ("after", "before"):
        found = _padding_at(part if side == "before" else part[:, ::-1], side)
        if found is not None:
            return found
    return None


def _padding_at(part: np.ndarray, side: str) -> Padding | None:
    """Look for padding at the start of the sequences, shape (samples, timesteps, features)."""
    first = _commonest(part[:, 0])
    if first is None:
        return None
    equal = (part == first).all(axis=2)
    lead = _run(equal)
    trail = _run(equal[:, ::-1])
    steps = part.shape[1]
    whole = lead == steps
    counted = ~whole
    if not counted.any():
        return None
    runs = lead[counted]
    has = runs >= 2
    if has.mean() < 0.1 or len(np.unique(runs)) < 2:
        return None
    if (trail[counted] >= 2).mean() > 0.25 * has.mean():
        return None
    inside = equal[counted].sum() - runs.sum()
    room = counted.sum() * steps - runs.sum()
    if room <= 0 or inside / room > 0.02:
        return None
    value = float(first[0]) if (first == first[0]).all() else None
    return Padding(value, side, float(has.mean()), int(runs.max()))


def _commonest(steps: np.ndarray) -> np.ndarray | None:
    """Return the step, shape (features,), that occurs most often; None where each occurs once."""
    steps = np.ascontiguousarray(steps)
    keys = steps.view(np.dtype((np.void, steps.dtype.itemsize * steps.shape[1]))).ravel()
    _, index, counts = np.unique(keys, return_index=True, return_counts=True)
    best = counts.argmax()
    return steps[index[best]] if counts[best] > 1 or len(steps) <= 3 else None


def _run(equal: np.ndarray) -> np.ndarray:
    """Return how many entries are true from the start of each row."""
    return np.where(equal.all(axis=1), equal.shape[1], (~equal).argmax(axis=1))


def masked_somewhere(context: Context) -> bool:
    return any(call.mask.roles for call in context.calls) or any(
        is_a(call.layer, "Masking") or (is_a(call.layer, "Embedding") and call.layer.mask_zero)
        for call in context.calls
    )


def reader(context: Context, one: Input) -> Call | None:
    """Return the first recurrent step that the input reaches, or that pools over its timesteps."""
    if len(context.inputs) > 1 and one is not context.inputs[0]:
        return None
    return next(iter(context.recurrent_calls), None)


@rule("SW230", "padding-not-masked", unless=("SW11", "SW143"))
def not_masked(context: Context) -> Iterator[Fault]:
    """The sequences are padded after their end, and nothing masks the padding.

    Warning. The LSTM runs on through the padding, and what it returns is its state after it. Fires where the input is
    padded after its end and no layer makes a mask; for a PyTorch module, where a recurrent module reads it, not packed,
    and its last state or its output at the last timestep is used (``padding_idx`` only keeps a row at zero).

    Padding is the same step (all features alike) at the end of at least one sample in ten, for two timesteps or more
    and for different lengths. It is none where the other end has it, too (the rows of an image), where more
    than 2 in 100 of the other steps are the same (a quantity that is often zero), or where the samples are windows that
    slide over one series, or hold one feature of two values. At most 2000 samples are looked at.
    """
    for one, data in inputs_with_data(context):
        call = reads_padding(context, one) if context.torch else reader(context, one)
        if call is None or masked_somewhere(context):
            continue
        padding = find_padding(data)
        if padding is None or padding.side != "after":
            continue
        where, fix = ("forward", "") if context.torch else mask_fix(one, padding, call)
        yield Fault(
            severity="warning",
            where=where,
            what=f"{data.name} is padded after the end of its sequences: {padding.share:.0%} of the samples end in "
            f"up to {padding.longest:,} steps of {_value(padding)}, and nothing masks them. The "
            f"{type(call.layer).__name__} runs on through the padding and forgets what it read." + PACK * context.torch,
            expected="a mask for the padded steps",
            got=f"padding of {_value(padding)}, no mask",
            fix=fix,
        )


@rule("SW231", "left-padding-not-masked", unless=("SW11", "SW143", "SW230"))
def left_padding(context: Context) -> Iterator[Fault]:
    """The sequences are padded before their start, and nothing masks the padding.

    Hint. The LSTM's state moves before the first real step; with padding in front it mostly recovers. Fires where
    the last state is what counts; for what is padding, see padding-not-masked.
    """
    for one, data in inputs_with_data(context):
        call = reader(context, one)
        if call is None or masked_somewhere(context):
            continue
        if keeps_time(context.recurrent_calls[-1].layer):
            continue
        padding = find_padding(data)
        if padding is None or padding.side != "before":
            continue
        where, fix = mask_fix(one, padding, call)
        yield Fault(
            severity="hint",
            where=where,
            what=f"{data.name} is padded before the start of its sequences ({padding.share:.0%} of the samples, up "
            f"to {padding.longest:,} steps of {_value(padding)}), and nothing masks it: the state has moved when the "
            "first real step comes.",
            expected="a mask for the padded steps",
            got=f"padding of {_value(padding)}, no mask",
            fix=fix,
        )


def _value(padding: Padding) -> str:
    return "one and the same step" if padding.value is None else f"{padding.value:g}"


def mask_fix(one: Input, padding: Padding, call: Call) -> tuple[str, str]:
    """Return (where, fix): ``mask_zero`` on the Embedding that reads the input, else Masking before the first layer."""
    if one.embedded is not None:
        return f"layer {one.embedded.name!r}", layer_code(one.embedded, mask_zero=True)
    value = padding.value if padding.value is not None else 0.0
    return f"before layer {call.name!r}", f"keras.layers.Masking(mask_value={value!r})"


@rule("SW232", "mask-lost")
def lost(context: Context) -> Iterator[Fault]:
    """A mask is made but does not reach the recurrent layer: a layer between does not carry it on.

    Warning: Keras warns once at best, then trains on the padding. Fires where a recurrent layer, or an average over the
    timesteps, is reached by a mask that a layer without mask support has dropped.
    """
    seen = set()
    for call in context.calls:
        lost = call.first.lost if call.inputs and not call.uses_mask else ()
        if not lost or not (is_recurrent(call.layer) or is_a(call.layer, *READS_MASKS)):
            continue
        maker, loser = lost[0].maker, lost[0].lost_at
        if loser in seen or not isinstance(maker, Call):
            continue
        seen.add(loser)
        if is_a(maker.layer, "Masking"):
            value = float(np.asarray(maker.layer.mask_value))
            where, fix = f"after layer {loser.name!r}", f"keras.layers.Masking(mask_value={value!r})"
        else:
            where, fix = f"layer {loser.name!r}", _carrier(loser.layer)
        yield Fault(
            severity="warning",
            where=where,
            what=f"{type(maker.layer).__name__} {maker.name!r} makes a mask, but {type(loser.layer).__name__} "
            f"{loser.name!r} does not carry it on, so {type(call.layer).__name__} {call.name!r} reads the padding.",
            expected=f"a mask at {call.name}",
            got=f"the mask ends at {loser.name}",
            fix=fix,
        )


def _carrier(loser: object) -> str:
    """Write a layer that does nearly the same and carries the mask."""
    filters = getattr(loser, "filters", None)
    if filters is not None:
        return f"keras.layers.TimeDistributed(keras.layers.Dense({filters}, activation='relu'))"
    return "keras.layers.Identity()"


@rule("SW233", "mask-value-differs")
def other_value(context: Context) -> Iterator[Fault]:
    """Masking skips another value than the one that the sequences are padded with.

    Warning. Fires where the input is padded with a value that the model's Masking does not skip; for what is padding,
    see padding-not-masked.
    """
    maskings = [call.layer for call in context.calls if is_a(call.layer, "Masking")]
    if not maskings:
        return
    for _, data in inputs_with_data(context):
        padding = find_padding(data)
        if padding is None or padding.value is None:
            continue
        layer = maskings[0]
        if any(np.isclose(float(np.asarray(held.mask_value)), padding.value) for held in maskings):
            continue
        yield Fault(
            severity="warning",
            where=f"layer {layer.name!r}",
            what=f"{data.name} is padded with {padding.value:g}, but the Masking layer skips "
            f"{float(np.asarray(layer.mask_value)):g}: the padding is read as data.",
            expected=f"mask_value={padding.value:g}",
            got=f"mask_value={float(np.asarray(layer.mask_value)):g}",
            fix=f"keras.layers.Masking(mask_value={padding.value!r})",
        )


@rule("SW234", "zero-is-a-token")
def zero_token(context: Context) -> Iterator[Fault]:
    """Index 0 is used as a real token under ``mask_zero=True``.

    Warning: these tokens are skipped. Fires where at least one sequence in 50 has a 0 with other tokens on both sides.
    """
    for _, data, layer in embedded(context):
        if not layer.mask_zero or len(data.shape) != 2:
            continue
        part = data.part
        zero = part == 0
        before = np.logical_or.accumulate(~zero, axis=1)
        after = np.logical_or.accumulate(~zero[:, ::-1], axis=1)[:, ::-1]
        inside = zero & before & after
        share = inside.any(axis=1).mean()
        if share < 0.02:
            continue
        padded = bool((zero[:, -1] | zero[:, 0]).mean() > 0.1)
        top = int(np.max(data.values)) + 2
        if padded:
            where = "x"
            fix = (
                f"ends = np.cumsum({data.name}[:, ::-1] != 0, axis=1)[:, ::-1] == 0  # the zeros after the last token\n"
                f"{data.name} = np.where(ends, 0, {data.name} + 1)"
            )
        elif top <= layer.input_dim:
            where, fix = "x", f"{data.name} = {data.name} + 1"
        else:
            where, fix = f"layer {layer.name!r}", layer_code(layer, mask_zero=False)
        yield Fault(
            severity="warning",
            where=where,
            what=f"{share:.0%} of the sequences in {data.name} hold a 0 between other tokens, so 0 is a token; but "
            "mask_zero=True skips every 0 as padding. Shift the ids by one, so that 0 is free"
            + (f" (the Embedding then needs {top:,} rows)." if top > layer.input_dim else "."),
            expected="0 for padding only",
            got=f"0 inside {share:.0%} of the sequences",
            fix=fix,
        )
