"""The explanation for a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from seqwise.inspection.explain.text import (
    field_sentence,
    mask_words,
    parameter_words,
    parameters_sentence,
    sentences,
    shape_words,
    shapes_words,
)

if TYPE_CHECKING:
    from seqwise.inspection.explain.content import Content, Tensor

CELL = 'style="text-align:left;vertical-align:top;padding:2px 10px 2px 0"'


def html(explanation: Content) -> str:
    """The explanation as a fragment of HTML: every text of the user's is escaped, every style is inline."""
    parts = [f"<div><p><b>{escape(explanation.title)}</b></p>"]
    parts += [_tensor(tensor, "in") for tensor in explanation.inputs]
    if explanation.steps:
        parts.append(_table(explanation))
        for number, step in enumerate(explanation.steps, 1):
            lines = "<br>".join(map(escape, sentences(step)))
            parts.append(f"<p>{number} <b>{escape(step.name)}</b> = <code>{escape(step.label)}</code><br>{lines}</p>")
    for tensor in explanation.outputs:
        parts.append(_tensor(tensor, "out"))
        if tensor.receptive_field:
            parts.append(f"<p>{escape(field_sentence(tensor))}</p>")
    if explanation.steps:
        parts.append(f"<p>{escape(parameters_sentence(explanation))}</p>")
    parts += [f"<p>Note: {escape(note)}</p>" for note in explanation.notes]
    return "\n".join([*parts, "</div>"])


def _table(explanation: Content) -> str:
    head = ["", "layer", "takes", "gives", "parameters", "mask", "sees timesteps"]
    rows = []
    for number, step in enumerate(explanation.steps, 1):
        gives = "does not fit" if step.fails else shapes_words(step.outputs)
        cells = [str(number), "\u00a0\u00a0" * step.depth + step.name, ", ".join(step.takes), gives,
                 parameter_words(step), mask_words(step), step.receptive_field]  # fmt: skip
        rows.append("<tr>" + "".join(f"<td {CELL}>{escape(c).replace(chr(10), '<br>')}</td>" for c in cells) + "</tr>")
    titles = "".join(f"<th {CELL}>{name}</th>" for name in head)
    return f"<table><tr>{titles}</tr>{''.join(rows)}</table>"


def _tensor(tensor: Tensor, where: str) -> str:
    says = f", {tensor.says}" if tensor.says else ""
    meanings = "".join(
        f"<br>\u00a0\u00a0{escape(name)}: {escape(meaning)}" for name, meaning in tensor.meanings.items()
    )
    return f"<p>{where} <b>{escape(tensor.name)}</b> {escape(shape_words(tensor.axes) + says)}{meanings}</p>"
