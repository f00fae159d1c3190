"""Arrays in the wrong order: the inputs of the model, and the two parts of the validation data."""

from __future__ import annotations

from collections.abc import Iterator

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.registry import Fault, rule
from seqwise.inspection.check.selectors import expected_shape, inputs_with_data


@rule("SW106", "inputs-exchanged")
def inputs_exchanged(context: Context) -> Iterator[Fault]:
    """The inputs come in another order than the model reads them, or under each other's names.

    Error. Fires where the arrays do not fit the declared shapes (or the number of axes that the first layers need) and
    fit in exactly one other order. The other rules then look at them in that order.
    """
    if not context.exchanged:
        return
    arrays = [data for _, data in inputs_with_data(context)]
    x, by_name = arrays[0].name.partition("[")[0], arrays[0].name.endswith(("']", '"]'))
    names = [entry.name for entry in context.inputs]
    shapes = dict(zip(context.exchanged, (str(tuple(map(int, array.shape))) for array in arrays), strict=True))
    if by_name:
        parts = ", ".join(f"{name!r}: {array}" for name, array in zip(names, context.exchanged, strict=True))
    else:
        parts = ", ".join(context.exchanged)
    yield Fault(
        severity="error",
        where="x",
        what=f"The arrays in {x} fit the inputs of the model ({', '.join(names)}) in another order only.",
        expected=", ".join(expected_shape(entry) if entry.rank else "any shape" for entry in context.inputs),
        got=", ".join(shapes[array.name] for array in arrays),
        fix=f"{x} = {{{parts}}}" if by_name else f"{x} = [{parts}]",
    )


@rule("SW121", "validation-exchanged")
def validation_exchanged(context: Context) -> Iterator[Fault]:
    """The validation data is (y, x) instead of (x, y).

    Error. Fires where the first part has the shape of y and the second that of x, the number of samples aside, and not
    the other way round. The other rules then look at them exchanged.
    """
    if context.validation_exchanged is None:
        return
    pair, first, second = context.validation_exchanged
    if first.lower().startswith("x"):  # the names are in order, what they stand for is not
        fix = f"{first}, {second} = {second}, {first}"
    elif first and second:
        fix = f"{pair or 'validation_data'} = ({second}, {first})"
    else:
        fix = f"{pair} = ({pair}[1], {pair}[0])" if pair else ""
    yield Fault(
        severity="error",
        where="validation",
        what="The validation data holds the targets first, and then the inputs. Keras expects (x, y), as in fit(x, y).",
        expected="(x, y)",
        got="(y, x)",
        fix=fix,
    )
