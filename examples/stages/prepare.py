"""Stage 1: keep some of the wines, and split them into train and test."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import yaml


def main() -> None:
    """Read data/wine.csv, write data/train.csv and data/test.csv."""
    params = yaml.safe_load(Path("params.yaml").read_text())["prepare"]
    with Path("data/wine.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    random.Random(params["seed"]).shuffle(rows)  # noqa: S311 - which wines are kept is no secret
    rows = rows[: params["wines"]]
    cut = len(rows) * 3 // 5
    for split, part in (("train", rows[:cut]), ("test", rows[cut:])):
        with Path(f"data/{split}.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *part])
    print(f"prepare: {cut} wines to train on, {len(rows) - cut} to test on")


if __name__ == "__main__":
    main()
