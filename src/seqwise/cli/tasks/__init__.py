"""What a model is to do: one module a task, chosen by the options given or by the run.

A task's module has:

- ``OPTIONS``: the options of `train` that belong to it, by their Python names;
- ``make(given)``: its estimator, from the options that were given;
- ``fit(estimator, data, given)``: train it on a file;
- ``shape(estimator, data, given)``: tell the shapes, as (lines of text, notes), without training;
- ``told(estimator)``: what to print of a trained estimator's test, or "";
- ``evaluate(estimator, data, folds)``: an object with ``str()`` and ``to_dict()``; `data` may be None (to translate
  also ``source=, target=``, and `predict` ``source=``: columns that were named, see `pair_columns`);
- ``notes(estimator)``: what was found in the data, one sentence each;
- ``write_report(estimator, evaluation, path)``: write an HTML report on what `evaluate` returned (no forecast has it);
- ``predict(estimator, data, out, plot)``: write to the files `out` and `plot`; what is to be printed.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from seqwise.errors import SettingError, nearest

TASKS = {
    "forecast": "seqwise.cli.tasks.forecast",
    "classify": "seqwise.cli.tasks.classify",
    "regress": "seqwise.cli.tasks.regress",
    "tag": "seqwise.cli.tasks.tag",
    "translate": "seqwise.cli.tasks.translate",
}
ESTIMATORS = {
    "Forecaster": "forecast", "Classifier": "classify", "Regressor": "regress", "Tagger": "tag",
    "Translator": "translate",
}  # fmt: skip
# what to say beside "does not belong here"
INSTEAD = {
    ("target", "classify"): "The column of the labels is --label.",
    ("target", "tag"): "The column of the labels is --label.",
    ("target", "regress"): "The column of each sequence's number is --label.",
    ("label", "forecast"): "The column to forecast is --target; for a label of each sequence add --group.",
    ("loss", "classify"): "A classifier is trained by cross-entropy.",
    ("pooling", "tag"): "A tagger keeps every step.",
    ("tokens", "tag"): "A tagger takes tokens as they come, one a row.",
}


def task_module(name: str) -> Any:
    return import_module(TASKS[name])


def task_of(estimator: Any) -> Any:
    """Return the module of a trained estimator's task."""
    return task_module(ESTIMATORS[type(estimator).__name__])


def pair_columns(estimator: Any, **given: str | None) -> dict[str, str]:
    """Return the columns of pairs of texts that were named.

    Raises:
        SettingError: the run translates nothing.
    """
    found = {name: column for name, column in given.items() if column is not None}
    task = ESTIMATORS[type(estimator).__name__]
    if found and task != "translate":
        raise SettingError(
            f"--{next(iter(found))} names a column of texts to translate; this run is of --task {task}, and reads the "
            "columns that it was trained on. Leave it out."
        )
    return found


def choose_task(data: str, given: dict[str, Any]) -> tuple[str, str]:
    """Return the task and why: as `given` says, or as the options and the data tell.

    A .ts file with class labels is to be classified, with targets regressed; a table with `group` or `text` by its
    label: text, bool and whole numbers are classes, fractions are quantities; classes that differ within a group are
    tags. Columns of a source and a target are to be translated. Anything else is forecast.

    Raises:
        SettingError: there is no such task, or an option does not belong to it.
    """
    name, why = given.get("task"), "--task"
    if name is None:
        name, why = _told_by(data, given)
    if name not in TASKS:
        raise SettingError(f"--task {name}: there is no such task.{nearest(name, TASKS)}")
    allowed = task_module(name).OPTIONS
    for option in given:
        if option in allowed or option == "task":
            continue
        flag = "--" + option.replace("_", "-")
        owners = [other for other in TASKS if option in task_module(other).OPTIONS]
        because = "" if why == "--task" else f" (told by {why})"
        raise SettingError(
            f"{flag} belongs to --task {_listed(owners)}; this is --task {name}{because}. "
            + INSTEAD.get((option, name), f"Leave it out, or name the task you mean: --task {owners[0]}.")
        )
    return name, why


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _told_by(data: str, given: dict[str, Any]) -> tuple[str, str]:
    if Path(data).suffix.lower() == ".ts":
        from seqwise.data import read_ts

        labels = read_ts(data).labels
        if labels is None:
            raise SettingError(f"{data} holds no labels, so there is nothing to learn from it.")
        return ("regress", "the file's targets") if labels.dtype.kind == "f" else ("classify", "the file's labels")
    if "source" in given:
        return "translate", "--source"
    if "group" not in given and "text" not in given:
        return "forecast", "the options"
    if "label" not in given:
        named, of = ("group", "the sequences") if "group" in given else ("text", "the texts")
        raise SettingError(f"--{named} names {of}; name the column of their labels (or numbers) too: --label COL.")
    from seqwise.data import read_table

    table, label = read_table(data), given["label"].split(",")[0].strip()
    column = table.column(label).to_polars().alias("label")
    if column.dtype.is_float() and not (column.drop_nulls() % 1 == 0).all():
        return "regress", f"the fractions in {label!r}"
    if "group" in given:
        group = table.column(given["group"]).to_polars().alias("group")
        if column.to_frame().with_columns(group).unique()["group"].is_duplicated().any():
            return "tag", f"labels that differ within a {given['group']!r}"
    return "classify", f"the values of {label!r}"
