"""Several trained networks as one: each has its own layers, and the model returns the mean of their outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from seqwise.backend import import_keras
from seqwise.training import Training


def join_networks(networks: Sequence[Any]) -> Any:
    """Return a Keras model that gives the mean of what networks of the same inputs give.

    Its layers are copies with the same weights, each named after its network: ``"head_of_1"``.
    """
    from seqwise.layers import accelerate  # imports Keras

    keras = import_keras()
    first = networks[0]
    inputs = [keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name) for tensor in first.inputs]
    passed = inputs if isinstance(first.input, list) else inputs[0]
    outputs: list[Any] = []
    for number, network in enumerate(networks, start=1):

        def renamed(layer: Any, number: int = number) -> Any:
            return layer.__class__.from_config(layer.get_config() | {"name": f"{layer.name}_of_{number}"})

        copy = keras.models.clone_model(network, input_tensors=passed, clone_function=renamed)
        copy.set_weights(network.get_weights())
        outputs.append(copy.outputs[0])
    mean = keras.layers.Average(name="mean_of_networks")(outputs)
    return accelerate(keras.Model(passed, mean, name=first.name), verbose=False)


def join_trainings(trainings: Sequence[Training]) -> Training:
    """Return what several trainings did: the history of the first, the seconds of all."""
    return replace(
        trainings[0],
        seconds=sum(training.seconds for training in trainings),
        interrupted=any(training.interrupted for training in trainings),
        diverged=any(training.diverged for training in trainings),
    )
