"""What a loss is: its common name, and whether it takes logits."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Literal

from seqwise.inspection.graph import Shape, is_dict, is_sequence

REGRESSION = {
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
    "huber", "log_cosh",
}  # fmt: skip
BATCH = 1009  # stands for the samples of a batch: no other axis has this size
SHORT = {"mean_squared_error": "mse", "mean_absolute_error": "mae"}


@dataclass(frozen=True)
class Loss:
    """A loss by its Keras name (``"mean_squared_error"``; ``"custom"`` for a function of the user's own)."""

    name: str
    from_logits: bool = False
    ignore_class: int | None = None

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
    keras: Any = sys.modules.get("keras")
    if isinstance(value, str) and keras is None:
        return Loss({short: name for name, short in SHORT.items()}.get(value, value))
    if isinstance(value, str):
        try:
            value = keras.losses.get(value)
        except ValueError:
            return Loss(value)
    function = getattr(value, "fn", value)
    if not (getattr(function, "__module__", "") or "").startswith("keras"):
        return Loss("custom")
    from_logits, ignored = (
        getattr(value, "_fn_kwargs", {}).get(setting, getattr(value, setting, None))
        for setting in ("from_logits", "ignore_class")
    )
    return Loss(getattr(function, "__name__", "custom"), bool(from_logits), ignored)


def spread_losses(loss: Any, names: list[str]) -> list[Loss | None]:
    """Return the loss of each output, from one for all, a list, or a dict by the outputs' names."""
    if is_dict(loss):
        return [read_loss(loss.get(name)) for name in names] if names else [read_loss(part) for part in loss.values()]
    if is_sequence(loss):
        losses = [read_loss(part) for part in loss]
        return losses if len(losses) == len(names) or not names else (losses * len(names))[: len(names)]
    return [read_loss(loss)] * max(len(names), 1)


def compare_shapes(
    target: tuple[int, ...], output: Shape, loss: Loss | None
) -> Literal["same", "broadcast", "fails", "unknown"]:
    """Tell what Keras makes of a target beside an output: both (samples, …).

    Keras first drops or adds a last axis of 1 where the number of axes differs by one; the regression losses and
    functions of the user's own then broadcast as NumPy does, the crossentropies refuse.
    """
    sizes = output[1:]
    if len(output) == len(target):
        sizes = tuple(wanted if size is None else size for size, wanted in zip(sizes, target[1:], strict=True))
    if None in sizes:
        return "unknown" if abs(len(output) - len(target)) <= 1 else "fails"
    y, prediction = (BATCH, *target[1:]), (BATCH, *(size for size in sizes if size is not None))
    if loss is not None and loss.name == "sparse_categorical_crossentropy":
        # the numbers of the classes may have one or two axes of size 1 more than they need
        return "same" if y in (prediction[:-1], (*prediction[:-1], 1), (*prediction[:-1], 1, 1)) else "fails"
    if len(y) == len(prediction) + 1 and y[-1] == 1 and len(prediction) > 1:
        y = y[:-1]
    elif len(prediction) == len(y) + 1 and prediction[-1] == 1:
        y, prediction = (y, prediction[:-1]) if len(y) > 1 else ((*y, 1), prediction)
    if y == prediction:
        return "same"
    if loss is not None and loss.crossentropy:
        return "fails"
    pairs = zip(reversed(y), reversed(prediction), strict=False)
    return "broadcast" if all(a == b or 1 in (a, b) for a, b in pairs) else "fails"
