"""Running the short PyTorch programs of this folder, as `programs` runs those of Keras; in a process of their own.

Their docstrings also hold `inputs:` what the module is called with, where that is not ``x``. A finding without a fix
says in words what to do; its program is not fixed.
"""

from __future__ import annotations

import ast
import json
import linecache
import random
import sys
from typing import Any

import numpy as np
import torch
from programs import Program, read_programs


def run(text: str, name: str, *, train: bool) -> dict[str, Any]:
    """Run a program up to its training loop, or to the end; returns its variables."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    tree = ast.parse(text)
    if not train:
        tree.body = tree.body[: next(i for i, statement in enumerate(tree.body) if is_training(statement))]
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(tree, name, "exec"), names)
    return names


def is_training(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.For) and ".backward()" in ast.unparse(statement)


def check(program: Program, text: str, name: str) -> Any:
    """Check what a program has made before its training loop, and that nothing of it has changed."""
    names = run(text, name, train=False)
    before = state_of(names)
    inputs, extra = program.settings.get("inputs", "x"), program.settings.get("check", "")
    call = f"seqwise.check(model, {inputs}, y, loss=loss_function, {extra})"
    exec(f"import seqwise\nreport = {call}", names)
    report = names.pop("report")
    assert same(before, state_of(names)), "check has changed something"
    return report


def state_of(names: dict[str, Any]) -> list[Any]:
    """Whatever a check might change: values, attributes, hooks and modes of the modules, random numbers."""
    model = names["model"]
    state: list[Any] = [random.getstate()[1][:9], np.random.get_state()[1][:9], torch.get_rng_state()]  # type: ignore[index]
    state += [value.clone() for value in names.values() if isinstance(value, torch.Tensor)]
    for part in model.modules():
        state += [[*vars(part)], part.training, [*part._forward_hooks], [*part._forward_pre_hooks]]
        for value in [*vars(part).values(), *part._buffers.values(), *part._parameters.values()]:
            for leaf in value if isinstance(value, tuple) else [value]:
                state.append(leaf.detach().clone() if isinstance(leaf, torch.Tensor) else id(leaf))
    return state


def same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a.nan_to_num(7), b.nan_to_num(7)) if isinstance(a, torch.Tensor) else np.array_equal(a, b)
        for a, b in zip(one, other, strict=True)
    )


def apply(text: str, where: str, fix: str) -> str:
    """Put a fix into a program, as its `where` says."""
    tree = ast.parse(text)
    lines = text.splitlines()
    if where in ("x", "y"):
        first = next(i for i in tree.body if isinstance(i, ast.ClassDef) or ast.unparse(i).startswith("model = "))
        return "\n".join([*lines[: first.lineno - 1], *fix.splitlines(), *lines[first.lineno - 1 :]]) + "\n"
    kind, _, name = where.partition(" ")
    old = ast.literal_eval(name) if name else ""
    if kind == "expression":
        assert old in text
        return text.replace(old, fix, 1)
    target = {"loss": "loss_function", "layer": "model" if old == "model" else f"self.{old}"}[kind]
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == target:
            source = ast.get_source_segment(text, node.value)
            assert source is not None
            return text.replace(f"{target} = {source}", f"{target} = {fix}", 1)
    raise AssertionError(f"nothing is called {target}")


def fix_program(program: Program) -> dict[str, Any]:
    """Name the fault of a program, put in the fix and those of what is left, and run the result to its end."""
    report = check(program, program.text, program.name)
    finding = next((found for found in report if found.name == program.settings["finding"]), None)
    names = [found.name for found in report]
    said: dict[str, Any] = {"names": names, "text": program.text, "first": str(report), "wrong": ""}
    if finding is None or not finding.fix:
        return said
    for i in range(int(program.settings.get("rounds", 1))):
        if not finding.fix:
            break
        said["text"] = apply(said["text"], finding.where, finding.fix)
        report = check(program, said["text"], f"{program.name} {i}")
        if not report:
            break
        finding = report[0]
    if report:
        return said | {"wrong": str(report)}
    try:
        names = run(said["text"], f"{program.name} fixed", train=True)
    except Exception as error:
        return said | {"wrong": repr(error)}
    right = program.settings.get("right", "True")
    fits = bool(torch.isfinite(names["loss"])) and eval(right, names)
    return said | {"wrong": "" if fits else f"not true: {right}"}


if __name__ == "__main__":  # prints, as JSON, the result for each program
    torch.set_num_threads(1)
    chosen = sys.argv[1:]
    programs = read_programs("torch_faulty")
    results = {p.name: fix_program(p) for p in programs if not chosen or p.name[:2] in chosen}
    for program in read_programs("torch_sound") if not chosen else []:
        report = check(program, program.text, program.name)
        results[program.name] = {"names": [found.name for found in report], "first": str(report)}
    print(json.dumps(results))
