"""Token ids: within the embedding's table, whole, and embedded at all."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqwise.inspection.check.fixes import at_layer, change_layer, change_x
from seqwise.inspection.check.registry import Array, Context, Fault, Faults, Input, rule
from seqwise.inspection.check.selectors import embedded, inputs_with_data, recurrent_calls, token_like


@rule("SW140", "token-out-of-range", "error", embedded)
def out_of_range(context: Context, data: Array, embedding: Any) -> Faults:
    """A token id lies beyond the embedding's table."""
    rows, highest = embedding.input_dim, data.numbers.max()
    if not np.isfinite(highest) or highest < rows:
        return
    yield Fault(
        what=f"The largest token id in {data.name} is {int(highest):,}, but the Embedding has {rows:,} rows, for ids 0 "
        f"to {rows - 1:,}. Ids from 0 to {int(highest):,} need {int(highest) + 1:,} rows.",
        expected=f"ids below {rows:,}",
        got=f"ids up to {int(highest):,}",
        fix=change_layer(embedding, input_dim=int(highest) + 1),
    )


@rule("SW141", "token-negative", "warning", embedded)
def negative(context: Context, data: Array, embedding: Any) -> Faults:
    """A token id is negative, so it counts from the end of the table, as an index in Python does."""
    lowest, highest = data.numbers.min(), data.numbers.max()
    if not np.isfinite(lowest) or lowest >= 0:
        return
    shifted = highest - lowest < embedding.input_dim or lowest == -1
    yield Fault(
        what=f"The smallest token id in {data.name} is {int(lowest)}. A negative id silently counts from the end of "
        "the table, so it shares the row of another token."
        + (" If -1 is padding, shift all ids by one: 0 is then the padding." if lowest == -1 else ""),
        expected=f"ids from 0 to {embedding.input_dim - 1:,}",
        got=f"ids from {int(lowest)}",
        fix=change_x(data, f"{data.name} + {int(-lowest)}" if shifted else f"np.maximum({data.name}, 0)"),
    )


@rule("SW142", "fractions-into-embedding", "warning", embedded)
def fractions(context: Context, data: Array, embedding: Any) -> Faults:
    """An Embedding reads numbers that are not whole, and truncates them to token ids."""
    if data.numbers.dtype.kind != "f" or data.whole or len(data.shape) < 2:
        return
    reshape = f"keras.layers.Reshape({(data.shape[1], data.shape[2] if len(data.shape) == 3 else 1)})"
    yield Fault(
        what=f"{data.name} holds quantities, for example {data.part.reshape(-1)[0]:.3g}; an Embedding looks up whole "
        "numbers and drops the fractions. A quantity needs no Embedding: it is a feature.",
        expected="whole numbers",
        got=f"{data.numbers.dtype} with fractions",
        fix=at_layer(embedding, f"{reshape},\nkeras.layers.Dense({embedding.output_dim})"),
    )


@rule("SW143", "tokens-without-embedding", "warning", inputs_with_data)
def without_embedding(context: Context, entry: Input, data: Array) -> Faults:
    """Token ids reach a recurrent layer without an Embedding: id 7 counts as 7 times id 1."""
    reader = next(iter(recurrent_calls(context)), None)
    if reader is None or any(value.call is not None for value in reader.inputs) or not token_like(entry):
        return
    without_features = len(data.shape) == 2
    classes = any(output.loss is not None and output.loss.crossentropy for output in context.outputs)
    if not classes and not (without_features and data.numbers.dtype.kind in "iu"):
        return
    highest = int(data.numbers.max())
    units = 32 if highest < 5000 else 64
    fix = f"keras.layers.Embedding({highest + 1}, {units})"
    if not without_features or (entry.declared is not None and len(entry.declared) == 3):
        fix = f"keras.layers.Reshape(({data.shape[1]},)),\n{fix}"
    yield Fault(
        severity="error" if without_features else "warning",
        what=f"{data.name} looks like token ids (whole numbers from {int(data.part.min())} to {highest:,}, in no "
        f"order). An LSTM reads them as quantities: id {highest:,} as {highest:,} times id 1. An Embedding gives each "
        "id a vector of its own.",
        expected=f"(samples={data.shape[0]:,}, timesteps={data.shape[1]:,}, features={units}) from an Embedding",
        got=f"{tuple(map(int, data.shape))}, {data.numbers.dtype}",
        fix=at_layer(reader, fix, "before"),
    )
