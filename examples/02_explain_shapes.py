"""Explain and draw the shapes in a stacked LSTM: `python examples/02_explain_shapes.py [FOLDER]`.

The data come with statsmodels: quarterly macroeconomic figures of the United States, 1959 to 2009.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import statsmodels.api as sm

import seqwise as sw
from seqwise.backend import import_keras

keras = import_keras()


def main(folder: Path | None = None) -> None:
    folder = folder or Path()
    data: Any = sm.datasets.macrodata.load_pandas().data
    table = data[["realgdp", "unemp", "infl"]]
    windows = sw.data.Windows(np.log1p(table.abs().to_numpy()), window=24, horizon=1)
    model = keras.Sequential(
        [
            keras.Input((24, 3), name="x"),
            keras.layers.LSTM(50, return_sequences=True, name="every_step"),
            keras.layers.LSTM(20, name="last_state"),
            keras.layers.Dense(1, name="forecast"),
        ],
        name="stack",
    )
    explanation = sw.explain(model, windows)
    print(explanation)
    print(f"\nwrote {explanation.plot(folder / 'shapes.png')}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
