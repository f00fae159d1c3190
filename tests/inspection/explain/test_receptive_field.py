"""How many timesteps an output can depend on, against an experiment: change one timestep, see which outputs move."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from seqwise.axes import TIMESTEPS
from seqwise.inspection.model_inputs import inputs_of, trace_inputs
from seqwise.inspection.receptive_field import Band, ReceptiveField, union, words

from .models import TIMED

BOUNDS = {"crop and pad", "upsampling"}  # as receptive_field.py says


def told(model):
    """The output as the story tells it: the first output's value, and the inputs."""
    graph = trace_inputs(model, inputs_of(model, None, "x"))
    return graph.inputs, graph.outputs[0]


def moved(model, place, timed):
    """Which (input timestep, output step) pairs go together, by changing the timesteps of input `place` one by one."""
    rng = np.random.default_rng(0)
    shapes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    base = [rng.normal(size=(1, *shape)).astype("float32") for shape in shapes]
    timesteps = shapes[place][0]
    batch = [np.repeat(x, 1 + 2 * timesteps, axis=0) for x in base]
    for t in range(timesteps):  # up and down: a maximum may stand still one way
        batch[place][1 + 2 * t, t] += rng.uniform(3, 5, shapes[place][1:])
        batch[place][2 + 2 * t, t] -= rng.uniform(3, 5, shapes[place][1:])
    out = np.asarray(model.predict_on_batch(batch if len(batch) > 1 else batch[0]))
    changed = np.abs(out[1:] - out[:1]) > 2e-6  # rounding; the faintest true influence here is larger
    steps = out.shape[1] if timed else 1
    changed = changed.reshape(timesteps, 2, steps, -1) if timed else changed.reshape(timesteps, 2, 1, -1)
    return changed.any(axis=(1, 3))


@pytest.mark.parametrize("kind", TIMED)
def test_the_reach_is_what_an_experiment_finds(kind):
    keras.utils.set_random_seed(3)
    model = TIMED[kind]()
    rng = np.random.default_rng(1)  # no weight is 0: Seqwise's own network starts with heads of zeros
    model.set_weights([rng.normal(0, 0.6, weight.shape) for weight in model.get_weights()])
    inputs, value = told(model)
    assert value.field.known, f"{kind} is not followed"
    timed = TIMESTEPS in value.axes
    assert not timed or value.axes[1] == TIMESTEPS
    for place, given in enumerate(inputs):
        counted = value.field.counts(given.made_by, given.shape[1] or 0, value.shape[1] if timed else None)
        found = moved(model, place, timed).sum(axis=0).tolist()
        if kind in BOUNDS:
            assert max(counted) == max(found)
            assert all(a >= b for a, b in zip(counted, found, strict=True))
        else:
            assert counted == found, f"{kind}: {given.made_by}"


def test_the_experiment_itself_sees_a_wrong_reach():
    model = TIMED["conv causal"]()
    inputs, value = told(model)
    wrong = value.field.window(1, -1, 0).counts(inputs[0].made_by, 12, 12)
    assert wrong != moved(model, 0, True).sum(axis=0).tolist()


ONE = frozenset([Band(1, 0, 0)])


@pytest.mark.parametrize(
    ("reach", "timesteps", "steps", "said"),
    [
        (ReceptiveField({"x": ONE}), 24, 24, "1 of 24"),
        (ReceptiveField({"x": ONE}).so_far(), 24, 24, "all so far, up to 24"),
        (ReceptiveField({"x": ONE}).so_far(), None, None, "all so far"),
        (ReceptiveField({"x": ONE}).everything(24), 24, None, "all 24"),
        (ReceptiveField({"x": ONE}).everything(None), None, None, "all"),
        (ReceptiveField({"x": ONE}).window(1, -2, 0), 24, 24, "up to 3"),
        (ReceptiveField({"x": ONE}).window(1, 0, 2), 24, 22, "3 of 24"),
        (ReceptiveField({"x": ONE}).window(1, -2, 0), None, None, "3"),
        (ReceptiveField({"x": ONE}).at(-1, 24), 24, None, "1 of 24"),
        (ReceptiveField({"x": ONE}).everything(1), 1, None, "the only one"),
        (ReceptiveField({}), 24, 24, "none"),
    ],
)
def test_words(reach, timesteps, steps, said):
    assert words(reach, "x", timesteps, steps) == said


def test_bands_that_overlap_are_counted_once():
    reach = union(
        [ReceptiveField({"x": frozenset([Band(1, -3, 0)])}), ReceptiveField({"x": frozenset([Band(1, -1, 1)])})]
    )
    assert reach.counts("x", 100, 50)[10] == 5


def test_a_long_tensor_is_sampled_and_its_ends_are_in():
    reach = ReceptiveField({"x": ONE}).so_far()
    counted = reach.counts("x", 50_000, 50_000)
    assert (counted[0], counted[-1]) == (1, 50_000)
    assert len(counted) < 1000
