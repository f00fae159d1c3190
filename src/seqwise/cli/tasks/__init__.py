"""What a model is to do: a task for each estimator, named by --task or inferred from the options and the data."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqwise import estimators
from seqwise.errors import SettingError, nearest
from seqwise.estimators.settings import declared_settings

if TYPE_CHECKING:
    from seqwise.estimators.base import Estimator


@dataclass(frozen=True)
class Task:
    """One task of the command line.

    Attributes:
        estimator_name: the estimator's class.
        module: of `seqwise.cli.tasks`: how a run of this task is evaluated and predicts. It has

            - ``COLUMNS``: options that say what to read, most of them columns of a table: arguments of `fit`;
            - ``columns(options)``: the arguments of `fit` from the options;
            - ``run_columns(estimator)``: those that a run was trained with;
            - ``evaluate(estimator, data, **columns)``: an object with ``str()`` and ``to_dict()``; `data` may be None;
              of a forecast also with `folds`;
            - ``predict(estimator, data, out, **columns)``: writes to the file `out`; returns what is to be printed; of
              a forecast also with `plot`;
            - ``counted(comparison)``: what was compared, in words.
        family: what the help of an option says that a default is for.
    """

    estimator_name: str
    module: str
    family: str

    def estimator(self) -> type[Estimator[Any, Any, Any]]:
        """Return the estimator's class."""
        return getattr(estimators, self.estimator_name)

    def commands(self) -> Any:
        """Return the module."""
        return import_module(self.module)

    @property
    def columns(self) -> tuple[str, ...]:
        """The options that say what to read."""
        return self.commands().COLUMNS

    def settings_options(self) -> list[str]:
        """Return the names of the options that its settings declare."""
        declared = declared_settings(self.estimator())
        return [entry or name for name, setting in declared.items() for entry in setting.options]

    def make(self, options: dict[str, Any]) -> Estimator[Any, Any, Any]:
        """Return the estimator with the settings that were given."""
        settings: dict[str, Any] = {}
        for name, setting in declared_settings(self.estimator()).items():
            for entry, option in setting.options.items():
                value = options.get(entry or name)
                if value is None:
                    continue
                value = value if option.parse is None else option.parse(value)
                if entry:
                    settings[name] = settings.get(name, {}) | {option.entry: value}
                else:
                    settings[name] = value
        return self.estimator()(**settings)


TASKS = {
    "forecast": Task("Forecaster", "seqwise.cli.tasks.forecast", "to forecast"),
    "classify": Task("Classifier", "seqwise.cli.tasks.sequences", "for sequences"),
    "regress": Task("Regressor", "seqwise.cli.tasks.sequences", "for sequences"),
    "tag": Task("Tagger", "seqwise.cli.tasks.sequences", "for sequences"),
    "translate": Task("Translator", "seqwise.cli.tasks.translate", "to translate"),
}
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


def task_name(estimator: Estimator[Any, Any, Any]) -> str:
    """Return the name of the task of a trained estimator."""
    return next(name for name, task in TASKS.items() if task.estimator_name == type(estimator).__name__)


def task_of(estimator: Estimator[Any, Any, Any]) -> Task:
    """Return the task of a trained estimator."""
    return TASKS[task_name(estimator)]


def of_forecasts(estimator: Estimator[Any, Any, Any], instead: str, **options: Any) -> dict[str, Any]:
    """Return those options that were given, which forecasts alone have.

    Args:
        instead: what to do for anything else.

    Raises:
        SettingError: the run forecasts nothing.
    """
    named = {name: value for name, value in options.items() if value is not None}
    if named and task_name(estimator) != "forecast":
        raise SettingError(f"--{next(iter(named)).replace('_', '-')} belongs to forecasts. {instead}")
    return named


def estimator_for(data: str, options: dict[str, Any]) -> tuple[Estimator[Any, Any, Any], dict[str, Any]]:
    """Return the estimator that `seqwise train` would train on a file, and the keywords of its `fit`.

    ``estimator.training_data(data, **keywords)`` is then what it would train on.

    Args:
        options: of `seqwise train`, by their Python names; those that are absent or None were left out.

    Raises:
        SettingError: an option does not belong to the task, or one is missing.
    """
    chosen = {name: value for name, value in options.items() if value is not None}
    task = TASKS[choose_task(data, chosen)[0]]
    return task.make(chosen), task.commands().columns(chosen)


def pair_columns(estimator: Estimator[Any, Any, Any], **columns: str | None) -> dict[str, str]:
    """Return the columns of pairs of texts that were named.

    Raises:
        SettingError: the run translates nothing.
    """
    named, task = {name: column for name, column in columns.items() if column is not None}, task_name(estimator)
    if named and task != "translate":
        raise SettingError(
            f"--{next(iter(named))} names a column of texts to translate; this run is of --task {task}, and reads the "
            "columns that it was trained on. Leave it out."
        )
    return named


def choose_task(data: str, options: dict[str, Any]) -> tuple[str, str]:
    """Return the task and why: by `options`, or inferred from the options and the data.

    A .ts file with class labels is to be classified, with targets regressed; a table with `group` or `text` by its
    label: text, bool and whole numbers are classes, fractions are quantities; classes that differ within a group are
    tags. Columns of a source and a target are to be translated. Anything else is forecast.

    Raises:
        SettingError: there is no such task, or an option does not belong to it.
    """
    name, why = options.get("task"), "--task"
    if name is None:
        name, why = _inferred(data, options)
    if name not in TASKS:
        raise SettingError(f"--task {name}: there is no such task.{nearest(name, TASKS)}")
    allowed = {other: {*task.columns, *task.settings_options()} for other, task in TASKS.items()}
    for option in options:
        if option in allowed[name] or option == "task":
            continue
        flag = "--" + option.replace("_", "-")
        owners = [other for other in TASKS if option in allowed[other]]
        because = "" if why == "--task" else f" (inferred from {why})"
        raise SettingError(
            f"{flag} belongs to --task {_listed(owners)}; this is --task {name}{because}. "
            + INSTEAD.get((option, name), f"Leave it out, or name the task you mean: --task {owners[0]}.")
        )
    return name, why


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _inferred(data: str, options: dict[str, Any]) -> tuple[str, str]:
    if Path(data).suffix.lower() == ".ts":
        from seqwise.data import read_ts

        labels = read_ts(data).labels
        if labels is None:
            raise SettingError(f"{data} holds no labels, so there is nothing to learn from it.")
        return ("regress", "the file's targets") if labels.dtype.kind == "f" else ("classify", "the file's labels")
    if "source" in options:
        return "translate", "--source"
    if "group" not in options and "text" not in options:
        return "forecast", "the options"
    if "label" not in options:
        named, of = ("group", "the sequences") if "group" in options else ("text", "the texts")
        raise SettingError(f"--{named} names {of}; name the column of their labels (or numbers) too: --label COL.")
    from seqwise.data import read_table

    table, label = read_table(data), options["label"].split(",")[0].strip()
    column = table.column(label).to_polars().alias("label")
    if column.dtype.is_float() and not (column.drop_nulls() % 1 == 0).all():
        return "regress", f"the fractions in {label!r}"
    if "group" in options:
        group = table.column(options["group"]).to_polars().alias("group")
        if column.to_frame().with_columns(group).unique()["group"].is_duplicated().any():
            return "tag", f"labels that differ within a {options['group']!r}"
    return "classify", f"the values of {label!r}"
