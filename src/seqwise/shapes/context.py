"""What the rules look at: the model's steps, the data and the loss, as far as each is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from seqwise.shapes.arrays import Array
from seqwise.shapes.findings import Finding
from seqwise.shapes.losses import Loss
from seqwise.shapes.names import Names
from seqwise.shapes.walk import Shape, Step, Walk


@dataclass
class Input:
    """One input of the model.

    Attributes:
        declared: the shape the model asks for, samples first (None: any size); None where it asks for none yet.
        data: what the user holds for it; None where nothing was given.
        layer: the input layer, where there is one.
        needs: the number of axes that the first layer takes, samples included; None where it takes several.
        embedded: the Embedding that reads it; None where none does.
        labelled: number of targets; None where there is no target.
    """

    name: str
    declared: Shape | None = None
    data: Array | None = None
    validation: Array | None = None
    layer: Any = None
    needs: int | None = None
    embedded: Any = None
    labelled: int | None = None

    @property
    def timesteps(self) -> int | None:
        return self.declared[1] if self.declared and len(self.declared) > 1 else None

    @property
    def features(self) -> int | None:
        return self.declared[2] if self.declared and len(self.declared) == 3 else None


@dataclass
class Output:
    """One output of the model: its shape (samples None; None where unknown), the step that makes it, its target."""

    name: str
    shape: Shape | None = None
    step: Step | None = None
    target: Array | None = None
    validation: Array | None = None
    loss: Loss | None = None


@dataclass
class Construction:
    """What is known of a model whose construction failed.

    Attributes:
        error: the exception. layer_class, settings: the layer that could not be made, and what it was given.
        called, argument: the layer that could not be called, and what it was called on.
        variables: those of the user's own function, where it failed.
    """

    error: BaseException
    layer_class: type | None = None
    arguments: tuple[Any, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    called: Any = None
    argument: Any = None
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass
class Context:
    """Everything a rule may look at; any part may be unknown.

    Attributes:
        model: the Keras model, or None where only layers or data are known.
        sequential: the layers are called one after another.
        scaler: a fitted scaler. groups, validation_groups: a group for each sample.
        batch_size: samples in a batch. streaming: the model is to run step by step.
        plan: the plan of a Seqwise Forecaster, with its scaler.
        found: the findings so far.
    """

    model: Any = None
    sequential: bool = True
    walk: Walk = field(default_factory=Walk)
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    construction: Construction | None = None
    scaler: Any = None
    groups: Any = None
    validation_groups: Any = None
    batch_size: int | None = None
    streaming: bool = False
    forecaster: Any = None
    names: Names = field(default_factory=Names)
    found: list[Finding] = field(default_factory=list)

    @property
    def steps(self) -> list[Step]:
        return self.walk.steps

    @property
    def has_model(self) -> bool:
        return bool(self.walk.steps) or self.model is not None

    def has(self, *names: str) -> bool:
        """Tell whether a finding of one of these names (or codes' beginnings) was told already."""
        return any(finding.name in names or finding.code.startswith(tuple(names)) for finding in self.found)

    @cached_property
    def single(self) -> bool:
        """One input and one output at most: a fix may then speak of x and y."""
        return len(self.inputs) <= 1 and len(self.outputs) <= 1

    def recurrent_steps(self) -> Sequence[Step]:
        from seqwise.shapes.layer_kinds import is_recurrent

        return [step for step in self.steps if is_recurrent(step.layer)]
