"""A small model on the trips' features: logistic regression in numpy, so that nothing else is needed.

    python examples/telematics/train.py

Reads `out/labelled.csv` (label first, 29 features, no header) and `out/keys.csv`, both written by
`trips.json`, and writes `out/predictions.csv`: one `Score` a trip, in the same order of rows, which
`predictions.json` joins back. Each vehicle's trips are scored by a model that never saw that vehicle
(five folds of vehicles), so the scores are honest; the data are simulated all the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]


def fit(x: Floats, y: Floats, penalty: float = 1.0, rounds: int = 25) -> Floats:
    """Weights of a ridge-penalised logistic regression by Newton's method; the first one is the intercept.

    Args:
        x: standardised features, one row a trip.
        y: labels, 0 or 1.
        penalty: of the squared weights, without the intercept.
        rounds: Newton steps.
    """
    design = np.column_stack([np.ones(len(x)), x])
    ridge = np.diag([1e-9, *[penalty] * x.shape[1]])
    weights = np.zeros(design.shape[1])
    for _ in range(rounds):
        chance = 1 / (1 + np.exp(-(design @ weights).clip(-30, 30)))
        slope = design.T @ (chance - y) + ridge @ weights
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + ridge
        weights -= np.linalg.solve(bend, slope)
    return weights


def score(features: Floats, labels: Floats, vehicles: npt.NDArray[np.int64], folds: int = 5) -> Floats:
    """Chance of another driver for each trip, from a model fitted without the trip's own vehicle."""
    scores = np.empty(len(labels))
    for fold in range(folds):
        held = vehicles % folds == fold
        if not held.any():
            continue
        seen = features[~held]
        middle, spread = seen.mean(axis=0), seen.std(axis=0)
        spread[spread == 0] = 1
        weights = fit((seen - middle) / spread, labels[~held])
        line = ((features[held] - middle) / spread) @ weights[1:] + weights[0]
        scores[held] = 1 / (1 + np.exp(-line.clip(-30, 30)))
    return scores


def main(argv: list[str] | None = None) -> None:
    """Read the features, score every trip, write the predictions."""
    parser = argparse.ArgumentParser(description="Score trips by a logistic regression.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    out: Path = parser.parse_args(argv).out
    table = pd.read_csv(out / "labelled.csv", header=None)
    vehicles, _ = pd.factorize(pd.read_csv(out / "keys.csv")["Sensor_Code"])
    matrix = table.to_numpy(dtype=np.float64)
    scores = score(matrix[:, 1:], matrix[:, 0], vehicles)
    pd.DataFrame({"Score": scores}).to_csv(out / "predictions.csv", index=False)


if __name__ == "__main__":
    main()
