"""How the source hangs together: imports flow one way, the package is light, names resolve."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import seqwise

SOURCE = Path(seqwise.__file__).parent
ORDER = [
    "errors",
    "axes",
    "backend",
    "interrupts",
    "data",
    "ops",
    "layers",
    "training",
    "baselines",
    "evaluation",
    "artifact",
    "estimators",
    "inspection",
    "export",
    "live",
    "cli",
]
FILES = sorted(SOURCE.rglob("*.py"))
HEAVY = ["jax", "keras", "torch", "tensorflow", "numpy", "pandas", "polars", "narwhals", "sklearn", "matplotlib",
         "statsmodels", "scipy", "rich", "typer", "jinja2", "safetensors"]  # fmt: skip


def place_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> list[tuple[int, str]]:
    """Every seqwise module that a file imports, wherever in the file, with the line."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if node.level:
                found.append((node.lineno, "seqwise.?relative"))
            elif node.module == "seqwise":
                found += [(node.lineno, f"seqwise.{name}") for name in names if name != "__version__"]
            else:
                found.append((node.lineno, node.module or ""))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found += [(node.lineno, arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
    return [(line, name) for line, name in found if name.split(".")[0] == "seqwise"]


def wrong_way(place: str, source: str) -> list[str]:
    """Imports of a file of folder `place` that are not to its left."""
    wrong = []
    for line, name in imported(ast.parse(source)):
        if (place, name) == ("ops", "seqwise._kernel"):
            continue  # the compiled kernel: only ops may touch it
        part = name.split(".")[1] if "." in name else "(the package itself)"
        if part not in ORDER or ORDER.index(part) > ORDER.index(place):
            wrong.append(f"line {line}: {place} imports {name}")
    return wrong


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_file_imports_only_from_its_left(path):
    place = place_of(path)
    if place in ("__init__", "__main__"):
        pytest.skip("the package's own door may import everything")
    assert place in ORDER, f"{place} has no place in the order {' → '.join(ORDER)}"
    assert wrong_way(place, path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "line",
    ["from seqwise.estimators import x", "import seqwise.cli.main", "def f():\n    from seqwise.training import x",
     "import seqwise", "from seqwise import estimators", "from seqwise.unknown import x", "from . import time_index",
     "if True:\n    import seqwise.export as e", "import_module('seqwise.estimators.forecasting.forecaster')"],
)  # fmt: skip
def test_the_order_test_itself_catches(line):
    assert len(wrong_way("data", line)) == 1


@pytest.mark.parametrize("line", ["from seqwise.errors import x", "from seqwise.data.windows import x", "import numpy",
                                  "from seqwise import __version__", "from seqwise import axes"])  # fmt: skip
def test_the_order_test_lets_pass(line):
    assert wrong_way("data", line) == []


def test_only_ops_may_import_the_kernel():
    line = "from seqwise import _kernel"
    assert wrong_way("ops", line) == []
    assert all(len(wrong_way(place, line)) == 1 for place in ORDER if place != "ops")


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_seqwise_imports_nothing_heavy():
    print_loaded = f"print([name for name in {HEAVY} if name in sys.modules])"
    assert fresh(f"import sys, seqwise; {print_loaded}") == "[]"
    # every error and `dir` stay light too; the check itself can see a heavy module
    assert fresh(f"import sys, seqwise; seqwise.DataError; dir(seqwise); {print_loaded}") == "[]"
    assert fresh(f"import sys, seqwise, numpy; {print_loaded}") == "['numpy']"


def test_importing_seqwise_adds_few_modules():
    """Not a clock, which would depend on the machine: the modules that the import adds to a bare Python."""
    added = fresh("import sys; before = set(sys.modules); import seqwise; print(*sorted(set(sys.modules) - before))")
    assert "seqwise" in added.split()
    assert len(added.split()) <= 40, added


def test_data_needs_no_framework():
    loaded = fresh(
        "import sys, seqwise.data; print([n for n in ('jax', 'keras', 'torch', 'pandas') if n in sys.modules])"
    )
    assert loaded == "[]"


def test_every_public_name_resolves():
    code = "import seqwise; print(*[n for n in seqwise.__all__ if getattr(seqwise, n, None) is None])"
    assert fresh(code) == ""
    assert sorted(seqwise.__all__) == sorted(set(seqwise.__all__))
    assert set(seqwise.__all__) <= set(dir(seqwise))
    with pytest.raises(AttributeError, match="module 'seqwise' has no attribute 'Forcaster'"):
        _ = seqwise.Forcaster


@pytest.mark.parametrize("folder", ["data", "inspection", "training", "evaluation", "artifact"])
def test_the_names_a_folder_lists_are_there(folder):
    names = fresh(f"import seqwise.{folder} as m; print(*[n for n in m.__all__ if not hasattr(m, n)], len(m.__all__))")
    assert names.isdigit()
    assert int(names) > 0


def module_of(path: Path) -> str:
    parts = ["seqwise", *path.relative_to(SOURCE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, modules: set[str]) -> set[str]:
    """The seqwise files that a file imports, at its top or inside a function."""
    needed = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            needed |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            needed |= {alias.name for alias in node.names}
    if not path.name.startswith("__init__"):
        needed -= {"seqwise"}  # `from seqwise import __version__`: the door itself imports lazily
    return needed & modules - {module_of(path)}


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return the files of an import cycle, in its order; [] where there is none."""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            cycle = visit(other, [*trail, name])
            if cycle:
                return cycle
        done.add(name)
        return []

    return next((cycle for cycle in (visit(name, []) for name in sorted(graph)) if cycle), [])


def import_graph() -> dict[str, set[str]]:
    paths = {module_of(path): path for path in FILES if path.name != "__main__.py" and path.parent != SOURCE}
    graph = {name: imported_modules(path, set(paths)) for name, path in paths.items()}
    # a folder's list of names imports its files, and they may import their neighbours
    return {name: {o for o in others if not name.startswith(f"{o}.")} for name, others in graph.items()}


def test_no_two_files_import_each_other():
    graph = import_graph()
    assert sum(map(len, graph.values())) > 200, "it sees the imports"
    assert find_cycle(graph) == []


def test_the_cycle_test_itself_catches():
    assert find_cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert find_cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
