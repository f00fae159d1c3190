"""`seqwise.check`: what is wrong with a model, its data and its loss, before anything is trained."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqwise.inspection.check.context import Context
from seqwise.inspection.check.names import Names
from seqwise.inspection.check.report import Report
from seqwise.inspection.check.rules import RULES
from seqwise.inspection.check.subject import read_subject


def check(
    model: Any = None,
    x: Any = None,
    y: Any = None,
    *,
    validation: Any = None,
    loss: Any = None,
    scaler: Any = None,
    groups: Any = None,
    validation_groups: Any = None,
    batch_size: int | None = None,
    streaming: bool = False,
) -> Report:
    """Say what will fail, and what will train and be wrong; change neither the model nor the data.

    Every argument may be left out; the rules look at what there is.

    Args:
        model: a Keras model of any kind, built or not, compiled or not; a list of layers; a function that builds the
            model (for one that Keras refuses to build: the fault is read from its error); a fitted
            `seqwise.Forecaster`.
        x: the input, shape (samples, timesteps, features), or what you have: an array, nested lists, a pandas, polars
            or pyarrow table, a tensor of JAX, TensorFlow or PyTorch; for several inputs a list or a dict by name.
        y: the target, in the same forms.
        validation: ``(x, y)`` of the validation part, for the rules on leakage; or x alone.
        loss: as for `keras.Model.compile`; left out, that of the compiled model.
        scaler: the fitted scaler (scikit-learn's or Seqwise's) that made `x`.
        groups, validation_groups: one label for each sample: which series, patient or machine it comes from.
        batch_size: samples in a batch, for stateful layers.
        streaming: the model is to run one timestep at a time.

    Returns:
        a `Report`: print it, or ask it: ``report.errors``, ``report.findings[0].fix``.

    Example:
        >>> import numpy as np
        >>> print(check(None, np.zeros((8, 10, 3)), np.zeros((9, 1))).findings[0].name)
        sample-counts-differ
    """
    names = Names({**sys._getframe(1).f_globals, **sys._getframe(1).f_locals})
    context = read_subject(
        model,
        x,
        y,
        validation=validation,
        loss=loss,
        names=names,
        scaler=scaler,
        groups=groups,
        validation_groups=validation_groups,
        batch_size=batch_size,
        streaming=streaming,
    )
    return run_rules(context)


def run_rules(context: Context, only: Sequence[str] | None = None) -> Report:
    """Run the rules (all, or those of these codes) on a context that is already there."""
    with np.errstate(all="ignore"):  # data with NaN, infinity or 1e300 are looked at like any other
        for code, rule in RULES.items():
            if only is None or code in only:
                context.findings.extend(rule.findings(context))
    return Report(context.findings, _subject(context))


def _subject(context: Context) -> str:
    parts = []
    if context.has_model:
        name = getattr(context.model, "name", None)
        parts.append(f"model {name!r}" if isinstance(name, str) else "layers")
        parts[-1] += f", {len(context.calls)} layers" if context.calls else ""
    for label, arrays in (
        ("x", [one.data for one in context.inputs]),
        ("y", [one.target for one in context.outputs]),
    ):
        shapes = [str(tuple(map(int, array.shape))) for array in arrays if array is not None]
        if shapes:
            parts.append(f"{label} {', '.join(shapes)}")
    return "; ".join(parts)
