"""The loss of a model that chooses a token at every step."""

from __future__ import annotations

from typing import Any

from seqwise.ops.backend import import_keras


def token_crossentropy(label_smoothing: float = 0.0) -> Any:
    """Return a Keras loss: sparse cross-entropy from logits, its mean over the tokens (not over the padding).

    With `label_smoothing` (Szegedy et al. 2016) the right token is worth ``1 - label_smoothing`` and the rest is
    shared by all tokens, as Keras's categorical cross-entropy has it.
    """
    keras = import_keras()
    ops = keras.ops

    class TokenCrossentropy(keras.losses.Loss):
        """(targets (samples, timesteps) int, logits (samples, timesteps, tokens)) → (samples, timesteps)."""

        def call(self, y_true: Any, y_pred: Any) -> Any:
            total = ops.logsumexp(y_pred, axis=-1)
            right = ops.take_along_axis(y_pred, ops.cast(y_true, "int32")[..., None], axis=-1)[..., 0]
            loss = total - (1 - label_smoothing) * right
            return loss - label_smoothing * ops.mean(y_pred, axis=-1) if label_smoothing else loss

    return TokenCrossentropy(reduction="mean_with_sample_weight", name="token_crossentropy")
