"""Running the short programs of this folder: up to `fit`, to the end, and with a finding's fix put in by machine.

A program begins with a docstring: a title; `finding:` the name that `check` must give it; `check:` further arguments
of `check`; `backend:` the one that can run it, where not all can; `only:` the one on which it is faulty, where it is
sound on the others; `rounds:` how many fixes it takes until nothing is left to say (one finding may hide another);
`right:` an expression that must be true of the fixed program.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from seqwise.backend import import_keras

HERE = Path(__file__).parent


@dataclass(eq=False)  # a program is itself: hashed by identity
class Program:
    path: Path
    text: str
    title: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.path.stem


def read_programs(folder: str) -> list[Program]:
    found = []
    for path in sorted((HERE / folder).glob("[0-9]*.py")):
        text = path.read_text("utf-8")
        told = ast.get_docstring(ast.parse(text)) or ""
        settings = dict(re.findall(r"^(finding|check|backend|only|rounds|right|inputs): (.+)$", told, re.MULTILINE))
        found.append(Program(path, text, told.splitlines()[0], settings))
    return found


def is_fit(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and ".fit(" in ast.unparse(statement).split("\n")[0]


def is_model(statement: ast.stmt) -> bool:
    code = ast.unparse(statement)
    return isinstance(statement, ast.FunctionDef | ast.ClassDef) or bool(
        re.search(r"keras\.(Sequential|Input|Model|layers)\b", code)
    )


def forget_names() -> None:
    """Let the next layers be called lstm, dense, … again; Keras's clear_session would throw away what is compiled."""
    from keras.src.backend.common import global_state

    global_state.set_global_attribute("object_name_uids", None)


def run(text: str, path: Path, *, fit: bool) -> tuple[dict[str, Any], BaseException | None]:
    """Run a program (up to `fit`, or with it) in a fresh session; returns its variables and what stopped it."""
    keras = import_keras()
    forget_names()
    keras.utils.set_random_seed(0)
    names: dict[str, Any] = {"__name__": "program"}
    tree = ast.parse(text)
    if not fit:
        last = next(i for i, statement in enumerate(tree.body) if is_fit(statement))
        tree.body = tree.body[:last]
    try:
        exec(compile(tree, str(path), "exec"), names)
    except Exception as error:
        return names, error
    return names, None


def check_program(text: str, path: Path, extra: str = "") -> tuple[Any, dict[str, Any]]:
    """Run a program up to `fit` and check what it has made; a model that cannot be built by the function that tries."""
    names, error = run(text, path, fit=False)
    if error is not None and "build" not in names:
        raise error
    names["subject"] = names["build"] if error is not None else names["model"]
    if error is not None:
        forget_names()  # the function is run again
    names["report"] = None
    call = f"import seqwise\nreport = seqwise.check(subject, x, y{', ' + extra if extra else ''})"
    exec(compile(call, str(path), "exec"), names)
    return names["report"], names


class _Recorder(ast.NodeTransformer):
    """Let every call tell which layer it made, and which layer it called."""

    def __init__(self) -> None:
        self.spans: list[ast.Call] = []

    def visit_Call(self, node: ast.Call) -> ast.Call:
        if isinstance(node.func, ast.Name) and node.func.id == "super":
            return node
        index = len(self.spans)
        self.spans.append(node)
        place = (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        self.generic_visit(node)
        call = ast.Call(ast.Name("_tell", ast.Load()), [ast.Constant(index), node.func, *node.args], node.keywords)
        ast.copy_location(call, node)
        self.spans[index] = node
        node.place = place  # type: ignore[attr-defined]
        return call


def find_layers(text: str, path: Path) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """Return where each layer is made and where it was last called, as spans of the text, by the layer's name."""
    import keras

    forget_names()
    tree = ast.parse(text)
    tree.body = tree.body[: next(i for i, statement in enumerate(tree.body) if is_fit(statement))]
    recorder = _Recorder()
    tree = ast.fix_missing_locations(recorder.visit(tree))
    made: dict[str, tuple[int, int]] = {}
    called: dict[str, tuple[int, int]] = {}
    offsets = [0]
    for line in text.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line.encode()))

    def span(index: int) -> tuple[int, int]:
        first, column, last, end = recorder.spans[index].place  # type: ignore[attr-defined]
        return offsets[first - 1] + column, offsets[last - 1] + end

    def tell(index: int, function: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(function, keras.layers.Layer):
            called[function.name] = span(index)
        result = function(*args, **kwargs)
        if isinstance(result, keras.layers.Layer) and isinstance(function, type):
            made.setdefault(result.name, span(index))
        elif function is keras.Input:
            made.setdefault(result._keras_history.operation.name, span(index))
        return result

    with contextlib.suppress(Exception):  # a program that cannot build its model tells what it did up to there
        exec(compile(tree, str(path), "exec"), {"__name__": "program", "_tell": tell})
    return made, called


def apply(text: str, path: Path, where: str, fix: str) -> str:
    """Put a fix into a program, as its `where` says."""
    if where in ("x", "y", "validation"):
        return _insert_before_model(text, fix)
    if where == "model":
        return re.sub(r"^model\.compile\(", lambda _: f"{fix}\nmodel.compile(", text, count=1, flags=re.MULTILINE)
    if where == "compile":
        return re.sub(r"^model\.compile\(.*\)$", lambda _: fix, text, count=1, flags=re.MULTILINE)
    if where.startswith("layers "):
        for layer, line in zip(re.findall(r"'(.*?)'", where), fix.splitlines(), strict=True):
            text = apply(text, path, f"layer {layer!r}", line)
        return text
    kind, layer = re.fullmatch(r"(.*?)layer '?([^']*)'?", where).groups()  # type: ignore[union-attr]
    made, called = find_layers(text, path)
    raw = text.encode()
    in_list = fix.rstrip().rstrip(",")
    if kind.startswith("call of"):
        if layer not in called:
            return _replace_call(text, fix)
        start, end = called[layer]
        return (raw[:start] + fix.encode() + raw[end:]).decode()
    if layer not in made:  # a layer that could not be made is told by its class
        start, end = _call_of_class(text, layer)
        return (raw[:start] + in_list.encode() + raw[end:]).decode()
    start, end = made[layer]
    if kind == "":
        if _added(raw, start) and ",\n" in in_list:
            in_list = in_list.replace(",\n", ")\nmodel.add(")
        return (raw[:start] + in_list.encode() + raw[end:]).decode()
    if layer in called and not _in_list(raw, start):
        return _around(raw, called[layer], made[layer], kind, in_list).decode()
    joint = b")\nmodel.add(" if _added(raw, start) else b", "
    if kind.startswith("before"):
        return (raw[:start] + in_list.encode() + joint + raw[start:]).decode()
    return (raw[:end] + joint + in_list.encode() + raw[end:]).decode()


def _added(raw: bytes, start: int) -> bool:
    return raw[:start].endswith(b".add(")


def _in_list(raw: bytes, start: int) -> bool:
    before = raw[:start].rstrip()
    return before.endswith((b"[", b","))


def _around(raw: bytes, call: tuple[int, int], layer: tuple[int, int], kind: str, fix: str) -> bytes:
    """Wrap the call of a functional layer, or its argument."""
    text = raw[call[0] : call[1]].decode()
    if kind.startswith("after"):
        return raw[: call[0]] + f"{fix}({text})".encode() + raw[call[1] :]
    head = raw[layer[0] : layer[1]].decode()
    inside = text[len(head) + 1 : -1]
    return raw[: call[0]] + f"{head}({fix}({inside}))".encode() + raw[call[1] :]


def _insert_before_model(text: str, fix: str) -> str:
    tree = ast.parse(text)
    first = next(statement for statement in tree.body if is_model(statement))
    lines = text.splitlines()
    return "\n".join([*lines[: first.lineno - 1], *fix.splitlines(), *lines[first.lineno - 1 :]]) + "\n"


def _call_of_class(text: str, name: str) -> tuple[int, int]:
    offsets = [0]
    for line in text.splitlines(keepends=True):
        offsets.append(offsets[-1] + len(line.encode()))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("." + name):
            assert node.end_lineno is not None and node.end_col_offset is not None
            return offsets[node.lineno - 1] + node.col_offset, offsets[node.end_lineno - 1] + node.end_col_offset
    raise AssertionError(f"no call of {name}")


def _replace_call(text: str, fix: str) -> str:
    """Replace the call of the variable that the fix calls."""
    name = fix.partition("(")[0]
    return re.sub(rf"\b{re.escape(name)}\([^()]*\)", lambda _: fix, text, count=1)


def fix_program(program: Program) -> dict[str, str]:
    """Put in the fix of the finding that a program is to be given, then of what is left, and run the result to its end.

    Returns:
        the fixed text, the report on it, the error that stopped it, and what is wrong with its results; each empty
        where there is nothing to report.
    """
    extra, text = program.settings.get("check", ""), program.text
    report, _ = check_program(text, program.path, extra)
    finding = next(found for found in report if found.name == program.settings["finding"])
    for _ in range(int(program.settings.get("rounds", 1))):
        text = apply(text, program.path, finding.where, finding.fix)
        report, _ = check_program(text, program.path, extra)
        if not report:
            break
        finding = report[0]
    names, error = run(text, program.path, fit=True)
    said = {"text": text, "report": str(report) if report else "", "error": repr(error) if error else "", "wrong": ""}
    if error is None:
        said["wrong"] = wrong(names, program.settings.get("right", "True"))
    return said


def wrong(names: dict[str, Any], right: str) -> str:
    model, x, y = names["model"], names["x"], names["y"]
    shape = getattr(model, "input_shape", None)  # a subclassed model has none
    fixed = shape[0] if isinstance(shape, tuple) else None
    output = np.asarray(model.predict(x, verbose=0, batch_size=fixed or 32))
    if not np.isfinite(output).all():
        return "the output is not finite"
    meets = output.shape == y.shape or output.shape == (*y.shape, 1)
    if "sparse" in str(getattr(model.loss, "name", model.loss)):
        meets = y.shape in (output.shape[:-1], (*output.shape[:-1], 1))
    if not meets:
        return f"output {output.shape}, target {y.shape}"
    return "" if eval(right, names) else f"not true: {right}"


# lines that say where an error was met, not what it is
PREAMBLE = re.compile(
    r"^(Exception encountered|Graph execution error|Detected at node|File |\S+Error: Exception|Arguments received|\s*$)"
)


def today(program: Program) -> str:
    """Return what Keras says of a faulty program: the first telling line of the error, or that it trains."""
    names, error = run(program.text, program.path, fit=True)
    if error is not None:
        text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        lines = [line.strip() for line in text.splitlines() if not PREAMBLE.match(line.strip())]
        telling = re.compile(
            r"Incompatible shapes|indices\[|Received a label|dot_general|mat1 and mat2|Dimensions must"
        )
        mismatch = next((line[found.start() :] for line in lines if (found := telling.search(line))), "")
        return f"{type(error).__name__}: {mismatch or (lines[0] if lines else text.strip())}"
    if program.settings.get("only", backend()) != backend():
        return "is sound here"
    losses = names["model"].history.history["loss"]
    return "trains silently" if np.isfinite(losses[-1]) else "trains; the loss is nan"


def backend() -> str:
    return import_keras().backend.backend()


if __name__ == "__main__":  # prints the result for each program as JSON: programs.py check | fix | today
    results: dict[str, Any] = {}
    for program in read_programs("faulty"):
        if sys.argv[1] == "today":
            results[program.name] = today(program)
        elif sys.argv[1] == "fix":
            if program.settings.get("backend", program.settings.get("only", backend())) == backend():
                results[program.name] = fix_program(program)
        else:
            results[program.name] = [
                finding.name
                for finding in check_program(program.text, program.path, program.settings.get("check", ""))[0]
            ]
    print(json.dumps({"backend": backend(), "programs": results}))
