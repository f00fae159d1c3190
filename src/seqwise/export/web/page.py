"""The demo page of an exported estimator: plain files that any static server serves, with no build step."""

from __future__ import annotations

import html
import os
import shutil
from pathlib import Path
from typing import Any

from seqwise.artifact.reading import kind_of
from seqwise.estimators.base import Estimator, own_class
from seqwise.estimators.forecasting.forecaster import Forecaster
from seqwise.estimators.translation.translator import Translator

HERE = Path(__file__).parent
TF = "tf.min.js"
IN_PACKAGE = Path("node_modules/@tensorflow/tfjs/dist", TF)


def write_page(estimator: Estimator[Any, Any, Any], folder: Path) -> list[str]:
    """Write the JavaScript module and the page that shows it into an exported folder; returns notes.

    TensorFlow.js itself is copied from the npm package ``@tensorflow/tfjs``, where that is installed in the current
    folder, one above it, or in ``NODE_PATH``.
    """
    for file in (HERE / "module").iterdir():
        shutil.copyfile(file, folder / file.name)
    task = _task(estimator)
    for name in ("page.css", "page.js", *(["chart.js"] if task in ("forecast", "numbers") else [])):
        shutil.copyfile(HERE / "pages" / name, folder / name)
    shutil.copyfile(HERE / "pages" / f"{task}.js", folder / "demo.js")
    title = html.escape(_title(estimator))
    index = (HERE / "pages" / "index.html").read_text(encoding="utf-8").replace("{title}", title)
    (folder / "index.html").write_text(index, encoding="utf-8")
    package = find_tensorflow_js()
    if package is not None:
        shutil.copyfile(package, folder / TF)
        return []
    return [
        "The page needs TensorFlow.js beside it, which is not installed here: npm install @tensorflow/tfjs, then copy "
        f"{IN_PACKAGE.as_posix()} into the folder."
    ]


def holds_module(folder: Path) -> bool:
    """Tell whether the JavaScript module in an exported folder is the one that this Seqwise writes."""
    return all(
        kind_of(folder / own.name) == "file" and (folder / own.name).read_bytes() == own.read_bytes()
        for own in (HERE / "module").iterdir()
    )


def find_tensorflow_js() -> Path | None:
    """Return the one-file build of TensorFlow.js of an installed npm package; None where there is none."""
    places = [folder / IN_PACKAGE for folder in (Path.cwd(), *Path.cwd().parents)]
    places += [
        Path(folder, *IN_PACKAGE.parts[1:]) for folder in os.environ.get("NODE_PATH", "").split(os.pathsep) if folder
    ]
    return next((path for path in places if path.is_file()), None)


def _task(estimator: Estimator[Any, Any, Any]) -> str:
    if isinstance(estimator, Forecaster):
        return "forecast"
    if isinstance(estimator, Translator):
        return "translate"
    return {"numbers": "numbers", "texts": "texts", "tokens": "tags", "spelled": "tags"}[estimator.input_.kind]


def _title(estimator: Estimator[Any, Any, Any]) -> str:
    if isinstance(estimator, Forecaster):
        return f"Forecast of {', '.join(estimator.target_.names)}"
    names = {"Classifier": "Classes", "Regressor": "Numbers", "Tagger": "Tags", "Translator": "Translation"}
    kinds = {"numbers": "of sequences", "texts": "of texts", "tokens": "of words", "spelled": "of words"}
    name = names[own_class(estimator).__name__]
    return name if isinstance(estimator, Translator) else f"{name} {kinds[estimator.input_.kind]}"
