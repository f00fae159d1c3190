"""What Keras says of each faulty program on JAX, TensorFlow and PyTorch, and what Seqwise says.

python benchmarks/faults.py           runs every program on the three backends and writes docs/faults.md
python benchmarks/faults.py --rules   writes the examples on the page of each rule on Keras models, in docs/rules
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs/rules"
sys.path.insert(0, str(ROOT / "tests/inspection"))
os.environ.setdefault("KERAS_BACKEND", "jax")

from programs import Program, check_program, fix_program, is_fit, read_programs  # noqa: E402

from seqwise.inspection.check.rules import RULES  # noqa: E402

BACKENDS = {"jax": "Keras on JAX", "tensorflow": "Keras on TensorFlow", "torch": "Keras on PyTorch"}
# faults that no line can fix, because the program has nothing to fix them with
BY_HAND = {
    "empty-input": (
        """import keras
import numpy as np

series = np.sin(np.arange(40) / 5)
x = np.array([series[i : i + 60] for i in range(len(series) - 60)]).reshape(-1, 60, 1)
y = np.zeros(len(x))
model = keras.Sequential([keras.Input((60, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
""",
        """import keras
import numpy as np

series = np.sin(np.arange(40) / 5)
x = np.array([series[i : i + 10] for i in range(len(series) - 10)]).reshape(-1, 10, 1)
y = series[10:]
model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(16), keras.layers.Dense(1)])
""",
    )
}


def elsewhere(backend: str, task: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/inspection/programs.py"), task],
        capture_output=True, text=True, check=True, env=os.environ | {"KERAS_BACKEND": backend},
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])["programs"]


def cell(text: str, width: int = 110) -> str:
    """Write a text so that a table's cell can hold it."""
    text = " ".join(text.replace("|", "\\|").split())
    return text if len(text) <= width else text[: width - 1] + "…"


def table() -> str:
    said = {backend: elsewhere(backend, "today") for backend in BACKENDS}
    fixed = {backend: elsewhere(backend, "fix") for backend in BACKENDS}
    programs = sorted(read_programs("faulty"), key=lambda program: int(program.name.partition("_")[0]))
    lines, named, right = [], 0, 0
    for program in programs:
        report, _ = check_program(program.text, program.path, program.settings.get("check", ""))
        finding = next((found for found in report if found.name == program.settings["finding"]), None)
        named += finding is not None and finding is next(f for f in report if f.severity == finding.severity)
        outcomes = [fixed[backend].get(program.name) for backend in BACKENDS]
        clean = all(one is None or not (one["report"] or one["error"] or one["wrong"]) for one in outcomes)
        right += clean
        words = [
            f"[{program.name.partition('_')[2].replace('_', ' ')}](../tests/inspection/faulty/{program.path.name})",
            *(cell(said[backend][program.name]) for backend in BACKENDS),
            "nothing" if finding is None else f"{finding.severity} [{finding.name}]({page_link(finding.code)})",
            "nothing" if finding is None else f"`{cell(finding.fix.splitlines()[0], 90)}`",
        ]
        lines.append("| " + " | ".join(words) + " |")
    silent = {b: sum(text.startswith("trains") for text in said[b].values()) for b in BACKENDS}
    head = ["program", *BACKENDS.values(), "Seqwise", "the fix begins with"]
    return "\n".join(
        [
            "# Faulty programs, and what is said of them",
            "",
            "Written by `python benchmarks/faults.py`, which runs each program of `tests/inspection/faulty` on the",
            "three backends (first telling line of the error, cut at 110 letters) and asks `seqwise.check`. The fix is",
            "put in by machine; then the program must run, its output must fit its target, `check` must be silent, and",
            "a property of its own (`right:` in its head) must hold, on every backend that can run it.",
            "",
            f"Of {len(programs)} programs Seqwise names {named} rightly, and {right} run and are right after its fix.",
            f"Keras silently trains {silent['jax']} of them on JAX, {silent['tensorflow']} on TensorFlow and "
            f"{silent['torch']} on PyTorch.",
            "",
            "| " + " | ".join(head) + " |",
            "|" + "---|" * len(head),
            *lines,
            "",
        ]
    )


def page_link(code: str) -> str:
    return f"rules/{code}-{RULES[code].name}.md"


def until_fit(text: str) -> str:
    """Return a program without its docstring and its fit line."""
    tree = ast.parse(text)
    lines = text.splitlines()
    first = next(statement for statement in tree.body if not isinstance(statement, ast.Expr))
    last = next(statement for statement in tree.body if is_fit(statement))
    return "\n".join(lines[first.lineno - 1 : last.lineno - 1]).strip() + "\n"


def example(program: Program, text: str, *, wrong: bool) -> str:
    extra = program.settings.get("check", "")
    subject, code = "model", until_fit(text)
    if wrong and "def build" in code:  # Keras refuses to build it: check is given the function that tries
        subject = "build"
        code = code[: code.index("model = build()")].strip() + "\n"
    return code + f"\nreport = sw.check({subject}, x, y{', ' + extra if extra else ''})\n"


def pages() -> dict[str, str]:
    programs: dict[str, Program] = {}
    for program in read_programs("faulty"):
        programs.setdefault(program.settings["finding"], program)
    found = {}
    for rule in RULES.values():
        if rule.name not in (*programs, *BY_HAND):
            continue  # on PyTorch's modules, or without a program: written by hand
        if rule.name in BY_HAND:
            wrong, right = (text + "\nreport = sw.check(model, x, y)\n" for text in BY_HAND[rule.name])
            names: dict[str, Any] = {}
            exec("import seqwise as sw\n" + wrong, names)
            report = names["report"]
        else:
            program = programs[rule.name]
            report, _ = check_program(program.text, program.path, program.settings.get("check", ""))
            wrong = example(program, program.text, wrong=True)
            right = example(program, fix_program(program)["text"], wrong=False)
        finding = next(one for one in report if one.name == rule.name)
        name = f"{rule.code}-{rule.name}.md"
        about = (PAGES / name).read_text("utf-8").partition("## Wrong")[0]  # written by hand
        found[name] = page(about, rule, finding, wrong, right)
    return found


def page(about: str, rule: Any, finding: Any, wrong: str, right: str) -> str:
    fires = f'assert "{rule.name}" in [finding.name for finding in report]'
    return "\n".join(
        [
            about.strip(),
            "",
            "## Wrong",
            "",
            "```python",
            tidy(f"import seqwise as sw\n{wrong}{fires}\n"),
            "```",
            "",
            "## What Seqwise says",
            "",
            "```text",
            str(finding),
            "```",
            "",
            "## Right",
            "",
            "```python",
            tidy(f"import seqwise as sw\n{right}assert not report\n"),
            "```",
            "",
        ]
    )


def tidy(code: str) -> str:
    ruff = Path(sys.executable).with_name("ruff")
    command = [str(ruff), "format", "--line-length", "120", "-"]
    return subprocess.run(command, input=code, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    if "--rules" in sys.argv:
        for name, text in pages().items():
            (PAGES / name).write_text(text, "utf-8")
        print(f"wrote the examples on the pages in {PAGES}")
    else:
        text = table()
        (ROOT / "docs/faults.md").write_text(text, "utf-8")
        print("\n".join(text.splitlines()[7:9]))


if __name__ == "__main__":
    main()
