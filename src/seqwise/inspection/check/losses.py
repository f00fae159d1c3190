"""What a loss is: its common name, and whether it takes logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seqwise.inspection.data import keras_module

REGRESSION = {
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
    "huber", "log_cosh",
}  # fmt: skip
SHORT = {"mean_squared_error": "mse", "mean_absolute_error": "mae"}


@dataclass(frozen=True)
class Loss:
    """A loss by its Keras name (``"mean_squared_error"``; ``"custom"`` for a function of the user's own)."""

    name: str
    from_logits: bool = False

    @property
    def regression(self) -> bool:
        return self.name in REGRESSION

    @property
    def crossentropy(self) -> bool:
        return self.name in ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")

    @property
    def short(self) -> str:
        return SHORT.get(self.name, self.name)


def read_loss(value: Any) -> Loss | None:
    """Read a loss in any form that Keras takes: a name, a function, an object. None where there is none."""
    if value is None:
        return None
    if isinstance(value, str):
        keras = keras_module()
        try:
            value = keras.losses.get(value) if keras else value
        except ValueError:
            return Loss(value)
        if isinstance(value, str):
            known = {short: name for name, short in SHORT.items()}
            return Loss(known.get(value, value))
    settings = getattr(value, "_fn_kwargs", {})
    function = getattr(value, "fn", value)
    name = getattr(function, "__name__", "custom")
    module = getattr(function, "__module__", "") or ""
    if not module.startswith("keras"):
        return Loss("custom")
    return Loss(name, bool(settings.get("from_logits", getattr(value, "from_logits", False))))


def compiled_losses(model: Any, names: list[str]) -> list[Loss | None]:
    """Return the loss of each output of a compiled model; None where there is none."""
    if not getattr(model, "compiled", False):
        return [None] * len(names)
    return spread_losses(getattr(model, "loss", None), names)


def spread_losses(loss: Any, names: list[str]) -> list[Loss | None]:
    """Return the loss of each output, from one for all, a list, or a dict by the outputs' names."""
    if isinstance(loss, dict):
        return [read_loss(loss.get(name)) for name in names] if names else [read_loss(v) for v in loss.values()]
    if isinstance(loss, (list, tuple)):
        read = [read_loss(one) for one in loss]
        return read if len(read) == len(names) or not names else (read * len(names))[: len(names)]
    return [read_loss(loss)] * max(len(names), 1)
