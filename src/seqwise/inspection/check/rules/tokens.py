"""Token ids: within the embedding's range, whole, and embedded at all."""

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
    """A token id is beyond the embedding's table.

    Error: TensorFlow and PyTorch stop, JAX returns NaN. Fires where the largest id is at least ``input_dim``.
    """
    for _, data, layer in embedded(context):
        assert data.values is not None
        top = data.values.max()
        if not np.isfinite(top) or top < layer.input_dim:
            continue
        yield Fault(
            severity="error",
            where=f"layer {layer.name!r}",
            what=f"The largest token id in {data.name} is {int(top):,}, but the Embedding has {layer.input_dim:,} "
            f"rows, for ids 0 to {layer.input_dim - 1:,}. Ids from 0 to {int(top):,} need {int(top) + 1:,} rows.",
            expected=f"ids below {layer.input_dim:,}",
            got=f"ids up to {int(top):,}",
            fix=layer_code(layer, input_dim=int(top) + 1),
        )


@rule("SW141", "token-negative")
def negative(context: Context) -> Iterator[Fault]:
    """A token id is negative: it is counted from the end of the table, as Python counts.

    Warning. Fires on any id below 0.
    """
    for _, data, layer in embedded(context):
        assert data.values is not None
        low, top = data.values.min(), data.values.max()
        if not np.isfinite(low) or low >= 0:
            continue
        fits = top - low < layer.input_dim
        fix = (
            f"{data.name} = {data.name} + {int(-low)}"
            if fits or low == -1
            else f"{data.name} = np.maximum({data.name}, 0)"
        )
        yield Fault(
            severity="warning",
            where="x",
            what=f"The smallest token id in {data.name} is {int(low)}. A negative id is counted from the end of the "
            "table without a word, so it shares the row of another token"
            + (". If -1 is padding, shift all ids by one: 0 is then the padding." if low == -1 else "."),
            expected=f"ids from 0 to {layer.input_dim - 1:,}",
            got=f"ids from {int(low)}",
            fix=fix,
        )


@rule("SW142", "fractions-into-embedding")
def fractions(context: Context) -> Iterator[Fault]:
    """An Embedding reads numbers that are not whole: they are cut off to token ids.

    Warning. Fires on any value with a fraction.
    """
    for _, data, layer in embedded(context):
        if data.values is None or data.values.dtype.kind != "f" or data.whole or len(data.shape) < 2:
            continue
        features = data.shape[2] if len(data.shape) == 3 else 1
        units = layer.output_dim
        yield Fault(
            severity="warning",
            where=f"layer {layer.name!r}",
            what=f"{data.name} holds quantities, for example {data.part.reshape(-1)[0]:.3g}; an Embedding looks up "
            "whole numbers and cuts the fractions off. A quantity needs no Embedding: it is a feature.",
            expected="whole numbers",
            got=f"{data.values.dtype} with fractions",
            fix=f"keras.layers.Reshape(({data.shape[1]}, {features})),\nkeras.layers.Dense({units})",
        )


@rule("SW143", "tokens-without-embedding")
def without_embedding(context: Context) -> Iterator[Fault]:
    """Token ids go to a recurrent layer without an Embedding: id 7 is taken for 7 times id 1.

    Warning; an error where the ids have two axes, which the layer refuses. Fires on whole numbers of 0 and more with at
    least 20 different values whose neighbours in a sequence are hardly alike (correlation under 0.3), if the loss is a
    crossentropy or the ids have two axes and are of an integer dtype.
    """
    for one, data in inputs_with_data(context):
        if not token_like(one) or data.values is None or not context.calls:
            continue
        first = next((s for s in context.calls if is_recurrent(s.layer)), None)
        if first is None or any(value.call is not None for value in first.inputs):
            continue
        flat = len(data.shape) == 2
        classes = any(output.loss is not None and output.loss.crossentropy for output in context.outputs)
        if not (classes or (flat and data.values.dtype.kind in "iu")):
            continue
        top = int(data.values.max())
        size = 32 if top < 5000 else 64
        fix = f"keras.layers.Embedding({top + 1}, {size})"
        if not flat or (one.declared is not None and len(one.declared) == 3):
            fix = f"keras.layers.Reshape(({data.shape[1]},)),\n{fix}"
        yield Fault(
            severity="error" if flat else "warning",
            where=f"before layer {first.name!r}",
            what=f"{data.name} looks like token ids (whole numbers from {int(data.part.min())} to {top:,}, in no "
            f"order). An LSTM reads them as quantities: id {top:,} as {top:,} times id 1. An Embedding gives each id a "
            "vector of its own.",
            expected=f"(samples={data.shape[0]:,}, timesteps={data.shape[1]:,}, features={size}) from an Embedding",
            got=f"{tuple(map(int, data.shape))}, {data.values.dtype}",
            fix=fix,
        )
