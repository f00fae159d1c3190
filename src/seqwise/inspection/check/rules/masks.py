"""Padding and masks: padding that nothing masks, a mask lost on the way, index 0 used twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqwise.inspection.check.context import Context, Input
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.padding import Padding, find_padding
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import data_read_by, describe, embedded, inputs_with_data
from seqwise.inspection.check.torch_selectors import reads_padding
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Call
from seqwise.inspection.layer_kinds import PASSES_ON, is_a, is_recurrent, keeps_time

PACK = " Pack the sequences: torch.nn.utils.rnn.pack_padded_sequence(…, lengths, enforce_sorted=False)."
READS_MASKS = ("GlobalAveragePooling1D", "MultiHeadAttention", "Attention")


def unmasked_padding(context: Context, side: str) -> Iterator[tuple[Input, Array, Padding, Call]]:
    """Yield the inputs that are padded on this side of their sequences, with the recurrent layer that reads them.

    None where a layer makes a mask. Of several inputs only the first is known to reach the recurrent layer.
    """
    if any(call.mask.roles for call in context.calls):
        return
    for entry, data in inputs_with_data(context):
        if context.torch:
            call = reads_padding(context, entry)
        else:
            call = next(iter(context.recurrent_calls), None) if entry is context.inputs[0] else None
        padding = find_padding(data) if call is not None else None
        if call is not None and padding is not None and padding.side == side:
            yield entry, data, padding, call


def mask_fix(context: Context, entry: Input, padding: Padding, call: Call) -> tuple[str, str]:
    """Return (where, fix): ``mask_zero`` on the Embedding that reads the input, else Masking before the first layer."""
    if context.torch:
        return "forward", ""
    if entry.embedded is not None:
        return f"layer {entry.embedded.name!r}", layer_code(entry.embedded, mask_zero=True)
    value = padding.value if padding.value is not None else 0.0
    return f"before layer {call.name!r}", f"keras.layers.Masking(mask_value={value!r})"


@rule("SW230", "padding-not-masked", unless=("SW11", "SW143"))
def not_masked(context: Context) -> Iterator[Fault]:
    """Sequences are padded at their end, and nothing masks the padding.

    Warning. The LSTM runs on through the padding, and what it returns is its state after it. Fires where the input is
    padded at the end and no layer makes a mask; for a PyTorch module, where a recurrent module reads it, not packed,
    and its last state or its output at the last timestep is used (``padding_idx`` only keeps a row at zero).

    Padding is the same step (all features alike) at the end of at least one sample in ten, for two timesteps or more
    and for different lengths. It does not count where the other end has it, too (the rows of an image), where more
    than 2 in 100 of the other steps are the same (a quantity that is often zero), or where the samples are windows that
    slide over one series, or have one feature of two values. At most 2000 samples are looked at.
    """
    for entry, data, padding, call in unmasked_padding(context, "after"):
        where, fix = mask_fix(context, entry, padding, call)
        yield Fault(
            severity="warning",
            where=where,
            what=f"The sequences of {data.name} are padded at their end: {padding.share:.0%} of the samples end in up "
            f"to {padding.longest:,} steps of {padding.filling}, and nothing masks them. The "
            f"{type(call.layer).__name__} runs on through the padding and forgets what it read."
            + (PACK if context.torch else ""),
            expected="a mask for the padded steps",
            got=f"padding of {padding.filling}, no mask",
            fix=fix,
        )


@rule("SW231", "left-padding-not-masked", unless=("SW11", "SW143", "SW230"))
def left_padding(context: Context) -> Iterator[Fault]:
    """Sequences are padded at their start, and nothing masks the padding.

    Hint. The LSTM's state moves before the first real step; with padding in front it mostly recovers. Fires where
    the last state is what counts; for what is padding, see padding-not-masked.
    """
    for entry, data, padding, call in unmasked_padding(context, "before"):
        if context.torch or keeps_time(context.recurrent_calls[-1].layer):
            continue
        where, fix = mask_fix(context, entry, padding, call)
        yield Fault(
            severity="hint",
            where=where,
            what=f"The sequences of {data.name} are padded at their start ({padding.share:.0%} of the samples, up to "
            f"{padding.longest:,} steps of {padding.filling}), and nothing masks it: the state has moved before the "
            "first real step.",
            expected="a mask for the padded steps",
            got=f"padding of {padding.filling}, no mask",
            fix=fix,
        )


@rule("SW232", "mask-lost")
def lost(context: Context) -> Iterator[Fault]:
    """A mask does not reach the recurrent layer: a layer in between drops it.

    Warning: Keras warns once at best, then trains on the padding. Fires where a recurrent layer, or an average over the
    timesteps, reads data whose mask was dropped by a layer without mask support; and where Flatten (or Reshape) puts
    masked timesteps side by side, unless the data has no padding.
    """
    yield from _flattened(context)
    reported: set[Call] = set()
    for call in context.calls:
        masks = call.first.lost if call.inputs and not call.uses_mask else ()
        if not masks or not (is_recurrent(call.layer) or is_a(call.layer, *READS_MASKS)):
            continue
        maker, dropper = masks[0].maker, masks[0].lost_at
        if dropper in reported or not isinstance(maker, Call):
            continue
        reported.add(dropper)
        where, fix = _carrier(maker, dropper)
        yield Fault(
            severity="warning",
            where=where,
            what=f"{describe(maker)} makes a mask, but {describe(dropper)} does not pass it on, so {describe(call)} "
            "reads the padding.",
            expected=f"a mask at {call.name}",
            got=f"the mask ends at {dropper.name}",
            fix=fix,
        )


def _flattened(context: Context) -> Iterator[Fault]:
    for call in context.calls:
        maker = next((origin for origin in call.mask.origins if isinstance(origin, Call)), None)
        if maker is None or "drops" not in call.mask.roles or not is_a(call.layer, "Flatten", "Reshape"):
            continue
        if call.first.rank != 3 or len(call.shapes[0]) != 2:
            continue
        data = data_read_by(context, maker)
        if data is not None and find_padding(data) is None:
            continue
        source = next((before for before in call.back() if not is_a(before.layer, *PASSES_ON)), None)
        if source is not None and is_recurrent(source.layer):
            where, fix = f"layer {source.name!r}", layer_code(source.layer, return_sequences=False)
            advice = "Let the last state of the sequence stand for it."
        else:
            where, fix = f"layer {call.name!r}", "keras.layers.GlobalAveragePooling1D()"
            advice = "Average over the timesteps that are not masked."
        yield Fault(
            severity="warning",
            where=where,
            what=f"{describe(maker)} makes a mask, and {describe(call)} drops it: it puts all timesteps side by side, "
            f"and the next layer learns weights for the padding. {advice}",
            expected="padded timesteps are left out",
            got=f"the mask ends at {call.name}",
            fix=fix,
        )


def _mask_value(masking: Any) -> float:
    return float(np.asarray(masking.mask_value))


def _carrier(maker: Call, dropper: Call) -> tuple[str, str]:
    """Return (where, fix): a layer that does nearly the same and passes the mask on, or a second Masking."""
    filters = getattr(dropper.layer, "filters", None)
    if filters is not None:
        fix = f"keras.layers.TimeDistributed(keras.layers.Dense({filters}, activation='relu'))"
    elif is_a(maker.layer, "Masking"):
        return f"after layer {dropper.name!r}", f"keras.layers.Masking(mask_value={_mask_value(maker.layer)!r})"
    else:
        unchanged = len(dropper.inputs) == 1 and dropper.shapes[0] == dropper.first.shape
        fix = "keras.layers.Identity()" if unchanged else ""
    return f"layer {dropper.name!r}", fix


@rule("SW233", "mask-value-differs")
def other_value(context: Context) -> Iterator[Fault]:
    """Masking skips a different value than the padding's.

    Warning. Fires where the input is padded with a value that no Masking of the model skips; for what is padding, see
    padding-not-masked.
    """
    maskings = [call.layer for call in context.calls if is_a(call.layer, "Masking")]
    if not maskings:
        return
    for _, data in inputs_with_data(context):
        padding = find_padding(data)
        if padding is None or padding.value is None:
            continue
        if any(np.isclose(_mask_value(masking), padding.value) for masking in maskings):
            continue
        yield Fault(
            severity="warning",
            where=f"layer {maskings[0].name!r}",
            what=f"{data.name} is padded with {padding.value:g}, but the Masking layer skips "
            f"{_mask_value(maskings[0]):g}, so the model reads the padding as data.",
            expected=f"mask_value={padding.value:g}",
            got=f"mask_value={_mask_value(maskings[0]):g}",
            fix=f"keras.layers.Masking(mask_value={padding.value!r})",
        )


@rule("SW234", "zero-is-a-token")
def zero_token(context: Context) -> Iterator[Fault]:
    """Index 0 is a real token, but ``mask_zero=True`` skips it.

    Warning. Fires where at least one sequence in 50 has a 0 with other tokens on both sides.
    """
    for _, data, embedding in embedded(context):
        if not embedding.mask_zero or len(data.shape) != 2:
            continue
        zero = data.part == 0
        before = np.logical_or.accumulate(~zero, axis=1)
        after = np.logical_or.accumulate(~zero[:, ::-1], axis=1)[:, ::-1]
        share = (zero & before & after).any(axis=1).mean()
        if share < 0.02:
            continue
        padded = bool((zero[:, -1] | zero[:, 0]).mean() > 0.1)
        rows = int(data.numbers.max()) + 2  # that the table needs once the ids are shifted
        x = data.name
        if padded:
            where = "x"
            fix = (
                f"ends = np.cumsum({x}[:, ::-1] != 0, axis=1)[:, ::-1] == 0  # the zeros after the last token\n"
                f"{x} = np.where(ends, 0, {x} + 1)"
            )
        elif rows <= embedding.input_dim:
            where, fix = "x", f"{x} = {x} + 1"
        else:
            where, fix = f"layer {embedding.name!r}", layer_code(embedding, mask_zero=False)
        yield Fault(
            severity="warning",
            where=where,
            what=f"{share:.0%} of the sequences in {x} have a 0 between other tokens, so 0 is a token; but "
            "mask_zero=True skips every 0 as padding. Shift the ids by one, so that 0 is free"
            + (f" (the Embedding then needs {rows:,} rows)." if rows > embedding.input_dim else "."),
            expected="0 for padding only",
            got=f"0 inside {share:.0%} of the sequences",
            fix=fix,
        )
