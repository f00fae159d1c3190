"""What an estimator is made of: an input, a target, a network, and the prepared data of a training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from seqwise.axes import format_shape
from seqwise.backend import import_keras
from seqwise.errors import SettingError
from seqwise.training.batches import Batches


@dataclass(frozen=True)
class Tensor:
    """One input of a network, or its output.

    Attributes:
        name: of the Keras input.
        axes: size of each axis by its name, without the samples; None where it differs from batch to batch.
        dtype: of its values.
    """

    name: str
    axes: Mapping[str, int | None]
    dtype: str = "float32"

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Without the samples."""
        return tuple(self.axes.values())

    def __str__(self) -> str:
        return f"{self.name} {format_shape(samples=None, **self.axes)} {self.dtype}"


@dataclass(frozen=True)
class InputDescription:
    """What a network reads; the first argument of a function that builds one.

    Attributes:
        tensors: the model's inputs, in the order in which a batch gives them.
        features: names of a step's features, in order; empty for tokens.
        tokens: by the name of an input of token ids: how many tokens its vocabulary holds; id 0 is padding.
        vectors: pretrained vectors of the tokens, float32, shape (tokens, dims); None where there are none.
    """

    tensors: tuple[Tensor, ...]
    features: tuple[str, ...] = ()
    tokens: Mapping[str, int] = field(default_factory=dict[str, int])
    vectors: np.ndarray | None = None

    def keras_inputs(self) -> dict[str, Any]:
        """Return a fresh `keras.Input` for each tensor, by name."""
        layers = import_keras().layers
        return {
            tensor.name: layers.Input(tensor.shape, dtype=tensor.dtype, name=tensor.name) for tensor in self.tensors
        }

    @property
    def feature_names(self) -> dict[str, list[str]]:
        """Names of the last axis of each input that has features."""
        return {
            tensor.name: list(self.features) for tensor in self.tensors if self.features and "features" in tensor.axes
        }


@dataclass(frozen=True)
class TargetDescription:
    """What a network gives; the second argument of a function that builds one.

    Attributes:
        output: shape of the output. The network ends without an activation where `activation` names one: the estimator
            adds it after the training.
        names: of the output's last axis: targets, classes or tags; empty for tokens.
        activation: ``"softmax"``, ``"sigmoid"`` or ``"linear"``.
    """

    output: Tensor
    names: tuple[str, ...] = ()
    activation: str = "linear"


BuildNetwork = Callable[[InputDescription, TargetDescription], Any]  # Network: returns a Keras model


class Input(ABC):
    """Raw data on their way into the network."""

    kind: ClassVar[str]  # the word by which a run folder knows it

    @abstractmethod
    def fit(self, raw: Any, train: Any) -> list[str]:
        """Learn what it needs (a scaling, a vocabulary) from the training set; return notes, one sentence each."""

    @abstractmethod
    def prepare(self, raw: Any) -> Any:
        """Return data as the batches take them."""

    @abstractmethod
    def describe(self) -> InputDescription:
        """Describe what the network reads."""

    @abstractmethod
    def save(self, folder: Path) -> dict[str, Any]:
        """Return what `load` needs, as JSON; larger things go to the files that `files` names."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path, saved: dict[str, Any]) -> Self:
        """Undo `save`."""

    @staticmethod
    def files() -> tuple[str, ...]:
        """Return the names of the files that `save` writes."""
        return ()


class Target(ABC):
    """Labels or values on their way into the loss, and outputs on their way back."""

    loss_in_words: ClassVar[str]  # of the report

    def fit(self, values: Any) -> list[str]:
        """Learn what it needs from the training set; return notes, one sentence each."""
        return []

    @abstractmethod
    def describe(self) -> TargetDescription:
        """Describe what the network gives."""

    @abstractmethod
    def loss(self) -> Any:
        """Return the loss of the network that is trained."""

    def metrics(self) -> list[Any]:
        """Return Keras's metrics of the network that is trained."""
        return []

    def trained_model(self, network: Any) -> Any:
        """Return the model that is trained: the network, its outputs shaped as the loss takes them."""
        return network

    def finished_model(self, network: Any) -> Any:
        """Return the model that is kept: the same layers, and the activation of the outputs."""
        return network

    def finished_loss(self) -> Any:
        """Return the loss of the model that is kept, as `model.compile` takes it."""
        return self.loss()

    @abstractmethod
    def finish(self, outputs: np.ndarray) -> np.ndarray:
        """Return the kept model's outputs in the data's own units, or as probabilities; float64."""

    @abstractmethod
    def save(self) -> dict[str, Any]:
        """Return what `load` needs, as JSON."""

    @classmethod
    @abstractmethod
    def load(cls, saved: dict[str, Any], inputs: Any) -> Self:
        """Undo `save`.

        Args:
            inputs: the input beside it, which is loaded already.
        """


class PreparedData(Protocol):
    """The data of a training: read, split, fitted on the training set; nothing is trained yet."""

    @property
    def input(self) -> Input: ...

    @property
    def target(self) -> Target: ...

    @property
    def notes(self) -> list[str]:
        """What was found in the data, one sentence each."""
        ...

    @property
    def path(self) -> str | None:
        """The file that they were read from; None for data in memory."""
        ...

    def batches(self, part: str) -> Batches[Any]:
        """Return the batches of ``"train"`` or ``"validation"``."""
        ...

    def summary(self) -> Any:
        """Return the shapes of all tensors; ``str()`` says them in words."""
        ...


def file_name(path: str | None) -> str:
    """Return what the title of a report calls the data of a file; None stands for data in memory."""
    return "data in memory" if path is None else Path(path).name


def parts_in_words(samples: str, path: str | None, counts: Mapping[str, int]) -> str:
    """Return how many samples there are and how they are divided, in words.

    Args:
        samples: what they are: ``"sequences"``. counts: of each part.
    """
    purposes = {"train": "training", "validation": "finding the best epoch", "test": "the test"}
    parts = ", ".join(f"{counts[name]:,} for {purpose}" for name, purpose in purposes.items() if counts[name])
    return f"{sum(counts.values()):,} {samples} of {path or 'data in memory'}: {parts}."


def build_checked(build: BuildNetwork, inputs: InputDescription, target: TargetDescription) -> Any:
    """Call a user's function that builds a network, and compare what it returned with the descriptions.

    Args:
        build: returns a Keras model of these inputs, in this order; or a Sequential model without an input layer.

    Raises:
        SettingError: it returned no Keras model, or one of other shapes.
    """
    keras = import_keras()
    network = build(inputs, target)
    name = getattr(build, "__name__", type(build).__name__)
    if not isinstance(network, keras.Model):
        raise SettingError(f"network={name} returned {type(network).__name__}; expected a Keras model.")
    if not getattr(network, "inputs", None):  # a Sequential or subclassed model that was never called
        tensors = list(inputs.keras_inputs().values())
        network = keras.Model(tensors, network(tensors if len(tensors) > 1 else tensors[0]), name=network.name)
    wanted = ", ".join(map(str, inputs.tensors))
    if len(network.inputs) != len(inputs.tensors) or not all(
        _fits(tuple(came.shape[1:]), tensor.shape) for came, tensor in zip(network.inputs, inputs.tensors, strict=True)
    ):
        came = ", ".join(str(tuple(tensor.shape)) for tensor in network.inputs)
        raise SettingError(f"network={name} returned a model that reads {came}; expected {wanted}, in this order.")
    if len(network.outputs) != 1 or not _fits(tuple(network.outputs[0].shape[1:]), target.output.shape):
        came = ", ".join(str(tuple(tensor.shape)) for tensor in network.outputs)
        raise SettingError(f"network={name} returned a model that gives {came}; expected {target.output}.")
    return network


def _fits(came: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(came) == len(wanted) and all(a == b or a is None for a, b in zip(came, wanted, strict=True))
