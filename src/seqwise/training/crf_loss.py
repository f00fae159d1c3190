"""Training a linear-chain conditional random field: the layer that holds its tables, and its loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from seqwise.backend import import_keras

if TYPE_CHECKING:
    import keras
else:
    keras = import_keras()
ops: Any = keras.ops
NEVER = -1e30  # a score; infinity would make NaN of differences


class TagTransitions(keras.layers.Layer):
    """Adds to each tag's logit what the tag before it adds: the network's last layer, in training alone.

    Call: logits (samples, timesteps, tags) → scores (samples, timesteps, tags × tags), one for each pair of the step's
    tag and the one before it, which varies slowest. At the first step all tags before it are the same.

    Attributes:
        start: shape (tags,). between: shape (tags, tags); see `seqwise.ops.crf.Transitions`.
    """

    def build(self, input_shape: Any) -> None:
        tags = int(input_shape[-1])
        self.start = self.add_weight(shape=(tags,), initializer="zeros", name="start")
        self.between = self.add_weight(shape=(tags, tags), initializer="zeros", name="between")
        self.supports_masking = True  # the mask goes on to the loss as it is
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        logits: Any = inputs
        samples, steps, tags = ops.shape(logits)
        first = ops.reshape(ops.arange(steps) == 0, (-1, 1, 1))
        before = ops.where(first, *map(ops.convert_to_tensor, (self.start, self.between)))  # (timesteps, tags, tags)
        return ops.reshape(logits[:, :, None, :] + before, (samples, steps, tags * tags))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], input_shape[-1] ** 2)


class ChainCrossentropy(keras.losses.Loss):
    """The negative log-likelihood of the tags, step by step, averaged over the steps without padding.

    Call: tags (samples, timesteps) int, scores of `TagTransitions` → (samples, timesteps).

    The forward algorithm's sum over all tags up to a step, less that up to the step before, minus the score of the
    right tag: over the steps of a sequence these add up to its negative log-likelihood, and nothing behind a step
    changes it. So padding, which has no weight, has no effect.
    """

    def __init__(
        self, *, reduction: Any = "mean_with_sample_weight", name: str = "chain_crossentropy", dtype: Any = None
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        tags = math.isqrt(y_pred.shape[-1])
        right = ops.cast(y_true, "int32")
        before = ops.pad(right[:, :-1], ((0, 0), (1, 0)))
        score = ops.take_along_axis(y_pred, (before * tags + right)[..., None], axis=-1)[..., 0]
        samples, steps, _ = ops.shape(y_pred)
        pairs = ops.transpose(ops.reshape(y_pred, (samples, steps, tags, tags)), (1, 0, 2, 3))

        def advance(so_far: Any, scores: Any) -> tuple[Any, Any]:
            reached = ops.logsumexp(so_far[:, :, None] + scores, axis=1)  # of each tag, all ways to it
            total = ops.logsumexp(reached, axis=-1, keepdims=True)
            # as wide as what is carried on: TensorFlow's scan in Keras takes no other output
            return reached - total, ops.broadcast_to(total, ops.shape(reached))

        # before the first step there is one way: the first of the tags that are all the same there
        begin = ops.broadcast_to(ops.where(ops.arange(tags) == 0, 0.0, NEVER), (samples, tags))
        _, totals = ops.scan(advance, ops.cast(begin, y_pred.dtype), pairs)
        return ops.transpose(totals[..., 0]) - score
