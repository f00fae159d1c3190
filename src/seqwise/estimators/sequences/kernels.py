"""Random convolutions weighed beside the LSTM: MiniRocket's features and a ridge regression, in Keras's own layers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from seqwise.backend import import_keras
from seqwise.baselines.kernel_features import TAPS, THREES, KernelFeatures
from seqwise.baselines.random_kernels import ALPHAS
from seqwise.data import Sequences
from seqwise.estimators.sequences.pairs import TOGETHER
from seqwise.estimators.sequences.temperature import find_temperatures

# a smooth edge about each bias: rounding then changes no feature by a step, and inputs have a gradient
DRAWN: dict[str, Any] = {"features": 2520, "dilations": 8, "ramp": 0.3}
RELU6 = 6.0  # where Keras's activation of that name ends
SURE = 10.0  # log-odds that a regression's value of 1 stands for, before its errors are seen
WEIGHTS = "weights_of_kernels"  # the layer that holds `KernelWeights`


class KernelWeights(NamedTuple):
    """A linear model of the features.

    Attributes:
        kernels: they compute the features. features: their weights, float32, shape (features, outputs). bias: shape
            (outputs,).
    """

    kernels: KernelFeatures
    features: np.ndarray
    bias: np.ndarray

    def score(self, steps: Sequences) -> np.ndarray:
        """Return the log-odds of each output, shape (samples, outputs)."""
        return self.kernels.features(steps).astype(np.float64) @ self.features + self.bias

    def weigh(self, model: Any, scale: float) -> None:
        """Set the weights in a model `with_kernels`, times `scale`."""
        model.get_layer(WEIGHTS).set_weights([self.features * np.float32(scale / RELU6), self.bias * scale])


def draw_kernels(steps: Sequences) -> KernelFeatures:
    """Choose the convolutions for training sequences, as the network takes them."""
    kernels = KernelFeatures()
    kernels.draw(steps, **DRAWN)
    kernels.offset, kernels.scale = np.zeros(steps.values.shape[1]), np.ones(steps.values.shape[1])
    return kernels


def with_kernels(network: Any, kernels: KernelFeatures) -> Any:
    """Return a network to whose outputs a linear model of the convolutions is added; it is 0 until
    `KernelWeights.weigh` sets it.

    Args:
        network: from [values (samples, timesteps, features), mask (samples, timesteps)] to logits (samples, outputs).
    """
    from seqwise.layers import accelerate  # imports Keras

    keras = import_keras()
    layers = keras.layers
    values, mask = network.inputs
    real = layers.Rescaling(1.0, name="real_steps_of_kernels")(layers.Reshape((-1, 1), name="kernels_column")(mask))
    values = layers.Multiply(name="kernels_without_padding")([values, real])
    shares: list[Any] = []
    for d, (kernel, bias) in enumerate(convolution_weights(kernels), start=1):
        layer = layers.Conv1D(
            kernel.shape[-1], TAPS, padding="same", dilation_rate=int(kernels.dilations[d - 1]), activation="relu6",
            trainable=False, name=f"kernels_{d}",
        )  # fmt: skip
        convolved = layer(values)
        layer.set_weights([kernel, bias])
        shares.append(layers.GlobalAveragePooling1D(name=f"shares_{d}")(convolved, mask=mask))
    joined = layers.Concatenate(name="shares_of_kernels")(shares) if len(shares) > 1 else shares[0]
    outputs = int(network.output.shape[-1])
    weighed = layers.Dense(outputs, kernel_initializer="zeros", trainable=False, name=WEIGHTS)(joined)
    logits = layers.Add(name=TOGETHER)([network.output, weighed])
    return accelerate(keras.Model(network.inputs, logits, name=network.name), verbose=False)


def convolution_weights(kernels: KernelFeatures) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return kernel (9, features of a step, filters) and bias (filters,), float32, of each dilation's convolution: with
    relu6 behind it, it gives six times what a step adds to each feature."""
    taps = np.full((len(THREES), TAPS), -1.0)
    np.put_along_axis(taps, THREES, 2.0, axis=1)
    weights: list[tuple[np.ndarray, np.ndarray]] = []
    biases = np.split(kernels.biases, np.cumsum(kernels.counts * len(THREES))[:-1])
    for d, (count, edges) in enumerate(zip(kernels.counts, biases, strict=True)):
        slope = RELU6 / float(kernels.ramps[d])
        mixed = taps.T[:, None, :] * kernels.mixes[d][kernels.turns[d]].T[None]  # (9, features of a step, 84)
        kernel = np.repeat(mixed, count, axis=-1)
        weights.append(((slope * kernel).astype(np.float32), (RELU6 / 2 - slope * edges).astype(np.float32)))
    return weights


def fit_kernels(
    kernels: KernelFeatures, steps: Sequences, targets: np.ndarray, encoded: np.ndarray, weights: np.ndarray | None
) -> KernelWeights:
    """Find the weights of the features for each output's logit: a ridge regression on -1 and 1, scaled by how far
    it is right about each sequence when fitted on all others.

    Args:
        steps: the training set.
        targets: 0 or 1 of each output, shape (samples, outputs). encoded: labels, as `find_temperatures` takes them.
        weights: of each sequence, or of each of its labels, which are averaged; None for all alike.
    """
    from sklearn.linear_model import RidgeCV  # pyright: ignore[reportMissingTypeStubs]

    x = kernels.features(steps)
    shift, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    weights = weights.mean(axis=1) if weights is not None and weights.ndim == 2 else weights
    x, y = (x - shift) / spread, 2.0 * targets - 1
    regression: Any = RidgeCV
    best = regression(ALPHAS).fit(x, y, weights)
    # once more, for what it says of each sequence when fitted on the others; for all strengths that fills the memory
    ridge = regression([best.alpha_], scoring="neg_mean_squared_error", store_cv_results=True).fit(x, y, weights)
    coef, intercept = np.atleast_2d(ridge.coef_), np.atleast_1d(ridge.intercept_)
    unseen = ridge.cv_results_.reshape(targets.shape)
    sure = SURE if targets.shape[1] > 1 and encoded.ndim == 1 else 2 * SURE  # the other class has minus the value
    logits = sure * unseen
    if targets.shape[1] == 1 and encoded.ndim == 1:
        logits = np.pad(logits, ((0, 0), (1, 0)))
    scale = sure / find_temperatures([logits], encoded)[0]
    features = (scale * coef / spread).T
    return KernelWeights(
        kernels, features.astype(np.float32), (scale * intercept - shift @ features).astype(np.float32)
    )
