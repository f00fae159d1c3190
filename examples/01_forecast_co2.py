"""Forecast half a year of weekly CO2 at Mauna Loa, from raw data with gaps to a report.

The data come with statsmodels: Keeling & Whorf, weekly averages in ppm, March 1958 to December 2001.
"""

from pathlib import Path

import statsmodels.api as sm

import seqwise as sw

RUN = Path("runs/co2")


def main() -> None:
    co2 = sm.datasets.co2.load_pandas().data
    forecaster = sw.Forecaster(window=104, horizon=26, epochs=30, patience=8, seed=0)
    summary, notes = forecaster.shapes(co2, target="co2")
    print("\n".join(notes), summary, sep="\n")

    forecaster.fit(co2, target="co2")
    training = forecaster.training_
    print(f"\ntrained {len(training.history['loss'])} epochs in {training.seconds:.1f} s")

    evaluation = forecaster.evaluate()
    print(f"\ntest set, {len(evaluation.origins)} windows, errors in ppm:\n{evaluation}")
    print(f"\nthe weeks to come:\n{forecaster.predict().head(4)}")
    print(f"\nwrote {forecaster.save(RUN) / 'report.html'}")


if __name__ == "__main__":
    main()
