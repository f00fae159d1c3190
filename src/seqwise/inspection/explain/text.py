"""The explanation for a terminal: the axes, a table of the layers, and each layer in words."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from seqwise.axes import SAMPLES, format_shape
from seqwise.inspection.explain.steps import Axes, Step

if TYPE_CHECKING:
    from seqwise.inspection.explain.content import Content, Tensor

WIDTH = 110
MASK_WORDS = {"makes": "made", "uses": "used", "carries": "carried", "ends": "ends", "drops": "LOST"}


def plain(explanation: Content) -> str:
    """The explanation as text without colours."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, highlight=False, emoji=False)
    console.print(explanation)
    written: Any = console.file
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines()).strip("\n")


def rendered(explanation: Content) -> Iterator[Any]:
    """The explanation in rich's parts."""
    from rich.padding import Padding
    from rich.text import Text

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
    """What is told of a step beneath its name."""
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
    each = "each step of it" if any(name == "timesteps" for name, _ in tensor.axes) else "it"
    if tensor.receptive_field == "not followed":
        return "how many timesteps it can depend on was not followed (own code, or a layer not known here)"
    return f"{each} can depend on these timesteps of the input: {tensor.receptive_field}"


def parameters_sentence(explanation: Content) -> str:
    if explanation.parameters is None:
        return "parameters: known once the model is built"
    rest = explanation.parameters - (explanation.parameters if explanation.trainable is None else explanation.trainable)
    return f"parameters: {explanation.parameters:,} in all" + (f", {rest:,} of them not trained" if rest else "")


def shape_words(axes: Axes) -> str:
    """
    >>> shape_words((("samples", None), ("timesteps", 24), ("features", 3)))
    '(samples, timesteps=24, features=3)'
    """
    parts = [name if name == SAMPLES and size is None else format_shape(**{name: size})[1:-1] for name, size in axes]
    return f"({', '.join(parts)})"


def shapes_words(tensors: tuple[Axes, ...]) -> str:
    """One shape a line; what is there several times is counted."""
    distinct = list(dict.fromkeys(tensors))
    return "\n".join(f"{shape_words(a)}{f' ×{tensors.count(a)}' if tensors.count(a) > 1 else ''}" for a in distinct)


def parameter_words(step: Step) -> str:
    if step.parameters is None:
        return "?"
    return f"{step.parameters:,}" if step.parameters else ("shared" if step.formula.startswith("the same") else "")


def mask_words(step: Step) -> str:
    return ", ".join(MASK_WORDS[role] for role in step.mask)


def is_chain(explanation: Content) -> bool:
    """Tell whether every layer reads the one before it."""
    previous: tuple[str, ...] = tuple(tensor.name for tensor in explanation.inputs)
    for step in explanation.steps:
        if step.takes != previous:
            return False
        previous = (step.name,) if step.outputs else step.takes
    return True


def _table(explanation: Content) -> Any:
    from rich import box
    from rich.table import Table

    masks = any(step.mask for step in explanation.steps)
    fields = any(step.receptive_field for step in explanation.steps)
    branches = not is_chain(explanation)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("layer", ratio=None, overflow="fold")
    if branches:
        table.add_column("takes", overflow="fold")
    table.add_column("gives", overflow="fold")
    table.add_column("parameters", justify="right", no_wrap=True)
    if masks:
        table.add_column("mask")
    if fields:
        table.add_column("sees timesteps")
    for number, step in enumerate(explanation.steps, 1):
        gives = "does not fit" if step.fails else shapes_words(step.outputs) or "(its layers follow)"
        row = [str(number), "  " * step.depth + step.name]
        row += [", ".join(step.takes)] if branches else []
        row += [gives, parameter_words(step)] + ([mask_words(step)] if masks else [])
        row += [step.receptive_field] if fields else []
        table.add_row(*row, style="red" if step.fails else None)
    return table


def _tensor(tensor: Tensor, where: str) -> Iterator[Any]:
    from rich.padding import Padding
    from rich.text import Text

    says = f", {tensor.says}" if tensor.says else ""
    yield Text.assemble((f"{where} ", "cyan"), (tensor.name, "bold"), f"  {shape_words(tensor.axes)}{says}")
    width = max((len(name) for name in tensor.meanings), default=0)
    for name, meaning in tensor.meanings.items():
        yield Padding(Text(f"{name:<{width}}  {meaning}"), (0, 0, 0, 4))
