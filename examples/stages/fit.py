"""Stage 2: fit a logistic regression to the training split."""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main() -> None:
    """Read data/train.csv, write models/grower.pkl."""
    params = yaml.safe_load(Path("params.yaml").read_text())["train"]
    with Path("data/train.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    features, labels = [[float(cell) for cell in row[:-1]] for row in rows], [row[-1] for row in rows]
    model = make_pipeline(StandardScaler(), LogisticRegression(C=params["C"])).fit(features, labels)
    Path("models/grower.pkl").write_bytes(pickle.dumps(model))
    print(f"train: fitted to {len(rows)} wines")


if __name__ == "__main__":
    main()
