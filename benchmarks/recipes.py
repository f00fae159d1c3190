"""What recipe="auto" takes on generated series, beside each recipe by name: MASE of the test set, and seconds."""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

import seqwise as sw

RECIPES = ("skip", "segments", "attention")
Case = tuple[Any, dict[str, Any], dict[str, Any]]  # data, arguments of fit, settings


def monthly(rng: np.random.Generator) -> Case:
    """150 months: a trend, a level that wanders, and a season of two waves."""
    t = np.arange(150)
    season = rng.uniform(3, 12) * np.sin(t * np.pi / 6 + rng.uniform(0, 6)) + rng.uniform(2, 5) * np.sin(t * np.pi / 3)
    values = 50 + t * rng.normal(0, 0.3) + season + np.cumsum(rng.normal(0, 0.7, 150)) + rng.normal(0, 1, 150)
    return values, {}, {"window": 24, "horizon": 12, "test": 24, "season": 12}


def shop(rng: np.random.Generator) -> Case:
    """Four years of a shop's days: its week, and promotions, which are known in advance and cost the day after."""
    t, promo = np.arange(1500), (rng.random(1500) < 0.25).astype(float)
    week = np.sin(2 * np.pi * t / 7)
    sold = 20 + 4 * week + 6 * promo * (1 + week / 2) - 3 * np.roll(promo, 1) + rng.normal(0, 1, 1500)
    table = pl.DataFrame({"day": np.datetime64("2018-01-01") + t, "promo": promo, "sold": sold})
    roles = {"time": "day", "target": "sold", "future": ["promo"]}
    return table, roles, {"window": 28, "horizon": 14, "season": 7}


def leading(rng: np.random.Generator) -> Case:
    """Three series, of which one leads the next by some ten rows."""
    values, noise = np.zeros((2500, 3)), rng.normal(0, 0.3, (2500, 3))
    for i in range(20, 2500):
        values[i, 0] = 0.9 * values[i - 1, 0] + noise[i, 0]
        values[i, 1] = 0.3 * values[i - 1, 1] + 0.8 * values[i - 10, 0] + noise[i, 1]
        values[i, 2] = 0.5 * values[i - 1, 2] - 0.6 * values[i - 12, 1] + noise[i, 2]
    return values, {"target": [0, 1, 2]}, {"window": 48, "horizon": 8, "season": 1}


def short_panel(rng: np.random.Generator) -> Case:
    """Twenty series of 50 to 70 days, of different sizes, each with a week of its own."""
    data: dict[str, np.ndarray] = {}
    for name in range(20):
        t = np.arange(int(rng.integers(50, 70)))
        week = rng.uniform(0.3, 2) * np.sin(2 * np.pi * t / 7 + rng.uniform(0, 6))
        level = 8 + 0.3 * np.cumsum(rng.normal(0, 0.3, len(t)))
        data[f"series {name}"] = rng.lognormal(3, 1) * (level + week + rng.normal(0, 0.3, len(t)))
    return data, {}, {"window": 14, "horizon": 7, "test": 7, "validation": 7, "season": 7}


CASES: dict[str, Callable[[np.random.Generator], Case]] = {
    "150 months": monthly, "promotions": shop, "leading series": leading, "20 short series": short_panel,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="each draws series of its own")
    parser.add_argument("--only", help="a part of a case's name")
    arguments = parser.parse_args()
    table = Table(title=f"MASE of the test set, mean of {arguments.seeds} drawn series; seconds of fit")
    for column in ("series", *RECIPES, "by size", "auto", "auto took", "s by size", "s auto"):
        table.add_column(column)
    for name, draw in CASES.items():
        if arguments.only and arguments.only not in name:
            continue
        errors: dict[str, list[float]] = {column: [] for column in (*RECIPES, "by size", "auto")}
        seconds: dict[str, list[float]] = {"by size": [], "auto": []}
        took: list[str] = []
        for seed in range(arguments.seeds):
            data, roles, settings = draw(np.random.default_rng(seed))
            chosen = sw.Forecaster(**settings, seed=seed).fit(data, **roles, verbose=False)
            by_size, *_ = chosen.trials_  # tried first
            took.append(chosen.recipe_)
            errors["auto"].append(chosen.evaluate().metrics["mase"])
            seconds["auto"].append(chosen.training_.seconds)
            for recipe in chosen.trials_:
                fitted = sw.Forecaster(**settings, recipe=recipe, seed=seed).fit(data, **roles, verbose=False)
                errors[recipe].append(fitted.evaluate().metrics["mase"])
                if recipe == by_size:
                    errors["by size"].append(errors[recipe][-1])
                    seconds["by size"].append(fitted.training_.seconds)
        counts = ", ".join(f"{recipe} {took.count(recipe)}" for recipe in RECIPES if recipe in took)
        figures = [f"{statistics.mean(values):.3f}" if values else "–" for values in errors.values()]
        table.add_row(name, *figures, counts, *(f"{statistics.mean(values):.1f}" for values in seconds.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
