"""Searching an estimator's settings with Optuna: each trial is a training, scored by its best validation loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from seqwise.backend import import_keras
from seqwise.errors import SettingError, nearest
from seqwise.estimators.settings import declared_settings

# a list: one of these; a pair: from the one to the other, of whole numbers where both are
SPACE: dict[str, Any] = {
    "learning_rate": (0.0003, 0.01),
    "dropout": (0.0, 0.6),
    "units": [(32,), (64,), (128,)],
}
UNITS_OF_LOSS = ("loss", "log", "scaler")  # settings without which losses could not be compared
LOGARITHMIC = 20  # a range of numbers is searched by their logarithm from this ratio of its ends on


def search(
    estimator: Any, arguments: Sequence[Any], keywords: Mapping[str, Any], trials: int, space: Any, study: Any
) -> Any:
    """Run trials of an estimator's settings and set the best ones; returns Optuna's study.

    Args:
        arguments, keywords: of `fit`.
        trials, space, study: see `Estimator.tune`.

    Raises:
        SettingError: Optuna is not installed, the space names no setting, or nothing is held back for validation.
    """
    try:
        import optuna
    except ImportError:
        raise SettingError("tune needs Optuna: pip install 'seqwise[tune]'.") from None
    if keywords.get("resume") is not None:
        raise SettingError("tune keeps its trials in an Optuna study: give one with a storage, study=…, not resume.")
    cls = cast(type, estimator.__class__)
    known = declared_settings(cls)
    chosen = {name: values for name, values in SPACE.items() if name in known} if space is None else dict(space)
    for name in chosen:
        if name not in known:
            raise SettingError(f"space names {name!r}, which is not a setting of {cls.__name__}.{nearest(name, known)}")
        if name in UNITS_OF_LOSS:
            raise SettingError(f"space names {name!r}: validation losses of different {name}s cannot be compared.")
    if study is None:
        sampler = optuna.samplers.TPESampler(seed=estimator.seed)
        study = optuna.create_study(direction="minimize", sampler=sampler, pruner=optuna.pruners.MedianPruner())
    settings = {name: getattr(estimator, name) for name in known}

    def objective(trial: Any) -> float:
        drawn = {name: _draw(trial, name, values) for name, values in chosen.items()}
        fresh = cls(**settings | drawn | ({"refit": False} if "refit" in known else {}))
        watch = _watching(trial)
        fresh.fit(*arguments, **{**keywords, "callbacks": [*keywords.get("callbacks", ()), watch]})
        if watch.pruned:
            raise optuna.TrialPruned
        losses = fresh.training_.history.get("val_loss")
        if not losses:
            raise SettingError("tune compares validation losses, and nothing is held back: set validation=0.2.")
        return min(losses)

    study.optimize(objective, n_trials=trials)
    best = {name: _value(values, study.best_params[name]) for name, values in chosen.items()}
    estimator.set_params(**best)
    return study


def _draw(trial: Any, name: str, values: Any) -> Any:
    if isinstance(values, list):
        number = trial.suggest_categorical(name, [str(value) for value in cast(list[Any], values)])
        return _value(values, number)
    try:
        low, high = values
    except (TypeError, ValueError):
        raise SettingError(
            f"space[{name!r}]={values!r}: expected a list of values, or a pair of the least and the greatest."
        ) from None
    log = low > 0 and high / low >= LOGARITHMIC
    suggest = trial.suggest_int if isinstance(low, int) and isinstance(high, int) else trial.suggest_float
    return suggest(name, low, high, log=log)


def _value(values: Any, drawn: Any) -> Any:
    """Return the value that Optuna knows by its text."""
    if not isinstance(values, list):
        return drawn
    return next(value for value in cast(list[Any], values) if str(value) == drawn)


def _watching(trial: Any) -> Any:
    class Watch(import_keras().callbacks.Callback):
        """Tells Optuna the loss of each epoch, and stops a training that it gives up."""

        pruned = False

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            loss: Any = None if logs is None else logs.get("val_loss")
            if loss is not None:
                trial.report(float(loss), epoch)
                if trial.should_prune():
                    self.pruned = self.model.stop_training = True

    return Watch()
