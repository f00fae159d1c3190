"""What a run's manifest holds, declared: each field's type and range, and what must agree with what.

Fields that are not named here are ignored. A change that an older Seqwise would misread raises `SCHEMA_VERSION`.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal, cast

import msgspec
import numpy as np
from msgspec import Meta, Struct

from seqwise.data.covariates import Covariates as DataCovariates
from seqwise.data.time_zones import time_zone

SCHEMA_VERSION = 4

Count = Annotated[int, Meta(ge=0)]
Whole = Annotated[int, Meta(ge=1)]
Length = Annotated[int, Meta(ge=1, le=1_000_000)]  # of a text, in tokens
Finite = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
Positive = Annotated[float, Meta(gt=0, le=sys.float_info.max)]
NotNegative = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Names = Annotated[list[str], Meta(min_length=1)]
Scaling = Literal["standard", "minmax", "robust", "none"]
Shape = list[Whole | None]
Distribution = Literal["quantile", "gaussian", "student-t", "negative-binomial"] | None
# outputs of a network for each step of a target
PARAMETERS = {None: 1, "quantile": 9, "gaussian": 2, "student-t": 3, "negative-binomial": 2}


class Scaler(Struct):
    """The offset and scale of each column."""

    kind: Scaling | dict[str, Scaling]
    log: list[str]
    columns: Names
    offset: list[Finite]
    scale: list[Positive]

    def __post_init__(self) -> None:
        _distinct("columns", self.columns)
        if not len(self.columns) == len(self.offset) == len(self.scale):
            raise ValueError(
                f"{len(self.columns)} columns, {len(self.offset)} offsets and {len(self.scale)} scales; expected as "
                "many of each"
            )
        if not set(self.log) <= set(self.columns):
            raise ValueError(f"log names {sorted(set(self.log) - set(self.columns))}, which are not columns")


class TimeIndex(Struct):
    """See `seqwise.data.TimeIndex`."""

    start: str | int
    step: Whole
    unit: Literal["mo", "b", "us", "i"]
    month_end: bool
    zone: str | None = None
    wall: bool = False

    def __post_init__(self) -> None:
        if (self.unit == "i") != isinstance(self.start, int):
            raise ValueError(f"start={self.start!r} does not fit unit={self.unit!r}")
        if isinstance(self.start, str):
            _time("start", self.start)
        if self.zone is not None:
            time_zone(self.zone)
        if self.wall and self.zone is None:
            raise ValueError("wall=true needs a zone")


class Training(Struct):
    """See `seqwise.training.Training`."""

    history: dict[str, list[Finite]]
    seconds: NotNegative
    best_epoch: Count
    refit_epochs: Count
    interrupted: bool
    diverged: bool
    watched: Literal["val_loss", "loss", "val_accuracy"] = "val_loss"


class Tensors(Struct):
    """The network: shapes of its inputs and outputs, samples first, and of its weights, in order."""

    inputs: Annotated[list[Shape], Meta(min_length=1)]
    outputs: Annotated[list[Shape], Meta(min_length=1, max_length=1)]
    weights: list[list[Count]]

    def check(self, inputs: list[Shape], output: Shape) -> None:
        """Raise `ValueError` where the network does not read and give what the other parts say."""
        if len(inputs) != len(self.inputs) or not all(map(fits, self.inputs, inputs)):
            raise ValueError(f"the network reads {self.inputs}, but its input is {inputs}")
        if not fits(self.outputs[0], output):
            raise ValueError(f"the network gives {self.outputs[0]}, but its target is {output}")


class Run(Struct):
    """What the runs of all estimators hold; `settings` are a mapping, of which some estimators declare more."""

    seqwise: str
    keras: str
    settings: Any
    training: Training
    notes: list[str]
    summary: str
    path: str | None
    network: Tensors | None  # None of a subclassed Keras model


# a forecast


class Covariates(Struct):
    """See `seqwise.data.covariates.Covariates`."""

    past: list[str]
    future: list[str]
    static: list[str]
    calendar: list[str]
    categories: dict[str, Names]

    def __post_init__(self) -> None:
        sources = self.past + self.future + self.static
        _distinct("covariates", sources)
        if not set(self.categories) <= set(sources):
            raise ValueError(f"categories name {sorted(set(self.categories) - set(sources))}, which are not covariates")


class Windows(Struct):
    kind: Literal["windows"]
    window: Whole
    masked: bool
    columns: Names
    scaler: Scaler
    horizon: Count = 0  # of the rows to come, of which the last `known` columns are read
    known: Count = 0


class SeriesTarget(Struct):
    kind: Literal["series"]
    names: Names
    horizon: Whole
    timesteps: Whole | None
    scaler: Scaler
    distribution: Distribution = None
    outputs: Whole = 1  # of the network, for each step of each target

    def __post_init__(self) -> None:
        _same("outputs", self.outputs, PARAMETERS[self.distribution])


class Series(Struct):
    kind: str
    label: str
    columns: Names
    targets: Whole
    time: str | list[str] | None
    time_index: TimeIndex
    rows: Whole
    notes: list[str]
    covariates: Covariates | None = None  # of a run of an earlier version: the past of all further columns


class ForecastSettings(Struct):
    window: Whole
    horizon: Whole
    gaps: Literal["interpolate", "mask", "error"]
    return_sequences: bool


class ForecasterRun(Run):
    settings: ForecastSettings
    input: Windows
    target: SeriesTarget
    data: Series
    test_start: str | None
    season: Whole
    residual: bool

    def __post_init__(self) -> None:
        target, columns, names = self.target, self.input.columns, self.target.names
        _same("columns", columns, self.input.scaler.columns, self.data.columns, target.scaler.columns)
        _same("targets", names, columns[: len(names)], self.data.columns[: self.data.targets])
        _same("window", self.input.window, self.settings.window)
        _same("horizon", target.horizon, self.settings.horizon)
        _same("timesteps", target.timesteps, self.settings.window if self.settings.return_sequences else None)
        _same("masked", self.input.masked, self.settings.gaps == "mask")
        _check_covariates(self.input, self.data, len(names), target.horizon)
        _same("scaler", msgspec.to_builtins(self.input.scaler), msgspec.to_builtins(target.scaler))
        if self.data.rows < self.input.window:
            raise ValueError(f"data.rows={self.data.rows} is less than a window of {self.input.window}")
        if self.test_start is not None and self.data.time_index.unit == "i":
            int(self.test_start)
        elif self.test_start is not None:
            _time("test_start", self.test_start)
        if self.network is not None:
            steps: Shape = [] if target.timesteps is None else [target.timesteps]
            self.network.check(_window_shapes(self.input), [None, *steps, target.horizon, len(names) * target.outputs])


class PanelWindows(Struct):
    kind: Literal["panel"]
    window: Whole
    masked: bool
    columns: Names
    scaling: Literal["standard", "minmax", "none"]
    log: bool
    common: Positive
    horizon: Count = 0
    known: Count = 0
    counts: bool = False


class PanelTarget(Struct):
    kind: Literal["panel"]
    names: Annotated[list[str], Meta(min_length=1, max_length=1)]
    horizon: Whole
    distribution: Distribution = None
    outputs: Whole = 1

    def __post_init__(self) -> None:
        _same("outputs", self.outputs, PARAMETERS[self.distribution])


class Panel(Struct):
    kind: str
    label: str
    columns: Names
    series: str
    time: str | None
    time_index: TimeIndex
    gaps: Literal["interpolate", "mask", "error"]
    notes: list[str]
    covariates: Covariates | None = None


class PanelRun(Run):
    """A Forecaster of many series."""

    settings: ForecastSettings
    input: PanelWindows
    target: PanelTarget
    data: Panel
    season: Whole
    residual: bool

    def __post_init__(self) -> None:
        columns, names = self.input.columns, self.target.names
        _same("columns", columns, self.data.columns)
        _same("targets", names, columns[:1])
        _same("window", self.input.window, self.settings.window)
        _same("horizon", self.target.horizon, self.settings.horizon)
        _check_covariates(self.input, self.data, 1, self.target.horizon)
        if self.network is not None:
            self.network.check(_window_shapes(self.input), [None, self.target.horizon, self.target.outputs])


def _window_shapes(inputs: Windows | PanelWindows) -> list[Shape]:
    """Return the shapes of what a network of windows reads."""
    shapes: list[Shape] = [[None, inputs.window, len(inputs.columns)]]
    if inputs.masked:
        shapes.append([None, inputs.window])
    if inputs.known:
        shapes.append([None, inputs.horizon, inputs.known])
    return shapes


def _check_covariates(inputs: Windows | PanelWindows, data: Series | Panel, targets: int, horizon: int) -> None:
    """Raise `ValueError` where the covariates are not the columns after the targets."""
    if data.covariates is None:
        _same("known", inputs.known, 0)
        return
    covariates = DataCovariates.from_dict(msgspec.to_builtins(data.covariates))
    _same("covariates", covariates.columns, data.columns[targets:])
    _same("known", inputs.known, covariates.known)
    if inputs.known:
        _same("horizon", inputs.horizon, horizon)


# sequences


class Numbers(Struct, tag_field="kind", tag="numbers"):
    columns: Names
    scaler: Scaler

    def __post_init__(self) -> None:
        _same("columns", self.columns, self.scaler.columns)


class Texts(Struct, tag_field="kind", tag="texts"):
    tokens: Whole  # of the vocabulary


class Tokens(Struct, tag_field="kind", tag="tokens"):
    tokens: Whole


class Spelled(Struct, tag_field="kind", tag="spelled"):
    tokens: Whole
    spellings: Whole  # of the vocabulary of the parts of spellings


class Classes(Struct):
    kind: Literal["classes", "tags"]
    values: Annotated[list[str | bool | int | Finite], Meta(min_length=1)]
    dtype: Annotated[str, Meta(pattern="^([<|=>][biuf][0-9]{1,2}|[<>=]U[0-9]{1,9})$")]
    form: Literal["single", "indicator", "sets"]
    temperatures: list[Positive] = []  # by which the logits of the network's parts were divided already

    def __post_init__(self) -> None:
        _distinct("values", self.values)
        values = np.array(self.values, dtype=np.dtype(self.dtype))
        _same(f"values as {self.dtype}", values.tolist(), self.values)
        if self.form != "indicator" and values.tolist() != np.sort(values).tolist():
            raise ValueError("values are not sorted")

    @property
    def outputs(self) -> int:
        return 1 if len(self.values) == 2 and (self.kind, self.form) == ("classes", "single") else len(self.values)


class Transitions(Struct):
    """See `seqwise.ops.crf.Transitions`."""

    start: list[Finite]
    between: list[list[Finite]]


class Tags(Classes):
    transitions: Transitions | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.transitions is not None:
            sizes = {len(row) for row in (self.transitions.start, self.transitions.between, *self.transitions.between)}
            _same("transitions", sizes, {len(self.values)})


class Quantities(Struct):
    kind: Literal["numbers"]
    names: Names
    flat: bool
    scaler: Scaler

    def __post_init__(self) -> None:
        _same("names", self.names, self.scaler.columns)
        if self.flat:
            _same("names of one number", len(self.names), 1)

    @property
    def outputs(self) -> int:
        return len(self.names)


class SequenceSource(Struct):
    group: str | None
    time: str | list[str] | None
    text: str | None
    texts: bool


class Parts(Struct):
    train: Count
    validation: Count
    test: Count


class SequenceRun(Run):
    input: Numbers | Texts | Tokens | Spelled
    source: SequenceSource
    baselines: dict[str, dict[str, Any]]
    sequences: Parts
    digest: Digest

    def check_network(self, outputs: int, *, each_step: bool) -> None:
        """Raise `ValueError` where the network does not fit the input and the target."""
        if isinstance(self.input, Numbers):
            inputs: list[Shape] = [[None, None, len(self.input.columns)], [None, None]]
        else:
            inputs = [[None, None]]
        if isinstance(self.input, Spelled):
            inputs.append([None, None, None])
        if self.network is not None:
            self.network.check(inputs, [None, None, outputs] if each_step else [None, outputs])


class ClassifierRun(SequenceRun):
    target: Classes

    def __post_init__(self) -> None:
        _same("target.kind", self.target.kind, "classes")
        self.check_network(self.target.outputs, each_step=False)


class TaggerRun(SequenceRun):
    target: Tags

    def __post_init__(self) -> None:
        _same("target.kind", self.target.kind, "tags")
        self.check_network(self.target.outputs, each_step=True)


class RegressorRun(SequenceRun):
    target: Quantities

    def __post_init__(self) -> None:
        self.check_network(self.target.outputs, each_step=False)


# translation


class Pairs(Struct):
    kind: Literal["pairs"]
    tokens: tuple[Whole, Whole]  # of the vocabularies, source and target


class TranslationSettings(Struct):
    beam: Annotated[int, Meta(ge=1, le=1_000)]
    max_length: Length
    length_penalty: NotNegative


class Columns(Struct):
    source: str | int | None
    target: str | int | None


class TranslatorRun(Run):
    settings: TranslationSettings
    input: Pairs
    stepwise: bool
    columns: Columns
    pairs: Parts
    longest: tuple[Length, Length]
    test_pairs: tuple[list[str], list[list[str]]]
    own_validation: bool = False

    def __post_init__(self) -> None:
        _same("test_pairs", *map(len, self.test_pairs))
        if self.network is not None:
            self.network.check([[None, None]] * 2, [None, None, self.input.tokens[1]])


# a vocabulary, in a file of its own


class TokenizerSettings(Struct):
    kind: Literal["words", "bpe", "tokens"]
    size: Whole
    min_count: Whole
    lowercase: bool
    max_length: Whole | None
    truncate: Literal["right", "left"]
    ends: bool


class Vocabulary(Struct):
    settings: TokenizerSettings
    tokens: Names
    merges: list[tuple[str, str]]
    spacing: dict[str, list[bool]]

    def __post_init__(self) -> None:
        _distinct("tokens", self.tokens)


RUNS: dict[str, type[Run]] = {
    "Forecaster": ForecasterRun,
    "Classifier": ClassifierRun,
    "Regressor": RegressorRun,
    "Tagger": TaggerRun,
    "Translator": TranslatorRun,
}


def run_type(kind: str, content: dict[str, Any]) -> type[Run]:
    """Return what the manifest of a run of a kind is declared to hold."""
    inputs: Any = content.get("input")
    if kind == "Forecaster" and isinstance(inputs, dict) and cast(dict[str, Any], inputs).get("kind") == "panel":
        return PanelRun
    return RUNS[kind]


def check_content(kind: type[Struct], content: Any) -> None:
    """Raise `ValueError`, naming the field, where JSON is not what is declared."""
    try:
        msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).replace("`", "'")) from None


def fits(shape: Shape | list[int], expected: Shape) -> bool:
    """Tell whether a shape is the one expected; None is any size."""
    pairs = zip(shape, expected, strict=False)
    return len(shape) == len(expected) and all(size is None or a is None or size == a for size, a in pairs)


def _distinct(name: str, values: list[Any]) -> None:
    known = set[Any]()
    for value in values:
        if value in known:
            raise ValueError(f"{name} hold {value!r} twice")
        known.add(value)


def _same(name: str, value: Any, *others: Any) -> None:
    for other in others:
        if other != value:
            raise ValueError(f"{name} differ: {str(value)[:60]} and {str(other)[:60]}")


def _time(name: str, value: str) -> None:
    if np.isnat(np.datetime64(value, "us")):
        raise ValueError(f"{name}={value!r} is not a time")
