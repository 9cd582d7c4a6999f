"""The plots of docs/performance.md: `page.py --figures | plots.py FOLDER`, in the environment of the peers."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt

mpl.use("svg")
# The same file for the same figures, with text as text.
mpl.rcParams.update({"svg.hashsalt": "gitml", "svg.fonttype": "none", "font.size": 9})
_ROUND = 100
_OURS, _MISSED, _ASKED = "#3b6ea5", "#c0504d", "#222222"
Rows = Sequence[Mapping[str, Any]]


def ratios(rows: Rows, title: str, file: Path) -> None:
    """How many times as fast, a bar a row, with a mark where it was promised to be."""
    figure, axes = plt.subplots(figsize=(9, 0.5 + 0.27 * len(rows)), layout="constrained")
    for at, row in enumerate(reversed(rows)):
        axes.barh(at, row["ratio"], color=_OURS if row["kept"] else _MISSED)
        axes.text(
            row["ratio"], at, f" {row['ratio']:,.{0 if row['ratio'] >= _ROUND else 1}f}x", va="center", fontsize=8
        )
        if row.get("at_least"):
            axes.plot([row["at_least"]] * 2, [at - 0.42, at + 0.42], color=_ASKED, linewidth=2)
    names = [row["what"] for row in reversed(rows)]
    told = [name if names.count(name) == 1 else _beside(row) for name, row in zip(names, reversed(rows), strict=True)]
    axes.set_yticks(range(len(rows)), told)
    axes.set_xscale("log")
    axes.axvline(1, color="#999999", linewidth=0.8)
    axes.margins(x=0.12, y=0.01)
    axes.set_title(f"{title}:\ntimes as fast as the other side (black: promised; red: missed)", fontsize=9)
    _saved(figure, file)


def _beside(row: Mapping[str, Any]) -> str:
    return f"{row['what']} | {row['against'].rpartition(': ')[2].rpartition(', ')[2]}"


def grown(rows: Rows, number: str, title: str, file: Path) -> None:
    """A line a step over the number of runs, both logarithmic; linear growth is the dotted slope."""
    steps: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        value = row.get(number) or row.get("seconds" if number == "cpu" else number)
        if value:
            steps.setdefault(row["what"], []).append((row["size"], value))
    figure, axes = plt.subplots(figsize=(9, 6), layout="constrained")
    styles = ["-", "--", "-."]
    for at, (step, points) in enumerate(steps.items()):
        sizes, values = zip(*sorted(points), strict=True)
        axes.plot(sizes, values, styles[at // 10 % 3], marker="o", markersize=3, label=step)
    ends = min(row["size"] for row in rows), max(row["size"] for row in rows)
    low = min(value for points in steps.values() for _size, value in points)
    axes.plot(ends, [low, low * ends[1] / ends[0]], ":", color="#999999", label="linear")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("runs")
    axes.set_title(title, fontsize=9)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=7)
    _saved(figure, file)


def _saved(figure: Any, file: Path) -> None:
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
    text = file.read_text(encoding="utf-8")
    file.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", encoding="utf-8")


def main() -> int:
    """Draw what standard input says."""
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    found = json.load(sys.stdin)
    for name, title, file in (
        ("make bench", "Against libraries, Git and DVC", "bench.svg"),
        ("make bench-peers", "Against MLflow", "peers.svg"),
    ):
        if name in found:
            ratios(found[name], title, folder / file)
    if "make bench-million" in found:
        rows = found["make bench-million"]
        grown(rows, "cpu", "seconds of work of all processes of a step (live: by the clock)", folder / "growth.svg")
        grown(rows, "megabytes", "megabytes at the peak, of all processes of a step", folder / "memory.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
