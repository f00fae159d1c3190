"""Tell gestures apart by how a pen moved: sequences of unequal lengths, from a long table to a report.

The data are made here: circles, zigzags and ticks, drawn at any speed, anywhere, with a shaking hand.
"""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import seqwise as sw

RUN = Path("runs/gestures")
SHAPES = ("circle", "tick", "zigzag")


def draw(shape: str, rng: np.random.Generator) -> np.ndarray:
    """Return a pen's way, shape (timesteps, 2): 15 to 60 points."""
    t = np.linspace(0, 1, rng.integers(15, 61))
    if shape == "circle":
        way = np.stack([np.cos(2 * np.pi * t), np.sin(2 * np.pi * t)], axis=1)
    elif shape == "zigzag":
        way = np.stack([2 * t, np.abs((6 * t) % 2 - 1)], axis=1)
    else:
        way = np.stack([2 * t, np.where(t < 0.3, -t, 3 * t - 1.2)], axis=1)
    turn = rng.normal(scale=0.3)
    way = way @ np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return way * rng.uniform(0.5, 2) + rng.normal(size=2) + rng.normal(scale=0.15, size=way.shape)


def make_table(gestures: int, seed: int) -> pl.DataFrame:
    """Return a long table: one row a point, `gesture` names the sequence."""
    rng = np.random.default_rng(seed)
    tables = []
    for i in range(gestures):
        shape = SHAPES[i % len(SHAPES)]
        way = draw(shape, rng)
        tables.append(
            pl.DataFrame(
                {"gesture": f"g{i:03}", "step": range(len(way)), "x": way[:, 0], "y": way[:, 1], "shape": shape}
            )
        )
    return pl.concat(tables)


def main() -> None:
    table = make_table(300, seed=0)
    names: dict[str, Any] = {"group": "gesture", "time": "step", "label": "shape"}
    classifier = sw.Classifier(units=(32,), epochs=40, test=0.2, seed=0)
    summary, notes = classifier.shapes(table, **names)
    print("\n".join(notes), summary, sep="\n")

    classifier.fit(table, **names)
    evaluation = classifier.evaluate()
    print(f"\n{evaluation.part}, {len(evaluation)} gestures:\n{evaluation}")

    new = make_table(6, seed=1).drop("shape")
    print(f"\nnew gestures: {', '.join(classifier.predict(new))}")
    print(f"how sure: {classifier.predict_proba(new).max(axis=1).round(3).tolist()}")
    print(f"\nwrote {classifier.save(RUN) / 'report.html'}")


if __name__ == "__main__":
    main()
