"""Train one classifier on the wine data and let gitml record the run."""

from __future__ import annotations

import argparse
import csv
import pickle
from pathlib import Path

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import gitml

ALGORITHMS = {
    "forest": lambda size, seed: RandomForestClassifier(n_estimators=size, max_depth=3, random_state=seed),
    "logistic": lambda size, seed: make_pipeline(StandardScaler(), LogisticRegression(C=1 / size, random_state=seed)),
    "neighbours": lambda size, _seed: make_pipeline(StandardScaler(), KNeighborsClassifier(n_neighbors=size)),
}


def main() -> None:
    """Read the data, train, measure, and keep the weights as an output of the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("algorithm", choices=ALGORITHMS)
    parser.add_argument("size", type=int, help="trees, neighbours, or the strength of regularization")
    parser.add_argument("--seed", type=int, default=7)
    told = parser.parse_args()

    with Path("data/wine.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    features, labels = [[float(cell) for cell in row[:-1]] for row in rows], [row[-1] for row in rows]
    train_x, test_x, train_y, test_y = train_test_split(
        features, labels, test_size=0.4, random_state=told.seed, stratify=labels
    )

    with gitml.run("wine", params={"algorithm": told.algorithm, "size": told.size}, seeds={"split": told.seed}) as run:
        run.log_input("dataset/wine@1", "train")
        model = ALGORITHMS[told.algorithm](told.size, told.seed).fit(train_x, train_y)
        for split, x, y in (("train", train_x, train_y), ("test", test_x, test_y)):
            said = model.predict(x)
            loss = log_loss(y, model.predict_proba(x))
            run.log(
                {"accuracy": accuracy_score(y, said), "f1": f1_score(y, said, average="macro"), "log_loss": loss},
                split=split,
            )
        weights = Path("artifacts") / f"{run.id}.pkl"
        weights.parent.mkdir(exist_ok=True)
        weights.write_bytes(pickle.dumps(model))
        run.log_output(weights, "model")
    print(run.ref)


if __name__ == "__main__":
    main()
