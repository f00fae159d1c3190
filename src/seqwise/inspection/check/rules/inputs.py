"""What the input is: an array of numbers for each input of the model, in their order, or something else."""

from __future__ import annotations

from seqwise.axes import FEATURES, SAMPLES, TIMESTEPS, name_axes
from seqwise.inspection.check.fixes import change_x
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Fix, Input, rule
from seqwise.inspection.check.selectors import expected_shape, inputs_with_data

READS_TEXT = ("TextVectorization", "StringLookup", "Hashing")


@rule("SW101", "inputs-missing", "error")
def inputs_missing(context: Context) -> Faults:
    """The model has more inputs than there are arrays."""
    arrays = [data for _, data in inputs_with_data(context)]
    missing = [entry.name for entry in context.inputs if entry.data is None]
    if not arrays or not missing:
        return
    names = ", ".join(entry.name for entry in context.inputs)
    shapes = (f"{entry.name} {name_axes(entry.declared) if entry.declared else ''}".strip() for entry in context.inputs)
    in_sight = all(name in context.names.variables for name in missing)
    yield Fault(
        what=f"The model has {len(context.inputs)} inputs ({names}), but x has {len(arrays)}. Pass a list with one "
        "array for each, in this order.",
        expected=", ".join(shapes),
        got=", ".join(str(tuple(map(int, array.shape))) for array in arrays),
        fix=Fix("x", f"x = [{arrays[0].name}, {', '.join(missing)}]" if in_sight else ""),
    )


@rule("SW102", "text-as-input", "error", inputs_with_data)
def text(context: Context, entry: Input, data: Array) -> Faults:
    """The input contains text or dates where the layers need numbers."""
    if data.kind not in ("dates", "text") or any(type(call.layer).__name__ in READS_TEXT for call in context.calls):
        return
    x = data.name
    if data.kind == "dates":
        advice = "Use the number of days since the first date instead."
        fix = f'{x} = ({x} - {x}.min()) / np.timedelta64(1, "D")'
    else:
        advice = "Turn each word into a token id, and let an Embedding read the ids."
        sentences = len(data.shape) == 1 and not data.lengths
        name, layer = ("text", "TextVectorization") if sentences else ("words", "StringLookup")
        fix = f"{name} = keras.layers.{layer}()\n{name}.adapt({x})\n{x} = np.asarray({name}({x}))"
    yield Fault(
        what=f"{x} contains {data.kind}, but the layers compute with numbers. {advice}",
        expected="numbers",
        got=f"{data.kind}, shape {tuple(data.shape)}",
        fix=Fix("x", fix),
    )


@rule("SW103", "unequal-lengths", "error", inputs_with_data)
def unequal_lengths(context: Context, entry: Input, data: Array) -> Faults:
    """The sequences differ in length, so they do not form an array."""
    if data.kind != "ragged":
        return
    x, shortest, longest = data.name, min(data.lengths, default=0), max(data.lengths, default=0)
    tokens = entry.embedded is not None
    rank = entry.rank or (2 if tokens else 3)
    if context.torch:
        mask = "torch.nn.utils.rnn.pack_padded_sequence"
        fix = f"{x} = [torch.as_tensor(sequence) for sequence in {x}]\n"
        fix += f"{x} = torch.nn.utils.rnn.pad_sequence({x}, batch_first=True)"
    else:
        mask = "Embedding(…, mask_zero=True)" if tokens else "keras.layers.Masking(mask_value=0.0)"
        dtype = "int32" if tokens else "float32"
        fix = f'{x} = keras.utils.pad_sequences({x}, padding="post", dtype="{dtype}")'
        fix += "[..., None]" if not tokens and rank == 3 and not data.inner else ""
    inner = data.inner or ((1,) if rank == 3 else ())
    yield Fault(
        what=f"The {len(data.lengths):,} sequences of {x} have {shortest:,} to {longest:,} timesteps, but in an array "
        f"all have the same number. Pad the shorter ones, and mask the padding in the model ({mask}).",
        expected=name_axes((len(data.lengths), longest, *inner)),
        got=f"{len(data.lengths):,} sequences of {shortest:,} to {longest:,} timesteps",
        fix=Fix("x", fix),
    )


@rule("SW104", "list-as-input", "error", inputs_with_data)
def list_as_input(context: Context, entry: Input, data: Array) -> Faults:
    """The input is a list or an object array; Keras takes a list for several inputs."""
    if data.kind not in ("list", "objects") or not context.has_model:
        return
    x, dtype = data.name, "int32" if entry.embedded is not None else "float32"
    if data.kind == "objects":
        what = "an array of Python objects, with which no backend can compute"
        fix = f'np.asarray({x}).astype("{dtype}")'
    elif context.torch:
        what = "a list, and PyTorch's modules read tensors"
        fix = f"torch.{'stack' if hasattr(data.original[0], 'shape') else 'tensor'}({x})"
    else:
        what = "a list, which Keras takes for a list of inputs"
        fix = f'np.array({x}, dtype="{dtype}")'
    content = "objects" if data.kind == "objects" else "numbers"
    yield Fault(
        what=f"{x} is {what}. Make it an array of numbers.",
        expected=f"an array of numbers, {name_axes(data.shape)}",
        got=f"{type(data.original).__name__} of {content}, shape {tuple(data.shape)}",
        fix=change_x(data, fix),
    )


@rule("SW105", "empty-input", "error", inputs_with_data)
def empty(context: Context, entry: Input, data: Array) -> Faults:
    """An axis of the input has size 0."""
    if data.shape == () and data.values is not None:
        yield Fault(
            what=f"{data.name} is one number. A model reads samples of timesteps of features.",
            expected=expected_shape(entry),
            got="no axes",
            fix=Fix("x"),
        )
    if data.kind not in ("array", "table", "list", "objects") or 0 not in data.shape:
        return
    axis = (SAMPLES, TIMESTEPS, FEATURES)[min(data.shape.index(0), 2)]
    yield Fault(
        what=f"{data.name} has no {axis}, so there is nothing to learn from. Look at the line that makes it: probably "
        "the window is longer than the series, or a filter removed everything.",
        expected=f"at least one of {axis}",
        got=name_axes(data.shape),
        fix=Fix("x"),
    )


@rule("SW106", "inputs-exchanged", "error")
def inputs_exchanged(context: Context) -> Faults:
    """The inputs come in another order than the model reads them, or under each other's names."""
    if not context.exchanged:
        return
    arrays = [data for _, data in inputs_with_data(context)]
    x, by_name = arrays[0].name.partition("[")[0], arrays[0].name.endswith(("']", '"]'))
    names = [entry.name for entry in context.inputs]
    shapes = dict(zip(context.exchanged, (str(tuple(map(int, array.shape))) for array in arrays), strict=True))
    named = ", ".join(f"{name!r}: {array}" for name, array in zip(names, context.exchanged, strict=True))
    yield Fault(
        what=f"The arrays in {x} fit the inputs of the model ({', '.join(names)}) in another order only.",
        expected=", ".join(expected_shape(entry) if entry.rank else "any shape" for entry in context.inputs),
        got=", ".join(shapes[array.name] for array in arrays),
        fix=Fix("x", f"{x} = {{{named}}}" if by_name else f"{x} = [{', '.join(context.exchanged)}]"),
    )
