"""Comparing a layer with the one whose place it takes: outputs, states, and gradients of everything."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

ops: Any = keras.ops

# Both sides compute in float32 and sum in different orders. A number here comes from about (timesteps) times
# (features + units) roundings, at most some 100, each of half an ulp (6e-8) of the largest number at hand: 6e-6 if
# all go one way. Two gates exchanged change the numbers by more than 1e-2 (a test below holds this).
TOLERANCE = 1e-5


def random_weights(layer, seed=0, scale=0.35):
    """Give a layer weights that differ in every entry, hence from gate to gate."""
    rng = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign((scale * rng.standard_normal(variable.shape)).astype("float32"))


def results(layer, x, *, state=None, mask=None, training=False, calls=1, seed=5):
    """Everything a layer computes: outputs of each call, variables afterwards, gradients of all that is trained.

    Args:
        x: (samples, timesteps, features); the second of two calls gets it reversed in time.
        state: initial states, or None.
        calls: how many batches follow one another (stateful layers carry their state over).

    Returns:
        a dict of name → array.
    """
    # Keras leaves the states of a stateful layer out of its variables: they are handed on here, after all others
    inner = [one for one in layer._flatten_layers() if getattr(one, "stateful", False)]
    every = [v for one in inner for v in keras.tree.flatten(getattr(one, "states", None)) if v is not None]
    states = {id(v): v for v in every}
    kept = [*(v for v in layer.non_trainable_variables if id(v) not in states), *states.values()]

    def outputs_of(x, state, call):
        kwargs = {} if state is None else {"initial_state": list(state)}
        return layer.call(ops.flip(x, 1) if call else x, mask=mask, training=training, **kwargs)

    def loss_of(outputs):
        rng = np.random.default_rng(seed)
        # every output, timestep and unit has a weight of its own in the loss
        weights = [rng.standard_normal(tuple(y.shape)).astype("float32") for y in outputs]
        return sum(ops.sum(y * ops.convert_to_tensor(w)) for y, w in zip(outputs, weights, strict=True))

    if mask is not None:
        mask = ops.convert_to_tensor(mask)
    compute = {"jax": _on_jax, "tensorflow": _on_tensorflow, "torch": _on_torch}[keras.backend.backend()]
    state = None if state is None else tuple(state)
    outputs, changed, gradients = compute(layer, kept, outputs_of, loss_of, x, state, calls)
    names = [v.path.split("/", 1)[-1] for v in layer.trainable_variables]
    found = {f"output {k}": y for k, y in enumerate(outputs)}
    found |= {f"variable {k} afterwards": v for k, v in enumerate(changed)}
    of_weights, of_inputs = gradients[: len(names)], gradients[len(names) :]
    found |= {f"gradient of {name} ({k})": g for k, (name, g) in enumerate(zip(names, of_weights, strict=True))}
    found["gradient of x"] = of_inputs[0]
    found |= {f"gradient of state {k}": g for k, g in enumerate(of_inputs[1:])}
    return {name: to_numpy(value) for name, value in found.items()}


def to_numpy(value):
    return np.asarray(ops.convert_to_numpy(value))


def _on_jax(layer, kept, outputs_of, loss_of, x, state, calls):
    """Compiled. Returns the outputs, the values of `kept` afterwards, and the gradients of weights, x and states."""
    import jax

    learned = layer.trainable_variables

    def run(variables, x, state):
        outputs, changed = [], [v.value for v in kept]
        for call in range(calls):
            mapping = [*zip(learned, variables, strict=True), *zip(kept, changed, strict=True)]
            with keras.StatelessScope(mapping) as scope:
                y = outputs_of(x, state, call)
            changed = [scope.get_current_value(v) for v in kept]
            outputs += jax.tree.leaves(y)
        return loss_of(outputs), (outputs, changed)

    compute = jax.jit(jax.value_and_grad(run, argnums=(0, 1, 2) if state is not None else (0, 1), has_aux=True))
    (_, (outputs, changed)), gradients = compute([v.value for v in learned], jax.numpy.asarray(x), state)
    return outputs, changed, jax.tree.leaves(gradients)


def _on_tensorflow(layer, kept, outputs_of, loss_of, x, state, calls):
    import tensorflow as tf

    x, state = tf.constant(x), None if state is None else tuple(map(tf.constant, state))

    def run(x, state):
        watched = [x, *(state or ())]
        with tf.GradientTape() as tape:
            tape.watch(watched)
            outputs = [y for call in range(calls) for y in tf.nest.flatten(outputs_of(x, state, call))]
            loss = loss_of(outputs)
        of = [v.value for v in layer.trainable_variables]
        gradients = tape.gradient(loss, [*of, *watched], unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return outputs, [tf.convert_to_tensor(g) for g in gradients]

    if not type(layer).__module__.startswith("keras."):  # tracing Keras's loops takes seconds each
        run = tf.function(run, autograph=False)
    outputs, gradients = run(x, state)
    return outputs, [v.value for v in kept], gradients


def _on_torch(layer, kept, outputs_of, loss_of, x, state, calls):
    import torch

    inputs = [torch.tensor(a, requires_grad=True) for a in (x, *(state or ()))]
    state = None if state is None else tuple(inputs[1:])
    outputs = [y for call in range(calls) for y in keras.tree.flatten(outputs_of(inputs[0], state, call))]
    of = [*(v.value for v in layer.trainable_variables), *inputs]
    gradients = torch.autograd.grad(loss_of(outputs), of, allow_unused=True)
    gradients = [torch.zeros_like(a) if g is None else g for a, g in zip(of, gradients, strict=True)]
    return outputs, [v.value for v in kept], gradients


def assert_same(ours, stock, tolerance=TOLERANCE):
    """Hold two `results` to each other, relative to the largest number of each array."""
    assert [(k, v.shape, v.dtype) for k, v in ours.items()] == [(k, v.shape, v.dtype) for k, v in stock.items()]
    for name, expected in stock.items():
        if expected.size == 0:
            continue
        # all weights and losses are of order one: what is below 1e-2 everywhere is the rest of a cancellation
        scale = max(float(np.abs(expected).max()), 1e-2)
        np.testing.assert_allclose(ours[name], expected, rtol=0, atol=tolerance * scale, err_msg=name)


def twin(kind, *args, seed=3, **kwargs):
    """Build a layer of a class from a random seed."""
    keras.utils.set_random_seed(seed)
    return kind(*args, **kwargs)


def stock_options(options, mask):
    """The options for stock Keras: the same but on PyTorch, where it fails with some of them, others that compute the
    same numbers."""
    if keras.backend.backend() != "torch":
        return options
    if options.get("stateful"):  # its quick way overwrites a state that its backward pass reads
        options = options | {"use_cudnn": False}
    if options.get("unroll") and mask is not None:  # it cannot flip the mask
        options = options | {"unroll": False}
    return options
