"""Data sources in place of arrays: their batches for the rules, and fixes in words where no code would run."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.finding import Finding
from seqwise.inspection.sources import Source, look_at

NAMES = {"x": ("x", "y"), "validation": ("x_val", "y_val")}  # of the arrays in their batches
# fixes that need all samples, and not those of a batch
OF_ALL_SAMPLES = re.compile(r"\.(mean|std|min|max|adapt)\(|np\.unique|sliding_window_view|\bkeep\b|\[:-\d|\[\d+:\]")
# findings whose fix counts samples: those that were looked at are not those of the source
COUNTS_SAMPLES = ("sample-counts-differ", "stateful-batch-size", "shuffled-before-split")
MAKES_BATCHES = {"a tf.data.Dataset": "dataset = dataset.batch(32)", "a PyTorch DataLoader": "DataLoader(dataset, 32)"}


def open_sources(context: Context, x: Any, y: Any, validation: Any) -> tuple[Any, Any, Any]:
    """Put samples in the place of data sources; what was looked at, or not, is noted in the context."""
    source, held_out = look_at(x, validation)
    if source is not None:
        _note(context, "x", source, context.names.of(x, "x"))
        x, y = source.x, y if source.y is None else source.y
    if held_out is not None:
        _note(context, "validation", held_out, context.names.of(validation, "validation"))
        validation = (held_out.x, held_out.y)
    return x, y, validation


def _note(context: Context, role: str, source: Source, name: str) -> None:
    context.data_from[role] = source.kind
    if source.x is not None:
        words = str(source) if role == "x" else f"validation: {source}"
        context.looked_at = "; ".join(filter(None, [context.looked_at, words]))
    if source.unexamined:
        context.unexamined.append(f"{name}, {source.kind}: it {source.unexamined}")


def in_words(finding: Finding, context: Context) -> Finding:
    """Turn a fix of data that a source makes into words: there is no array that a line of code could change."""
    used: set[str] = set()
    if finding.where in ("x", "y", "validation"):
        used.update(re.findall(r"\w+", finding.fix))
    kind = next((kind for role, kind in context.data_from.items() if not used.isdisjoint(NAMES[role])), None)
    if kind is None:
        return finding
    code = finding.fix.replace("\n# ", "; ").replace("\n", "; ")
    if finding.name in COUNTS_SAMPLES:
        words = ""
    elif finding.name == "samples-axis-missing" and kind in MAKES_BATCHES:
        words = f" Let {kind.replace('a ', 'the ', 1)} make batches: {MAKES_BATCHES[kind]}"
    elif OF_ALL_SAMPLES.search(code):
        words = f" Before the samples are put in batches: {code}"
    else:
        words = f" In each batch: {code}"
    return replace(finding, what=finding.what + words, fix="")
