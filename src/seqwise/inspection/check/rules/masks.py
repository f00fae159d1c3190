"""Padding and masks: padding that nothing masks, a mask lost on the way, index 0 used twice."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from seqwise.inspection.check.fixes import at_layer, change_layer, change_x
from seqwise.inspection.check.layer_code import mask_value
from seqwise.inspection.check.padding import Padding, find_padding
from seqwise.inspection.check.registry import Array, Call, Context, Fault, Faults, Fix, Input, rule
from seqwise.inspection.check.selectors import (
    data_read_by,
    describe,
    embedded,
    inputs_with_data,
    mask_maker,
    recurrent_calls,
)
from seqwise.inspection.check.torch_selectors import reads_padding
from seqwise.inspection.graph import LostMask
from seqwise.inspection.layer_kinds import PASSES_ON, is_a, is_recurrent, keeps_time

PACK = " Pack the sequences: torch.nn.utils.rnn.pack_padded_sequence(…, lengths, enforce_sorted=False)."
READS_MASKS = ("GlobalAveragePooling1D", "MultiHeadAttention", "Attention")


def padded(context: Context, side: str) -> Iterator[tuple[Input, Array, Padding, Call]]:
    """Yield the inputs that are padded on this side of their sequences, with the recurrent layer that reads them.

    None where a layer makes a mask. Only the first of several inputs is known to reach the recurrent layer.
    """
    if any(call.mask.roles for call in context.calls):
        return
    for entry, data in inputs_with_data(context):
        first = next(iter(recurrent_calls(context)), None) if entry is context.inputs[0] else None
        call = reads_padding(context, entry) if context.torch else first
        padding = find_padding(data) if call is not None else None
        if call is not None and padding is not None and padding.side == side:
            yield entry, data, padding, call


def _mask(entry: Input, padding: Padding, call: Call) -> Fix:
    """Let the Embedding that reads the input make the mask, else a Masking before the first recurrent layer."""
    if entry.embedded is not None:
        return change_layer(entry.embedded, mask_zero=True)
    value = padding.value if padding.value is not None else 0.0
    return at_layer(call, f"keras.layers.Masking(mask_value={value!r})", "before")


@rule("SW230", "padding-not-masked", "warning", partial(padded, side="after"), unless=("SW11", "SW143"))
def not_masked(context: Context, entry: Input, data: Array, padding: Padding, call: Call) -> Faults:
    """Sequences are padded at their end, and nothing masks the padding."""
    yield Fault(
        what=f"The sequences of {data.name} are padded at their end: {padding.share:.0%} of the samples end in up to "
        f"{padding.longest:,} steps of {padding.filling}, and nothing masks them. The {type(call.layer).__name__} runs "
        f"on through the padding and forgets what it read.{PACK if context.torch else ''}",
        expected="a mask for the padded steps",
        got=f"padding of {padding.filling}, no mask",
        fix=Fix("forward") if context.torch else _mask(entry, padding, call),
    )


@rule("SW231", "left-padding-not-masked", "hint", partial(padded, side="before"), unless=("SW11", "SW143", "SW230"))
def left_padding(context: Context, entry: Input, data: Array, padding: Padding, call: Call) -> Faults:
    """Sequences are padded at their start, and nothing masks the padding."""
    if context.torch or keeps_time(recurrent_calls(context)[-1].layer):
        return
    yield Fault(
        what=f"The sequences of {data.name} are padded at their start ({padding.share:.0%} of the samples, up to "
        f"{padding.longest:,} steps of {padding.filling}), and nothing masks it: the state has moved before the first "
        "real step.",
        expected="a mask for the padded steps",
        got=f"padding of {padding.filling}, no mask",
        fix=_mask(entry, padding, call),
    )


@rule("SW232", "mask-lost", "warning")
def lost(context: Context) -> Faults:
    """A mask does not reach the recurrent layer: a layer in between drops it."""
    yield from _flattened(context)
    reported: set[Call] = set()
    for call in context.calls:
        masks: tuple[LostMask, ...] = call.first.lost if call.inputs and "uses" not in call.mask.roles else ()
        if not masks or not (is_recurrent(call.layer) or is_a(call.layer, *READS_MASKS)):
            continue
        maker, dropper = masks[0].maker, masks[0].lost_at
        if dropper in reported or not isinstance(maker, Call):
            continue
        reported.add(dropper)
        yield Fault(
            what=f"{describe(maker)} makes a mask, but {describe(dropper)} does not pass it on, so {describe(call)} "
            "reads the padding.",
            expected=f"a mask at {call.name}",
            got=f"the mask ends at {dropper.name}",
            fix=_carry(maker, dropper),
        )


def _flattened(context: Context) -> Faults:
    for call in context.calls:
        maker = mask_maker(call)
        if maker is None or "drops" not in call.mask.roles or not is_a(call.layer, "Flatten", "Reshape"):
            continue
        data = data_read_by(context, maker)
        if call.first.rank != 3 or len(call.shapes[0]) != 2 or (data is not None and find_padding(data) is None):
            continue
        source = next((before for before in call.back() if not is_a(before.layer, *PASSES_ON)), None)
        if source is not None and is_recurrent(source.layer):
            advice = "Let the last state of the sequence stand for it."
            fix = change_layer(source.layer, return_sequences=False)
        else:
            advice = "Average over the timesteps that are not masked."
            fix = at_layer(call, "keras.layers.GlobalAveragePooling1D()")
        yield Fault(
            what=f"{describe(maker)} makes a mask, and {describe(call)} drops it: it puts all timesteps side by side, "
            f"and the next layer learns weights for the padding. {advice}",
            expected="padded timesteps are left out",
            got=f"the mask ends at {call.name}",
            fix=fix,
        )


def _carry(maker: Call, dropper: Call) -> Fix:
    """Put in a layer that does nearly the same and passes the mask on, or a second Masking."""
    filters = getattr(dropper.layer, "filters", None)
    if filters is not None:
        dense = f"keras.layers.Dense({filters}, activation='relu')"
        return at_layer(dropper, f"keras.layers.TimeDistributed({dense})")
    if is_a(maker.layer, "Masking"):
        return at_layer(dropper, f"keras.layers.Masking(mask_value={mask_value(maker.layer)!r})", "after")
    unchanged = len(dropper.inputs) == 1 and dropper.shapes[0] == dropper.first.shape
    return at_layer(dropper, "keras.layers.Identity()" if unchanged else "")


@rule("SW233", "mask-value-differs", "warning", inputs_with_data)
def other_value(context: Context, entry: Input, data: Array) -> Faults:
    """Masking skips a different value than the padding's."""
    maskings = [call.layer for call in context.calls if is_a(call.layer, "Masking")]
    padding = find_padding(data) if maskings else None
    if padding is None or padding.value is None or np.isclose([*map(mask_value, maskings)], padding.value).any():
        return
    yield Fault(
        what=f"{data.name} is padded with {padding.value:g}, but the Masking layer skips {mask_value(maskings[0]):g}, "
        "so the model reads the padding as data.",
        expected=f"mask_value={padding.value:g}",
        got=f"mask_value={mask_value(maskings[0]):g}",
        fix=at_layer(maskings[0], f"keras.layers.Masking(mask_value={padding.value!r})"),
    )


@rule("SW234", "zero-is-a-token", "warning", embedded)
def zero_token(context: Context, data: Array, embedding: Any) -> Faults:
    """Index 0 is a real token, but ``mask_zero=True`` skips it."""
    if not embedding.mask_zero or len(data.shape) != 2:
        return
    zero = data.part == 0
    before = np.logical_or.accumulate(~zero, axis=1)
    after = np.logical_or.accumulate(~zero[:, ::-1], axis=1)[:, ::-1]
    share = (zero & before & after).any(axis=1).mean()
    if share < 0.02:
        return
    x, rows = data.name, int(data.numbers.max()) + 2  # that the table needs once the ids are shifted
    if (zero[:, -1] | zero[:, 0]).mean() > 0.1:  # there is padding
        ends = f"ends = np.cumsum({x}[:, ::-1] != 0, axis=1)[:, ::-1] == 0  # the zeros after the last token"
        fix = Fix("x", f"{ends}\n{x} = np.where(ends, 0, {x} + 1)")
    elif rows <= embedding.input_dim:
        fix = change_x(data, f"{x} + 1")
    else:
        fix = change_layer(embedding, mask_zero=False)
    yield Fault(
        what=f"{share:.0%} of the sequences in {x} have a 0 between other tokens, so 0 is a token; but mask_zero=True "
        "skips every 0 as padding. Shift the ids by one, so that 0 is free"
        + (f" (the Embedding then needs {rows:,} rows)." if rows > embedding.input_dim else "."),
        expected="0 for padding only",
        got=f"0 inside {share:.0%} of the sequences",
        fix=fix,
    )
