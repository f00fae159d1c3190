"""Findings on calls of PyTorch's own modules, read from the module and the tensors that it was called with.

PyTorch is never imported here: who holds a module has imported it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqwise.axes import format_shape
from seqwise.inspection.check.finding import Finding
from seqwise.inspection.check.names import Names
from seqwise.inspection.effects.effect import number

RECURRENT = ("LSTM", "GRU", "RNN")
LOSSES = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss", "PoissonNLLLoss")


def findings_of(module: Any, local: Mapping[str, Any], message: str, names: Names) -> list[Finding]:
    """Return what is wrong with a call of a module.

    Args:
        local: the variables of its `forward`. message: of the error.
    """
    kind = next((base.__name__ for base in type(module).__mro__ if base.__name__ in _READERS), None)
    return _READERS[kind](module, local, message, names) if kind else []


def _recurrent(module: Any, local: Mapping[str, Any], message: str, names: Names) -> list[Finding]:
    x: Any = local.get("input")
    if not hasattr(x, "shape"):
        return []
    called, kind, size = names.of(x, "x"), type(module).__name__, module.input_size
    shape = tuple(x.shape)
    if local.get("is_batched") is False and len(shape) == 3:  # PyTorch has added the samples axis by then
        place = 0 if module.batch_first else 1
        shape = (*shape[:place], *shape[place + 1 :])
    order = ("samples", "timesteps") if module.batch_first else ("timesteps", "samples")
    expected = format_shape(**dict.fromkeys(order), features=size)
    got = _got(called, shape, order)
    if len(shape) not in (2, 3):
        place = next((i for i, n in enumerate(shape) if n == 1 and len(shape) == 4), None)
        fix = f"{called} = {called}.squeeze({place})" if place is not None else (
            f"{called} = {called}[:, None]  # one sequence a sample" if len(shape) < 2 else
            f"{called} = {called}.flatten(0, {len(shape) - 3})"
        )  # fmt: skip
        what = f"torch.nn.{kind} reads three axes, and {called} has {len(shape)}."
        return [Finding("SW501", "torch-number-of-axes", "error", "x", what, expected, got, fix)]
    if shape[-1] != size:
        return [_wrong_features(module, kind, called, shape, expected, got)]
    state: Any = local.get("hx")
    state = state[0] if isinstance(state, (list, tuple)) else state
    if len(shape) == 3 and hasattr(state, "shape") and len(state.shape) == 3:
        return _wrong_state(module, kind, called, shape, tuple(state.shape))
    return []


def _wrong_features(module: Any, kind: str, called: str, shape: tuple[int, ...], expected: str, got: str) -> Finding:
    size = module.input_size
    if len(shape) == 2 and size == 1:
        what = (
            f"{called} has two axes, so torch.nn.{kind} reads it as one sequence without samples, of "
            f"{shape[1]} features at each timestep. The features axis is missing."
        )
        fix = f"{called} = {called}[..., None]  # (samples, timesteps, features=1)"
        return Finding("SW502", "torch-features-axis-missing", "error", "x", what, expected, got, fix)
    if len(shape) == 3 and shape[1] == size:
        what = (
            f"The features of {called} are on its second axis, as a convolution has them; torch.nn.{kind} wants them "
            "on the last one."
        )
        fix = f"{called} = {called}.transpose(1, 2)"
        return Finding("SW503", "torch-features-not-last", "error", "x", what, expected, got, fix)
    what = f"torch.nn.{kind}(input_size={size}) reads {number(size, 'features')} at each timestep, and "
    what += f"{called} has {shape[-1]}."
    rest = f", {module.hidden_size}" + (f", num_layers={module.num_layers}" if module.num_layers > 1 else "")
    rest += ", batch_first=True" if module.batch_first else ""
    rest += ", bidirectional=True" if module.bidirectional else ""
    fix = f"torch.nn.{kind}({shape[-1]}{rest})"
    return Finding("SW504", "torch-number-of-features", "error", "the module", what, expected, got, fix)


def _wrong_state(module: Any, kind: str, called: str, shape: tuple[int, ...], state: tuple[int, ...]) -> list[Finding]:
    samples = shape[0 if module.batch_first else 1]
    if state[1] == samples:
        return []
    expected = f"a state of shape ({state[0]}, samples={samples}, units={state[2]})"
    got = f"({state[0]}, samples={state[1]}, units={state[2]}), and {called} {shape}"
    if not module.batch_first and state[1] == shape[0]:
        what = (
            f"Without batch_first=True, torch.nn.{kind} reads the first axis of {called} as timesteps: {shape[0]} "
            f"timesteps of {shape[1]} samples. The state says that there are {state[1]} samples."
        )
        fix = f"torch.nn.{kind}({module.input_size}, {module.hidden_size}, batch_first=True)"
        return [Finding("SW505", "torch-batch-first", "error", "the module", what, expected, got, fix)]
    what = f"The state is for {state[1]} samples, and {called} has {samples}."
    fix = f"state = torch.zeros({state[0]}, {samples}, {state[2]})"
    return [Finding("SW506", "torch-state-size", "error", "the state", what, expected, got, fix)]


def _linear(module: Any, local: Mapping[str, Any], message: str, names: Names) -> list[Finding]:
    x: Any = local.get("input")
    if not hasattr(x, "shape") or not len(x.shape) or x.shape[-1] == module.in_features:
        return []
    called, width = names.of(x, "x"), int(x.shape[-1])
    what = f"torch.nn.Linear reads {module.in_features} features on the last axis, and {called} has {width} there."
    if module.in_features == 2 * width:
        what += " (Twice as many come out of an LSTM with bidirectional=True.)"
    return [
        Finding(
            "SW507", "torch-linear-features", "error", "the module", what, f"(…, features={module.in_features})",
            f"{called} {tuple(x.shape)}", f"torch.nn.Linear({width}, {module.out_features})",
        )
    ]  # fmt: skip


def _embedding(module: Any, local: Mapping[str, Any], message: str, names: Names) -> list[Finding]:
    tokens: Any = local.get("input")
    if not hasattr(tokens, "shape"):
        return []
    called, count = names.of(tokens, "x"), module.num_embeddings
    if tokens.is_floating_point():
        what = f"torch.nn.Embedding looks up whole numbers, and {called} holds {tokens.dtype}."
        return [Finding("SW508", "torch-tokens-not-whole", "error", "x", what, "torch.int64", str(tokens.dtype),
                        f"{called} = {called}.long()")]  # fmt: skip
    low, high = int(tokens.min()), int(tokens.max())
    if low >= 0 and high < count:
        return []
    what = f"torch.nn.Embedding has rows for the tokens 0 to {count - 1}, and {called} holds {low} to {high}."
    fix = f"torch.nn.Embedding({high + 1}, {module.embedding_dim})" if low >= 0 else f"{called} = {called}.clamp(min=0)"
    return [Finding("SW509", "torch-token-out-of-range", "error", "the module" if low >= 0 else "x", what,
                    f"tokens 0 to {count - 1}", f"tokens {low} to {high}", fix)]  # fmt: skip


def _loss(module: Any, local: Mapping[str, Any], message: str, names: Names) -> list[Finding]:
    output: Any = local.get("input")
    target: Any = local.get("target")
    if not hasattr(output, "shape") or not hasattr(target, "shape") or output.shape == target.shape:
        return []
    given, wanted = tuple(output.shape), tuple(target.shape)
    kind, y, out = type(module).__name__, names.of(target, "y"), names.of(output, "output")
    what = f"{kind} compares number by number, so the target needs the shape of the output."
    fix = ""
    if sorted(n for n in given if n > 1) == sorted(n for n in wanted if n > 1) and _product(given) == _product(wanted):
        fix = f"{y} = {y}.reshape({', '.join(map(str, given))})"
    elif len(given) == len(wanted) + 1 and (given[0], *given[2:]) == wanted:
        what += " The output has a time axis, and the target has none: keep the last timestep only."
        fix = f"{out} = {out}[:, -1]"
    elif given[:-1] == wanted[:-1]:
        what += f" The last layer gives {given[-1]} numbers, and the target has {wanted[-1]}."
        return [Finding("SW510", "torch-target-shape", "error", "the last layer", what, f"the output's {given}",
                        f"{y} {wanted}", f"torch.nn.Linear(in_features, {wanted[-1]})")]  # fmt: skip
    return [Finding("SW510", "torch-target-shape", "error", "y", what, f"the output's {given}", f"{y} {wanted}", fix)]


def _cross_entropy(module: Any, local: Mapping[str, Any], message: str, names: Names) -> list[Finding]:
    output: Any = local.get("input")
    target: Any = local.get("target")
    if not hasattr(output, "shape") or not hasattr(target, "shape"):
        return []
    given, wanted = tuple(output.shape), tuple(target.shape)
    y, out = names.of(target, "y"), names.of(output, "output")
    expected = "output (samples, classes) and labels (samples,), or (samples, classes, timesteps) and (samples, " \
               "timesteps), labels torch.int64"  # fmt: skip
    got = f"{out} {given}, {y} {wanted} {target.dtype}"

    def finding(name: str, what: str, where: str, fix: str) -> list[Finding]:
        return [Finding("SW511", name, "error", where, what, expected, got, fix)]

    if len(given) == 3 and wanted == given[:2]:
        return finding(
            "torch-classes-not-second", "CrossEntropyLoss wants the classes on the second axis; here the timesteps are "
            "there.", "the output", f"{out} = {out}.transpose(1, 2)",
        )  # fmt: skip
    if len(wanted) == len(given) and wanted[1:] == (1,) and given[0] == wanted[0]:
        return finding("torch-labels-with-an-axis-too-many", "The labels have an axis of size 1 too many.", "y",
                       f"{y} = {y}.squeeze(1).long()")  # fmt: skip
    if len(wanted) == len(given) - 1 and target.dtype.is_floating_point:
        return finding("torch-labels-not-whole", "Class labels are whole numbers.", "y", f"{y} = {y}.long()")
    if wanted == given and not target.dtype.is_floating_point:
        return finding("torch-one-hot-labels", "Labels of the output's shape are read as shares of each class, and "
                       "those are floats.", "y", f"{y} = {y}.float()")  # fmt: skip
    if len(wanted) == 1 and len(given) == 2 and wanted[0] == given[0] and int(target.max()) >= given[1]:
        return finding("torch-label-out-of-range", f"The output has {given[1]} classes, 0 to {given[1] - 1}, and the "
                       f"labels reach {int(target.max())}.", "the last layer",
                       f"torch.nn.Linear(in_features, {int(target.max()) + 1})")  # fmt: skip
    return []


def _product(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _got(called: str, shape: tuple[int, ...], order: tuple[str, str]) -> str:
    if len(shape) == 3:
        return f"{called} {format_shape(**{order[0]: shape[0], order[1]: shape[1], 'features': shape[2]})}"
    if len(shape) == 2:
        return f"{called} {shape}, read as {format_shape(timesteps=shape[0], features=shape[1])}"
    return f"{called} {shape}"


_READERS = {
    **dict.fromkeys(RECURRENT, _recurrent), **dict.fromkeys(LOSSES, _loss), "Linear": _linear,
    "Embedding": _embedding, "CrossEntropyLoss": _cross_entropy,
}  # fmt: skip
