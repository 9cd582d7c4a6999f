"""Stage 3: measure the model on the test split."""

from __future__ import annotations

import csv
import json
import pickle
from pathlib import Path

from sklearn.metrics import accuracy_score, log_loss


def main() -> None:
    """Read data/test.csv and models/grower.pkl, write metrics.json."""
    with Path("data/test.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    features, labels = [[float(cell) for cell in row[:-1]] for row in rows], [row[-1] for row in rows]
    model = pickle.loads(Path("models/grower.pkl").read_bytes())  # noqa: S301 - the stage before wrote it
    accuracy = accuracy_score(labels, model.predict(features))
    loss = log_loss(labels, model.predict_proba(features))
    Path("metrics.json").write_text(json.dumps({"accuracy": accuracy, "log_loss": loss}, indent=2) + "\n")
    print(f"evaluate: accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
