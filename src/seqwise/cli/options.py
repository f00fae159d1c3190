"""The options of `train` and its like, made from the settings that the estimators declare.

An option that is left out is None, so that the estimator's own default holds, and options that do not belong to the
task can be refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

from seqwise.cli.columns import COLUMNS
from seqwise.cli.tasks import TASKS
from seqwise.data import Tokenizer
from seqwise.estimators.settings import Option, Setting, declared_settings, default_of


def with_options(
    command: Callable[..., Any],
    arguments: dict[str, Any],
    options: Iterable[str] | None = None,
    own: dict[str, tuple[Any, Any]] | None = None,
) -> Any:
    """Give a command its arguments, the columns, and the options of the estimators' settings.

    Args:
        command: takes everything by keyword.
        arguments: annotations of what comes first and has no default, by name.
        options: names of the options that it has; None for all.
        own: (annotation, default) of options that are the command's own, by name.
    """
    keyword = inspect.Parameter.KEYWORD_ONLY
    known = COLUMNS | declared_options()
    chosen = {name: known[name] for name in (known if options is None else options)}
    parameters = [
        *(inspect.Parameter(name, keyword, annotation=annotation) for name, annotation in arguments.items()),
        *(inspect.Parameter(name, keyword, default=d, annotation=a) for name, (a, d) in (own or {}).items()),
        *(inspect.Parameter(name, keyword, default=None, annotation=a) for name, a in chosen.items()),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = arguments | {name: a for name, (a, _) in (own or {}).items()} | chosen
    return command


def declared_options() -> dict[str, Any]:
    """Return the annotation of each option that a setting of some estimator declares, by the option's name."""
    return {name: _annotation(name, _declarations(name)) for name in _option_names()}


def _option_names() -> list[str]:
    names = (name for task in TASKS.values() for name in task.settings_options())
    return list(dict.fromkeys(names))


def _declarations(name: str) -> dict[str, tuple[Option, Setting, Any]]:
    """Return the option of each task that has it, with the setting that it belongs to and the default."""
    declarations = {}
    for task_name, task in TASKS.items():
        for setting_name, setting in declared_settings(task.estimator()).items():
            for entry, option in setting.options.items():
                if (entry or setting_name) == name:
                    default = default_of(task.estimator(), setting_name)
                    if entry:
                        default = inspect.signature(Tokenizer).parameters[option.entry].default
                    declarations[task_name] = option, setting, default
    return declarations


def _annotation(name: str, declarations: dict[str, tuple[Option, Setting, Any]]) -> Any:
    option, setting, _ = next(iter(declarations.values()))
    text = option.help or setting.help[0].upper() + setting.help[1:].replace("``", "")
    for task, (other, *_) in declarations.items():
        if other.panel != option.panel and other.help not in text:  # it means something else there
            text += f" {TASKS[task].family.capitalize()}: {other.help}"
    text += _defaults(declarations)
    flag = "--" + name.replace("_", "-")
    only_on = option.type is bool and not any(default for *_, default in declarations.values())
    names = [flag] if only_on else [f"{flag}/--no-{flag[2:]}"] if option.type is bool else []
    return Annotated[option.type | None, typer.Option(*names, help=text, rich_help_panel=option.panel)]


def _defaults(declarations: dict[str, tuple[Option, Setting, Any]]) -> str:
    """Return the defaults in brackets, where some are plain numbers or words."""
    by_family: dict[str, str] = {}
    for task, (*_, default) in declarations.items():
        if default in (None, ()) or isinstance(default, bool):
            continue
        text = ",".join(map(str, default)) if isinstance(default, tuple) else str(default)
        by_family.setdefault(TASKS[task].family, text)
    if set(by_family.values()) <= {"auto"}:
        return ""
    first = next(iter(by_family.values()))
    others = [f"; {text} {family}" for family, text in by_family.items() if text != first]
    return f" [{first}{''.join(others)}]"
