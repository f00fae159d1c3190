"""What a loss is: its common name, and whether it takes logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from seqwise.inspection.data import keras_module
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
    sizes = [*output[1:]]
    wanted = [*target[1:]]
    if None in sizes and len(sizes) == len(wanted):
        sizes = [w if s is None else s for s, w in zip(sizes, wanted, strict=True)]
    if None in sizes:
        return "unknown" if abs(len(sizes) - len(wanted)) <= 1 else "fails"
    one, other = [BATCH, *wanted], [BATCH, *[s for s in sizes if s is not None]]
    sparse = loss is not None and loss.name == "sparse_categorical_crossentropy"
    if sparse:
        labels = one[:-1] if len(one) == len(other) + 1 and one[-1] == 1 else one
        labels = labels[:-1] if len(labels) == len(other) and labels[-1] == 1 else labels
        return "same" if labels == other[:-1] else "fails"
    if len(one) == len(other) + 1 and one[-1] == 1:
        one = one[:-1] if len(other) > 1 else one
    elif len(other) == len(one) + 1 and other[-1] == 1:
        if len(one) == 1:
            one = [*one, 1]
        else:
            other = other[:-1]
    if one == other:
        return "same"
    if loss is not None and loss.crossentropy:
        return "fails"
    for a, b in zip(one[::-1], other[::-1], strict=False):
        if a != b and 1 not in (a, b):
            return "fails"
    return "broadcast"
