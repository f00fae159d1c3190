"""Token ids: within the embedding's table, whole, and embedded at all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.layer_code import layer_code
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import embedded, inputs_with_data, token_like
from seqwise.inspection.layer_kinds import is_recurrent


@rule("SW140", "token-out-of-range")
def out_of_range(context: Context) -> Iterator[Fault]:
    """A token id lies beyond the embedding's table.

    Error: TensorFlow and PyTorch stop, JAX returns NaN. Fires where the largest id is at least ``input_dim``.
    """
    for _, data, embedding in embedded(context):
        rows, highest = embedding.input_dim, data.numbers.max()
        if not np.isfinite(highest) or highest < rows:
            continue
        yield Fault(
            severity="error",
            where=f"layer {embedding.name!r}",
            what=f"The largest token id in {data.name} is {int(highest):,}, but the Embedding has {rows:,} rows, for "
            f"ids 0 to {rows - 1:,}. Ids from 0 to {int(highest):,} need {int(highest) + 1:,} rows.",
            expected=f"ids below {rows:,}",
            got=f"ids up to {int(highest):,}",
            fix=layer_code(embedding, input_dim=int(highest) + 1),
        )


@rule("SW141", "token-negative")
def negative(context: Context) -> Iterator[Fault]:
    """A token id is negative, so it counts from the end of the table, as an index in Python does.

    Warning. Fires on any id below 0.
    """
    for _, data, embedding in embedded(context):
        lowest, highest = data.numbers.min(), data.numbers.max()
        if not np.isfinite(lowest) or lowest >= 0:
            continue
        shifted = highest - lowest < embedding.input_dim or lowest == -1
        yield Fault(
            severity="warning",
            where="x",
            what=f"The smallest token id in {data.name} is {int(lowest)}. A negative id silently counts from the end "
            "of the table, so it shares the row of another token."
            + (" If -1 is padding, shift all ids by one: 0 is then the padding." if lowest == -1 else ""),
            expected=f"ids from 0 to {embedding.input_dim - 1:,}",
            got=f"ids from {int(lowest)}",
            fix=f"{data.name} = " + (f"{data.name} + {int(-lowest)}" if shifted else f"np.maximum({data.name}, 0)"),
        )


@rule("SW142", "fractions-into-embedding")
def fractions(context: Context) -> Iterator[Fault]:
    """An Embedding reads numbers that are not whole, and truncates them to token ids.

    Warning. Fires on any value with a fraction.
    """
    for _, data, embedding in embedded(context):
        if data.numbers.dtype.kind != "f" or data.whole or len(data.shape) < 2:
            continue
        features = data.shape[2] if len(data.shape) == 3 else 1
        yield Fault(
            severity="warning",
            where=f"layer {embedding.name!r}",
            what=f"{data.name} holds quantities, for example {data.part.reshape(-1)[0]:.3g}; an Embedding looks up "
            "whole numbers and drops the fractions. A quantity needs no Embedding: it is a feature.",
            expected="whole numbers",
            got=f"{data.numbers.dtype} with fractions",
            fix=f"keras.layers.Reshape(({data.shape[1]}, {features})),\nkeras.layers.Dense({embedding.output_dim})",
        )


@rule("SW143", "tokens-without-embedding")
def without_embedding(context: Context) -> Iterator[Fault]:
    """Token ids reach a recurrent layer without an Embedding: id 7 counts as 7 times id 1.

    Warning; an error where the ids have two axes, which the layer refuses. Fires on whole numbers of 0 and more with at
    least 20 different values whose neighbours in a sequence are hardly alike (correlation under 0.3), if the loss is a
    crossentropy or the ids have two axes and an integer dtype.
    """
    for entry, data in inputs_with_data(context):
        if not token_like(entry):
            continue
        reader = next((call for call in context.calls if is_recurrent(call.layer)), None)
        if reader is None or any(value.call is not None for value in reader.inputs):
            continue
        without_features = len(data.shape) == 2
        integers = data.numbers.dtype.kind in "iu"
        classes = any(output.loss is not None and output.loss.crossentropy for output in context.outputs)
        if not classes and not (without_features and integers):
            continue
        highest = int(data.numbers.max())
        units = 32 if highest < 5000 else 64
        fix = f"keras.layers.Embedding({highest + 1}, {units})"
        if not without_features or (entry.declared is not None and len(entry.declared) == 3):
            fix = f"keras.layers.Reshape(({data.shape[1]},)),\n{fix}"
        yield Fault(
            severity="error" if without_features else "warning",
            where=f"before layer {reader.name!r}",
            what=f"{data.name} looks like token ids (whole numbers from {int(data.part.min())} to {highest:,}, in no "
            f"order). An LSTM reads them as quantities: id {highest:,} as {highest:,} times id 1. An Embedding gives "
            "each id a vector of its own.",
            expected=f"(samples={data.shape[0]:,}, timesteps={data.shape[1]:,}, features={units}) from an Embedding",
            got=f"{tuple(map(int, data.shape))}, {data.numbers.dtype}",
            fix=fix,
        )
