"""What kind of thing the input is: numbers in an array, or something that must become one first."""

from __future__ import annotations

from collections.abc import Iterator

from seqwise.axes import name_axes
from seqwise.inspection.check.context import Context
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import inputs_with_data


@rule("SW101", "inputs-missing")
def inputs_missing(context: Context) -> Iterator[Fault]:
    """The model has more inputs than there are arrays.

    Error. Fires where x was given and some input of the model got nothing.
    """
    held = [one for one in context.inputs if one.data is not None]
    empty = [one for one in context.inputs if one.data is None]
    if not held or not empty:
        return
    x = context.names.of(None, "x")
    names = [one.name for one in context.inputs]
    wanted = ", ".join(
        f"{one.name} {name_axes(one.declared) if one.declared else ''}".strip() for one in context.inputs
    )
    yield Fault(
        severity="error",
        where="x",
        what=f"The model has {len(names)} inputs ({', '.join(names)}), but x holds {len(held)}.",
        expected=wanted,
        got=", ".join(str(tuple(map(int, one.data.shape))) for one in held if one.data is not None),
        fix=f"{x} = [{held[0].data.name if held[0].data else 'x'}, {', '.join(one.name for one in empty)}]",
    )


@rule("SW102", "text-as-input")
def text(context: Context) -> Iterator[Fault]:
    """The input holds text (or dates) where a layer needs numbers.

    Error. Fires on arrays, lists and tables of strings, unless the model begins with TextVectorization or StringLookup.
    """
    readers = ("TextVectorization", "StringLookup", "Hashing")
    if any(type(call.layer).__name__ in readers for call in context.calls):
        return
    for _, data in inputs_with_data(context):
        if data.kind == "dates":
            fix = f'{data.name} = ({data.name} - {data.name}.min()) / np.timedelta64(1, "D")'
        elif data.kind == "text" and len(data.shape) == 1 and not data.lengths:
            fix = (
                f"text = keras.layers.TextVectorization()\ntext.adapt({data.name})\n"
                f"{data.name} = np.asarray(text({data.name}))"
            )
        elif data.kind == "text":
            fix = (
                f"words = keras.layers.StringLookup()\nwords.adapt({data.name})\n"
                f"{data.name} = np.asarray(words({data.name}))"
            )
        else:
            continue
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} holds {data.kind}; the layers compute with numbers. Turn each word into a token id "
            "first, and read the ids with an Embedding."
            if data.kind == "text"
            else f"{data.name} holds dates; the layers compute with numbers. Count the days from the first.",
            expected="numbers",
            got=f"{data.kind}, shape {tuple(data.shape)}",
            fix=fix,
        )


@rule("SW103", "unequal-lengths")
def ragged(context: Context) -> Iterator[Fault]:
    """The sequences have unequal lengths, so they are no array yet.

    Error. Fires on nested lists, lists of arrays, object arrays and ragged tensors whose sequences differ in length.
    """
    for one, data in inputs_with_data(context):
        if data.kind != "ragged":
            continue
        low, high = min(data.lengths, default=0), max(data.lengths, default=0)
        tokens = one.embedded is not None
        kind = '"int32"' if tokens else '"float32"'
        lines = [f'{data.name} = keras.utils.pad_sequences({data.name}, padding="post", dtype={kind})']
        rank = len(one.declared) if one.declared else one.needs or (2 if tokens else 3)
        if not tokens and rank == 3 and not data.inner:
            lines[0] += "[..., None]"
        inner = data.inner or ((1,) if rank == 3 else ())
        yield Fault(
            severity="error",
            where="x",
            what=f"The {len(data.lengths):,} sequences of {data.name} have {low:,} to {high:,} timesteps. An array "
            "needs the same number in each: pad the shorter ones, and let the model skip the padding "
            f"({'Embedding(…, mask_zero=True)' if tokens else 'keras.layers.Masking(mask_value=0.0)'}).",
            expected=name_axes((len(data.lengths), high, *inner)),
            got=f"{len(data.lengths):,} sequences of {low:,} to {high:,} timesteps",
            fix="\n".join(lines),
        )


@rule("SW104", "list-as-input")
def a_list(context: Context) -> Iterator[Fault]:
    """The input is a list or an object array; Keras reads a list as several inputs.

    Error. Fires on a regular nested list, and on numbers held as objects.
    """
    if not context.has_model:
        return
    for one, data in inputs_with_data(context):
        if data.kind == "list":
            what = "a list. Keras takes a list for several inputs, one an item"
            fix = f'{data.name} = np.array({data.name}, dtype="float32")'
        elif data.kind == "objects":
            what = "an array of Python objects, which no backend can compute with"
            fix = f'{data.name} = np.asarray({data.name}).astype("float32")'
        else:
            continue
        if one.embedded is not None:
            fix = fix.replace("float32", "int32")
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} is {what}. Make it an array of numbers.",
            expected=f"an array of numbers, {name_axes(data.shape)}",
            got=f"{type(data.original).__name__} of {data.kind if data.kind == 'objects' else 'numbers'}, "
            f"shape {tuple(data.shape)}",
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
        axis = ("samples", "timesteps", "features")[min(data.shape.index(0), 2)]
        yield Fault(
            severity="error",
            where="x",
            what=f"{data.name} has no {axis}: nothing can be learnt from it. The window is probably longer than the "
            "series, or a filter left nothing.",
            expected=f"at least one of {axis}",
            got=name_axes(data.shape),
            fix=f"assert len({data.name}) > 0  # look at the line that makes {data.name}",
        )
