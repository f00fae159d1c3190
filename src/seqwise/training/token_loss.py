"""The loss of a model that chooses a token at every step."""

from __future__ import annotations

from typing import Any

from seqwise.backend import import_keras

keras = import_keras()
ops = keras.ops


@keras.saving.register_keras_serializable("seqwise")
class TokenCrossentropy(keras.losses.Loss):
    """Sparse cross-entropy from logits, its mean over the tokens (not over the padding).

    Call: targets (samples, timesteps) int, logits (samples, timesteps, tokens) → (samples, timesteps).

    Args:
        label_smoothing: the right token is worth ``1 - label_smoothing`` and the rest is shared by all tokens, as
            Keras's categorical cross-entropy has it (Szegedy et al. 2016).
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
        total = ops.logsumexp(y_pred, axis=-1)
        right = ops.take_along_axis(y_pred, ops.cast(y_true, "int32")[..., None], axis=-1)[..., 0]
        loss = total - (1 - self.label_smoothing) * right
        return loss - self.label_smoothing * ops.mean(y_pred, axis=-1) if self.label_smoothing else loss

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"label_smoothing": self.label_smoothing}
