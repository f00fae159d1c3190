"""Comparing a layer with the one whose place it takes: outputs, states, and gradients of everything."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import keras
import numpy as np

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
    learned = layer.trainable_variables
    kept = [*(v for v in layer.non_trainable_variables if id(v) not in states), *states.values()]
    variables, others = [v.value for v in learned], [v.value for v in kept]

    def run(variables, x, state):
        outputs, changed = [], others
        for call in range(calls):
            kwargs = {} if state is None else {"initial_state": list(state)}
            inputs = x[:, ::-1] if call else x
            mapping = [*zip(learned, variables, strict=True), *zip(kept, changed, strict=True)]
            with keras.StatelessScope(mapping) as scope:
                y = layer.call(inputs, mask=mask, training=training, **kwargs)
            changed = [scope.get_current_value(v) for v in kept]
            outputs += jax.tree.leaves(y)
        rng = np.random.default_rng(seed)
        # every output, timestep and unit has a weight of its own in the loss
        loss = sum(jnp.sum(y * rng.standard_normal(y.shape).astype("float32")) for y in outputs)
        return loss, (outputs, changed)

    compute = jax.jit(jax.value_and_grad(run, argnums=(0, 1, 2) if state is not None else (0, 1), has_aux=True))
    (_, (outputs, changed)), gradients = compute(variables, jnp.asarray(x), state)
    names = [v.path.split("/", 1)[-1] for v in layer.trainable_variables]
    found = {f"output {k}": y for k, y in enumerate(outputs)}
    found |= {f"variable {k} afterwards": v for k, v in enumerate(changed)}
    found |= {f"gradient of {name} ({k})": g for k, (name, g) in enumerate(zip(names, gradients[0], strict=True))}
    found["gradient of x"] = gradients[1]
    if state is not None:
        found |= {f"gradient of state {k}": g for k, g in enumerate(gradients[2])}
    return {name: np.asarray(value) for name, value in found.items()}


def assert_same(ours, stock, tolerance=TOLERANCE):
    """Hold two `results` to each other, relative to the largest number of each array."""
    assert [(k, v.shape, v.dtype) for k, v in ours.items()] == [(k, v.shape, v.dtype) for k, v in stock.items()]
    for name, expected in stock.items():
        if expected.size == 0:
            continue
        # all weights and losses are of order one: what is below 1e-2 everywhere is the rest of a cancellation
        scale = max(float(np.abs(expected).max()), 1e-2)
        np.testing.assert_allclose(ours[name], expected, rtol=0, atol=tolerance * scale, err_msg=name)


def twins(ours, stock, *args, seed=3, **kwargs):
    """Build the same layer of two classes from the same random seed."""
    layers = []
    for kind in (ours, stock):
        keras.utils.set_random_seed(seed)
        layers.append(kind(*args, **kwargs))
    return layers
