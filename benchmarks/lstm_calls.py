"""The shapes that lstm.py times, and how each library is called on them."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SEQWISE, TORCH, KERAS = "seqwise", "PyTorch", "Keras-JAX"
SEQWISE_TORCH = "seqwise-PyTorch"  # our `LSTM` for PyTorch's modules
KERAS_TORCH, KERAS_TENSORFLOW = "Keras-PyTorch", "Keras-TensorFlow"
ON_KERAS_TORCH, ON_KERAS_TENSORFLOW = f"seqwise-{KERAS_TORCH}", f"seqwise-{KERAS_TENSORFLOW}"  # our Keras layers
PEERS = (SEQWISE, TORCH, KERAS, SEQWISE_TORCH, ON_KERAS_TORCH, KERAS_TORCH, ON_KERAS_TENSORFLOW, KERAS_TENSORFLOW)
# what is compared: ours, and what it takes the place of
PAIRS = (
    (SEQWISE, TORCH),
    (SEQWISE, KERAS),
    (SEQWISE_TORCH, TORCH),
    (ON_KERAS_TORCH, KERAS_TORCH),
    (ON_KERAS_TENSORFLOW, KERAS_TENSORFLOW),
)
NEEDED = {TORCH: "torch", SEQWISE_TORCH: "torch", ON_KERAS_TORCH: "torch", KERAS_TORCH: "torch",
          ON_KERAS_TENSORFLOW: "tensorflow", KERAS_TENSORFLOW: "tensorflow"}  # fmt: skip
JAX_PEERS = (SEQWISE, KERAS)
FORWARD, TRAINING = PASSES = ("forward", "training")


@dataclass(frozen=True)
class Shape:
    """Sizes of an LSTM and of its input (batch, timesteps, features)."""

    name: str
    batch: int
    timesteps: int
    features: int
    units: int
    layers: int = 1
    bidirectional: bool = False
    ragged: bool = False  # lengths spread evenly over 10–100 % of the timesteps

    @property
    def directions(self) -> int:
        return 1 + self.bidirectional

    def layer_features(self, layer: int) -> int:
        return self.features if layer == 0 else self.units * self.directions

    def operations(self, which: str) -> float:
        columns = sum(self.layer_features(k) + self.units for k in range(self.layers)) * self.directions
        return 8.0 * self.batch * self.timesteps * self.units * columns * (1 if which == FORWARD else 3)

    def __str__(self) -> str:
        return f"{self.name} {self.batch}, {self.timesteps}, {self.features}, {self.units}"


SHAPES = (
    Shape("tutorial", 32, 20, 1, 50),
    Shape("sensors", 32, 50, 3, 128),
    Shape("text-64", 64, 100, 64, 64),
    Shape("text-128", 64, 200, 128, 128),
    Shape("long", 256, 365, 5, 256),
    Shape("wide", 32, 100, 64, 512),
    Shape("weather", 256, 120, 7, 32),
    Shape("activity", 1500, 128, 9, 32),
    Shape("reviews", 32, 200, 128, 64),
    Shape("hydrology", 256, 365, 31, 128),
    Shape("characters", 64, 150, 256, 256),
    Shape("speech", 20, 300, 800, 800),
    Shape("activity ×2", 1500, 128, 9, 32, layers=2),
    Shape("reviews ↔ ×2", 32, 200, 128, 64, layers=2, bidirectional=True),
    Shape("one step", 1, 1, 128, 128),
    Shape("audio stream", 1, 48_000, 1, 24),
)


SMALLEST = Shape("smallest", 1, 1, 1, 8)  # its time is the call's


@dataclass
class Problem:
    """What every peer computes from: weights[layer][direction] is (kernel, recurrent kernel, bias) as Keras has it."""

    shape: Shape
    x: np.ndarray  # (batch, timesteps, features)
    gradient: np.ndarray  # (batch, timesteps, directions · units), zero at padded steps
    lengths: np.ndarray  # (batch,)
    weights: list[list[tuple[np.ndarray, ...]]]

    @classmethod
    def draw(cls, shape: Shape) -> Problem:
        random, s = np.random.default_rng(0), shape

        def uniform(limit: float, *size: int) -> np.ndarray:
            return random.uniform(-limit, limit, size).astype(np.float32)

        sizes = [(f, 4 * s.units) for f in map(s.layer_features, range(s.layers))]
        others = ((s.units, 4 * s.units), (4 * s.units,))
        weights = [[tuple(uniform(0.1, *n) for n in (size, *others)) for _ in range(s.directions)] for size in sizes]
        spread = np.linspace(0.1, 1, s.batch) if s.ragged else np.ones(s.batch)
        lengths = random.permutation(np.maximum(1, np.round(s.timesteps * spread)).astype(np.int64))
        gradient = uniform(1, s.batch, s.timesteps, s.directions * s.units)
        gradient[np.arange(s.timesteps) >= lengths[:, None]] = 0
        return cls(s, uniform(1, s.batch, s.timesteps, s.features), gradient, lengths, weights)

    @property
    def mask(self) -> np.ndarray | None:
        return np.arange(self.shape.timesteps) < self.lengths[:, None] if self.shape.ragged else None


def seqwise_forward(problem: Problem) -> Callable[[Any, Any], Any]:
    """The op as `seqwise.layers` calls it: (weights, x) → y, to be compiled."""
    import jax.numpy as jnp

    from seqwise.ops.jax import bidirectional_lstm, lstm

    mask = None if problem.mask is None else jnp.asarray(problem.mask)

    def forward(weights: Any, y: Any) -> Any:
        for layer in weights:
            if problem.shape.bidirectional:
                (one, _, _), (other, _, _) = bidirectional_lstm(y, layer[0], layer[1], mask=mask, return_sequences=True)
                y = jnp.concatenate([one, jnp.flip(other, 1)], -1)
            else:
                kernel, recurrent, bias = layer[0]
                state = jnp.zeros((problem.shape.batch, problem.shape.units), y.dtype)
                y = lstm(y, kernel, recurrent, bias, (state, state), mask=mask, return_sequences=True)[0]
        return y

    return forward


def keras_forward(problem: Problem) -> Callable[[Any, Any], Any]:
    """Stock layers called without state: (weights, x) → y, to be compiled."""
    os.environ["KERAS_BACKEND"] = "jax"
    from seqwise.backend import import_keras

    keras, layers = import_keras(), []
    for k in range(problem.shape.layers):
        layer = keras.layers.LSTM(problem.shape.units, return_sequences=True)
        layer = keras.layers.Bidirectional(layer) if problem.shape.bidirectional else layer
        layer.build((None, problem.shape.timesteps, problem.shape.layer_features(k)))
        layers.append(layer)
    mask = None if problem.mask is None else keras.ops.convert_to_tensor(problem.mask)

    def forward(weights: Any, y: Any) -> Any:
        for layer, given in zip(layers, weights, strict=True):
            state = [v.value for v in layer.non_trainable_variables]
            y, _ = layer.stateless_call([w for one in given for w in one], state, y, mask=mask)
        return y

    return forward


def jax_call(make: Callable[[Problem], Any], problem: Problem, which: str) -> Callable[[], Any]:
    """Compile one pass of a JAX peer; the call returns y, or (y, gradients)."""
    import jax

    forward = make(problem)

    def training(weights: Any, x: Any, gradient: Any) -> Any:
        y, pull = jax.vjp(forward, weights, x)
        return y, pull(gradient)

    weights, x, gradient = jax.device_put((problem.weights, problem.x, problem.gradient))
    arguments = (weights, x) if which == FORWARD else (weights, x, gradient)
    run = jax.jit(forward if which == FORWARD else training).lower(*arguments).compile()
    return lambda: jax.block_until_ready(run(*arguments))


def torch_call(ours: bool, problem: Problem, which: str) -> Callable[[], Any]:
    """One pass of PyTorch's `nn.LSTM` or of ours; returns y, or (y, gradients). Where lengths differ the sequences are
    packed beforehand, and stay packed."""
    torch, rnn = (importlib.import_module(name) for name in ("torch", "torch.nn.utils.rnn"))
    torch.set_num_threads(CORES)
    s = problem.shape
    model = torch.nn.LSTM(s.features, s.units, s.layers, batch_first=True, bidirectional=s.bidirectional)
    weights = list(model.parameters())  # layer by layer, direction by direction; the gates stand as in Keras
    given = (w for k, u, b in (w for layer in problem.weights for w in layer) for w in (k.T, u.T, b, np.zeros_like(b)))
    for parameter, value in zip(weights, given, strict=True):
        parameter.data.copy_(torch.from_numpy(np.ascontiguousarray(value)))
    if ours:
        from seqwise import accelerate

        accelerate(model)
    x, gradient, lengths = (torch.from_numpy(a) for a in (problem.x, problem.gradient, problem.lengths))

    if s.ragged:
        x, gradient = (
            rnn.pack_padded_sequence(a, lengths, batch_first=True, enforce_sorted=False) for a in (x, gradient)
        )
        gradient = gradient.data

    def forward() -> Any:
        return model(x)[0]

    def training() -> Any:
        y = forward()
        values, read = (y.data, x.data) if s.ragged else (y, x)
        dx, *rest = torch.autograd.grad(values, (read, *weights), gradient)
        return y, (x._replace(data=dx) if s.ragged else dx, *rest)

    (x.data if s.ragged else x).requires_grad_(which == TRAINING)
    return torch.inference_mode()(forward) if which == FORWARD else training


def keras_layers(problem: Problem, backend: str, ours: bool) -> list[Any]:
    """Keras layers on a backend with the problem's weights, our inner loop in them or Keras's own."""
    os.environ["KERAS_BACKEND"] = backend
    from seqwise.backend import import_keras
    from seqwise.layers import accelerate

    keras, layers = import_keras(), []
    for k, given in enumerate(problem.weights):
        layer = keras.layers.LSTM(problem.shape.units, return_sequences=True)
        layer = keras.layers.Bidirectional(layer) if problem.shape.bidirectional else layer
        layer.build((problem.shape.batch, problem.shape.timesteps, problem.shape.layer_features(k)))
        layer.set_weights([w for one in given for w in one])
        layers.append(accelerate(layer, verbose=False) if ours else layer)
    return layers


def keras_torch_call(ours: bool, problem: Problem, which: str) -> Callable[[], Any]:
    layers = keras_layers(problem, "torch", ours)
    torch = importlib.import_module("torch")
    torch.set_num_threads(CORES)
    x, gradient = torch.from_numpy(problem.x), torch.from_numpy(problem.gradient)
    mask = None if problem.mask is None else torch.from_numpy(problem.mask)
    weights = [v.value for layer in layers for v in layer.trainable_variables]

    def forward() -> Any:
        y = x
        for layer in layers:
            y = layer(y, mask=mask)
        return y

    def training() -> Any:
        y = forward()
        return y, torch.autograd.grad(y, (x, *weights), gradient)

    x.requires_grad_(which == TRAINING)
    return torch.no_grad()(forward) if which == FORWARD else training


def keras_tensorflow_call(ours: bool, problem: Problem, which: str) -> Callable[[], Any]:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    layers = keras_layers(problem, "tensorflow", ours)
    tf = importlib.import_module("tensorflow")
    x, gradient = tf.constant(problem.x), tf.constant(problem.gradient)
    mask = None if problem.mask is None else tf.constant(problem.mask)
    weights = [v.value for layer in layers for v in layer.trainable_variables]

    def forward(x: Any) -> Any:
        for layer in layers:
            x = layer(x, mask=mask)
        return x

    def training(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = forward(x)
        return y, tape.gradient(y, [x, *weights], output_gradients=gradient)

    run = tf.function(forward if which == FORWARD else training, autograph=False)
    return lambda: run(x)


CALLS: dict[str, Callable[[Problem, str], Callable[[], Any]]] = {
    SEQWISE: partial(jax_call, seqwise_forward),
    KERAS: partial(jax_call, keras_forward),
    TORCH: partial(torch_call, False),
    SEQWISE_TORCH: partial(torch_call, True),
    ON_KERAS_TORCH: partial(keras_torch_call, True),
    KERAS_TORCH: partial(keras_torch_call, False),
    ON_KERAS_TENSORFLOW: partial(keras_tensorflow_call, True),
    KERAS_TENSORFLOW: partial(keras_tensorflow_call, False),
}


def _plain(result: Any) -> np.ndarray:
    """Return a result of any library, (batch, timesteps, …), zero at padding where it was packed."""
    if hasattr(result, "batch_sizes"):
        result = importlib.import_module("torch.nn.utils.rnn").pad_packed_sequence(result, batch_first=True)[0]
    return np.asarray(result.detach() if hasattr(result, "detach") else result)


def installed_peers() -> list[str]:
    return [peer for peer in PEERS if peer not in NEEDED or importlib.util.find_spec(NEEDED[peer])]


def sample_results(peer: str, problem: Problem, which: str, result: Any) -> list[np.ndarray]:
    """Some 100,000 numbers each of the outputs and of the gradients of x, to compare peers by."""
    y, dx = (result, None) if which == FORWARD else (result[0], result[1][1 if peer in JAX_PEERS else 0])
    y, dx = (_plain(a) for a in (y, 0.0 if dx is None else dx))
    arrays = [y if problem.mask is None else y * problem.mask[..., None], dx]
    return [a.ravel()[:: max(1, a.size // 100_000)] for a in arrays]
