"""The loss of a model that predicts a token at every step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seqwise.backend import import_keras

if TYPE_CHECKING:
    import keras
else:
    keras = import_keras()
ops: Any = keras.ops


@keras.saving.register_keras_serializable("seqwise")
class TokenCrossentropy(keras.losses.Loss):
    """Sparse cross-entropy from logits, averaged over the tokens without padding.

    Call: targets (samples, timesteps) int, logits (samples, timesteps, tokens) → (samples, timesteps).

    Args:
        label_smoothing: the correct token has the probability ``1 - label_smoothing`` and all tokens share the rest, as
            in Keras's categorical cross-entropy (Szegedy et al. 2016).
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        *,
        reduction: Any = "mean_with_sample_weight",
        name: str = "token_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        correct = ops.take_along_axis(y_pred, ops.cast(y_true, "int32")[..., None], axis=-1)[..., 0]
        loss = ops.logsumexp(y_pred, axis=-1) - (1 - self.label_smoothing) * correct
        return loss - self.label_smoothing * ops.mean(y_pred, axis=-1) if self.label_smoothing else loss

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"label_smoothing": self.label_smoothing}
