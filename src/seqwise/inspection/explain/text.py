"""The explanation in words, and for a terminal: the axes, a table of the layers, and each layer in words."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seqwise.axes import SAMPLES, TIMESTEPS, format_shape
from seqwise.inspection.explain.content import Axes, Content, Step, Tensor

WIDTH = 110
MASK_WORDS = {"makes": "made", "uses": "used", "carries": "carried", "ends": "ends", "drops": "LOST"}


def plain(explanation: Content) -> str:
    written = io.StringIO()
    Console(file=written, width=WIDTH, color_system=None, highlight=False, emoji=False).print(explanation)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()).strip("\n")


def rendered(explanation: Content) -> Iterator[RenderableType]:
    yield Text(explanation.title, style="bold")
    yield Text()
    for tensor in explanation.inputs:
        yield from _tensor(tensor, "in ")
    if explanation.steps:
        yield Text()
        yield _table(explanation)
        yield Text()
        for number, step in enumerate(explanation.steps, 1):
            yield Text.assemble((f"{number:>2} ", "cyan"), (step.name, "bold"), f" = {step.label}")
            for line in sentences(step):
                style = "red" if line.startswith("fails:") or " lost here" in line else ""
                yield Padding(Text(line, style=style), (0, 0, 0, 3))
        yield Text()
    for tensor in explanation.outputs:
        yield from _tensor(tensor, "out")
        if tensor.receptive_field:
            yield Padding(Text(field_sentence(tensor)), (0, 0, 0, 4))
    if explanation.steps:
        yield Text(parameters_sentence(explanation))
    for note in explanation.notes:
        yield Text()
        yield Text(f"Note: {note}")


def sentences(step: Step) -> list[str]:
    """The lines about a step, beneath its name."""
    lines = [step.why]
    if step.parameters and step.formula:
        frozen = "" if step.trained else " (not trained)"
        lines.append(f"{step.parameters:,} parameters{frozen} = {step.formula}")
    elif step.formula:
        lines.append(step.formula)
    elif step.parameters:
        lines.append(f"{step.parameters:,} parameters")
    if step.mask_why:
        lines.append(f"mask: {step.mask_why}.")
    if step.fails:
        lines.append(f"fails: {step.fails}")
    return lines


def field_sentence(tensor: Tensor) -> str:
    if tensor.receptive_field == "not followed":
        return "how many timesteps it can depend on was not followed (own code, or a layer not known here)"
    each = "each step of it" if TIMESTEPS in dict(tensor.axes) else "it"
    return f"{each} can depend on these timesteps of the input: {tensor.receptive_field}"


def parameters_sentence(explanation: Content) -> str:
    total, trainable = explanation.parameters, explanation.trainable
    if total is None:
        return "parameters: known once the model is built"
    rest = 0 if trainable is None else total - trainable
    return f"parameters: {total:,} in all" + (f", {rest:,} of them not trained" if rest else "")


def tensor_words(tensor: Tensor) -> str:
    return shape_words(tensor.axes) + (f", {tensor.says}" if tensor.says else "")


def shape_words(axes: Axes) -> str:
    """
    >>> shape_words((("samples", None), ("timesteps", 24), ("features", 3)))
    '(samples, timesteps=24, features=3)'
    """
    parts = [name if name == SAMPLES and size is None else format_shape(**{name: size})[1:-1] for name, size in axes]
    return f"({', '.join(parts)})"


def parameter_words(step: Step) -> str:
    if step.parameters is None:
        return "?"
    return f"{step.parameters:,}" if step.parameters else ("shared" if step.formula.startswith("the same") else "")


def mask_words(step: Step) -> str:
    return ", ".join(MASK_WORDS[role] for role in step.mask)


def columns_of(explanation: Content) -> dict[str, list[str]]:
    """The table of the layers: its columns by their titles, those left out that would say nothing."""
    steps = explanation.steps
    columns = {
        "": [str(number) for number in range(1, len(steps) + 1)],
        "layer": ["  " * step.depth + step.name for step in steps],
        "takes": [", ".join(step.takes) for step in steps],
        "gives": [_gives(step) for step in steps],
        "parameters": [parameter_words(step) for step in steps],
        "mask": [mask_words(step) for step in steps],
        "sees timesteps": [step.receptive_field for step in steps],
    }
    if _is_chain(explanation):
        del columns["takes"]
    return {title: cells for title, cells in columns.items() if any(cells)}


def _gives(step: Step) -> str:
    """One shape a line; what is there several times is counted."""
    if step.fails:
        return "does not fit"
    shapes = [
        shape_words(axes) + (f" ×{step.outputs.count(axes)}" if step.outputs.count(axes) > 1 else "")
        for axes in dict.fromkeys(step.outputs)
    ]
    return "\n".join(shapes) or "(its layers follow)"


def _is_chain(explanation: Content) -> bool:
    """Tell whether every layer reads the one before it."""
    previous: tuple[str, ...] = tuple(tensor.name for tensor in explanation.inputs)
    for step in explanation.steps:
        if step.takes != previous:
            return False
        previous = (step.name,) if step.outputs else step.takes
    return True


def _table(explanation: Content) -> Table:
    columns = columns_of(explanation)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in columns:
        number = title in ("", "parameters")
        table.add_column(title, justify="right" if number else "left", no_wrap=number, overflow="fold")
    for step, row in zip(explanation.steps, zip(*columns.values(), strict=True), strict=True):
        table.add_row(*row, style="red" if step.fails else None)
    return table


def _tensor(tensor: Tensor, where: str) -> Iterator[RenderableType]:
    yield Text.assemble((f"{where} ", "cyan"), (tensor.name, "bold"), f"  {tensor_words(tensor)}")
    width = max(map(len, tensor.meanings), default=0)
    for name, meaning in tensor.meanings.items():
        yield Padding(Text(f"{name:<{width}}  {meaning}"), (0, 0, 0, 4))
