"""What the rules look at: the traced graph of the model, the data and the loss, as far as each is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from seqwise.inspection.check.construction import Construction
from seqwise.inspection.check.finding import Finding
from seqwise.inspection.check.losses import Loss
from seqwise.inspection.check.names import Names
from seqwise.inspection.data import Array
from seqwise.inspection.graph import Call, Graph, Shape, Value
from seqwise.inspection.model_inputs import Input


@dataclass
class Output:
    """One output of the model: its shape (None where unknown), the call that makes it, its target and its loss."""

    name: str
    shape: Shape | None = None
    call: Call | None = None
    target: Array | None = None
    validation: Array | None = None
    loss: Loss | None = None


@dataclass
class Context:
    """Everything a rule may look at; any part may be unknown.

    Attributes:
        model: the Keras model or PyTorch module, or None where only layers or data are known.
        passed_model: a model, layers or a function that builds one was passed.
        torch: the graph is that of PyTorch modules.
        exchanged: the user's names of the inputs' data, where they had to be put into another order to fit.
        validation_exchanged: the user's names of a pair (y, x) and of its parts (empty where they have none).
        construction: what is known of a model that Keras refused to build.
        scaler, groups, validation_groups, batch_size, streaming: see `check`.
        training_rows: rows of the table that the training windows are cut from.
        data_from: what makes the batches of ``"x"`` (with y) and of ``"validation"``, where the user has no arrays:
            ``"a tf.data.Dataset"``, ``"a Forecaster"``.
        looked_at: how much of the data was looked at, where that is not all, in words.
        unexamined: what was passed and could not be examined, a sentence each.
        findings: those of the rules that have run.
    """

    model: Any = None
    passed_model: bool = False
    torch: bool = False
    graph: Graph = field(default_factory=Graph)
    inputs: list[Input] = field(default_factory=list[Input])
    exchanged: tuple[str, ...] = ()
    validation_exchanged: tuple[str, str, str] | None = None
    outputs: list[Output] = field(default_factory=list[Output])
    construction: Construction | None = None
    scaler: Any = None
    training_rows: int | None = None
    groups: Any = None
    validation_groups: Any = None
    batch_size: int | None = None
    streaming: bool = False
    names: Names = field(default_factory=Names)
    data_from: dict[str, str] = field(default_factory=dict[str, str])
    looked_at: str = ""
    unexamined: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])

    @property
    def calls(self) -> list[Call]:
        """The calls of single Keras layers, in the order of the data."""
        return [] if self.torch else self.graph.layers

    @property
    def torch_calls(self) -> list[Call]:
        """The calls of PyTorch's modules and functions, in the order of the data."""
        return self.graph.layers if self.torch else []

    @property
    def arrays(self) -> list[Array]:
        """The data that were passed, inputs first."""
        inputs = [array for entry in self.inputs for array in (entry.data, entry.validation)]
        targets = [array for output in self.outputs for array in (output.target, output.validation)]
        return [array for array in (*inputs, *targets) if array is not None]

    @property
    def data(self) -> Array | None:
        """The data of the first input."""
        return self.inputs[0].data if self.inputs else None

    @property
    def target(self) -> Array | None:
        """The target of the first output."""
        return self.outputs[0].target if self.outputs else None

    @property
    def has_model(self) -> bool:
        return bool(self.graph.calls) or self.model is not None

    @property
    def single(self) -> bool:
        """One input and one output at most: a fix may then speak of x and y."""
        return len(self.inputs) <= 1 and len(self.outputs) <= 1

    def data_of(self, value: Value) -> Array | None:
        """The data of the input that a value of the graph is."""
        inputs = zip(self.inputs, self.graph.inputs, strict=False)
        return next((entry.data for entry, known in inputs if known is value), None)

    def has(self, *names: str) -> bool:
        """Tell whether a finding has one of these names, or a code that begins with one of them."""
        return any(finding.name in names or finding.code.startswith(tuple(names)) for finding in self.findings)
