"""What kind of data the input is: an array of numbers, or something that must become one first."""

from __future__ import annotations

from collections.abc import Iterator

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS, name_axes
from seqwise.inspection.check.context import Context
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import inputs_with_data

READS_TEXT = ("TextVectorization", "StringLookup", "Hashing")


@rule("SW101", "inputs-missing")
def inputs_missing(context: Context) -> Iterator[Fault]:
    """The model has more inputs than there are arrays.

    Error. Fires where there is data for some inputs of the model, but not for all.
    """
    arrays = [data for _, data in inputs_with_data(context)]
    missing = [entry.name for entry in context.inputs if entry.data is None]
    if not arrays or not missing:
        return
    names = ", ".join(entry.name for entry in context.inputs)
    shapes = (f"{entry.name} {name_axes(entry.declared) if entry.declared else ''}".strip() for entry in context.inputs)
    in_sight = all(name in context.names.variables for name in missing)
    yield Fault(
        severity="error",
        where="x",
        what=f"The model has {len(context.inputs)} inputs ({names}), but x has {len(arrays)}. Pass a list with one "
        "array for each, in this order.",
        expected=", ".join(shapes),
        got=", ".join(str(tuple(map(int, array.shape))) for array in arrays),
        fix=f"x = [{arrays[0].name}, {', '.join(missing)}]" if in_sight else "",
    )


@rule("SW102", "text-as-input")
def text(context: Context) -> Iterator[Fault]:
    """The input contains text or dates where the layers need numbers.

    Error. Fires on arrays, lists and tables of strings or dates, unless the model has a layer that reads text
    (TextVectorization, StringLookup, Hashing).
    """
    if any(type(call.layer).__name__ in READS_TEXT for call in context.calls):
        return
    for _, data in inputs_with_data(context):
        x = data.name
        if data.kind == "dates":
            advice = "Use the number of days since the first date instead."
            fix = f'{x} = ({x} - {x}.min()) / np.timedelta64(1, "D")'
        elif data.kind == "text":
            advice = "Turn each word into a token id, and let an Embedding read the ids."
            sentences = len(data.shape) == 1 and not data.lengths
            name, layer = ("text", "TextVectorization") if sentences else ("words", "StringLookup")
            fix = f"{name} = keras.layers.{layer}()\n{name}.adapt({x})\n{x} = np.asarray({name}({x}))"
        else:
            continue
        yield Fault(
            severity="error",
            where="x",
            what=f"{x} contains {data.kind}, but the layers compute with numbers. {advice}",
            expected="numbers",
            got=f"{data.kind}, shape {tuple(data.shape)}",
            fix=fix,
        )


@rule("SW103", "unequal-lengths")
def unequal_lengths(context: Context) -> Iterator[Fault]:
    """The sequences differ in length, so they do not form an array.

    Error. Fires on nested lists, lists of arrays, object arrays and ragged tensors whose sequences differ in length.
    """
    for entry, data in inputs_with_data(context):
        if data.kind != "ragged":
            continue
        shortest, longest = min(data.lengths, default=0), max(data.lengths, default=0)
        tokens = entry.embedded is not None
        rank = entry.rank or (2 if tokens else 3)
        dtype, mask = (
            ("int32", "Embedding(…, mask_zero=True)") if tokens else ("float32", "keras.layers.Masking(mask_value=0.0)")
        )
        fix = f'{data.name} = keras.utils.pad_sequences({data.name}, padding="post", dtype="{dtype}")'
        if not tokens and rank == 3 and not data.inner:
            fix += "[..., None]"
        if context.torch:
            mask = "torch.nn.utils.rnn.pack_padded_sequence"
            fix = f"{data.name} = [torch.as_tensor(sequence) for sequence in {data.name}]\n"
            fix += f"{data.name} = torch.nn.utils.rnn.pad_sequence({data.name}, batch_first=True)"
        inner = data.inner or ((1,) if rank == 3 else ())
        yield Fault(
            severity="error",
            where="x",
            what=f"The {len(data.lengths):,} sequences of {data.name} have {shortest:,} to {longest:,} timesteps, but "
            f"in an array all have the same number. Pad the shorter ones, and mask the padding in the model ({mask}).",
            expected=name_axes((len(data.lengths), longest, *inner)),
            got=f"{len(data.lengths):,} sequences of {shortest:,} to {longest:,} timesteps",
            fix=fix,
        )


@rule("SW104", "list-as-input")
def list_as_input(context: Context) -> Iterator[Fault]:
    """The input is a list or an object array; Keras takes a list for several inputs.

    Error. Fires on a regular nested list, and on numbers in an array of Python objects.
    """
    if not context.has_model:
        return
    for entry, data in inputs_with_data(context):
        dtype = "int32" if entry.embedded is not None else "float32"
        if data.kind == "list" and context.torch:
            what, content = "a list, and PyTorch's modules read tensors", "numbers"
            fix = f"{data.name} = torch.{'stack' if hasattr(data.original[0], 'shape') else 'tensor'}({data.name})"
        elif data.kind == "list":
            what, content = "a list, which Keras takes for a list of inputs", "numbers"
            fix = f'{data.name} = np.array({data.name}, dtype="{dtype}")'
        elif data.kind == "objects":
            what, content = "an array of Python objects, with which no backend can compute", "objects"
            fix = f'{data.name} = np.asarray({data.name}).astype("{dtype}")'
        else:
            continue
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} is {what}. Make it an array of numbers.",
            expected=f"an array of numbers, {name_axes(data.shape)}",
            got=f"{type(data.original).__name__} of {content}, shape {tuple(data.shape)}",
            fix=fix,
        )


@rule("SW105", "empty-input")
def empty(context: Context) -> Iterator[Fault]:
    """An axis of the input has size 0.

    Error. Fires where x has no samples, no timesteps or no features.
    """
    for _, data in inputs_with_data(context):
        if data.kind not in ("array", "table", "list", "objects") or 0 not in data.shape:
            continue
        axis = (SAMPLES, TIMESTEPS, FEATURES)[min(data.shape.index(0), 2)]
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} has no {axis}, so there is nothing to learn from. Look at the line that makes it: "
            "probably the window is longer than the series, or a filter removed everything.",
            expected=f"at least one of {axis}",
            got=name_axes(data.shape),
        )
