"""The page of plots, docs/performance.md: made of the observations in our own store, and of nothing else.

`python benchmarks/page.py` writes the page; `python benchmarks/page.py --figures` prints what its plots show as JSON,
for `plots.py`, which needs an environment of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import observed

PAGE = observed.ROOT / "docs" / "performance.md"
BENCH, PEERS, MILLION = "make bench", "make bench-peers", "make bench-million"
_HEAD = """\
# Performance

Made by `make performance` of the `observation` records in `metadata/observations/`, which `make bench`,
`make bench-peers` and `make bench-million` write with `RECORD=1`; edit those, not this page.

Absolute times on a shared machine are noise: what counts are ratios, with both sides in one run and the same rows
asserted on both. Times are CPU time or, for whole processes that wait for git or the disk, time on the clock, as each
row says; the best of some rounds.
"""
_KEPT = {True: "kept", False: "**missed**", None: ""}


def text() -> str:
    """The whole page."""
    parts = [_HEAD]
    for command, title, plot in (
        (BENCH, "Against libraries, Git and DVC", "bench"),
        (PEERS, "Against MLflow", "peers"),
    ):
        found = observed.latest(command)
        if found is not None:
            parts += [
                f"\n## {title}\n\n",
                *_made(found),
                f"\n![How many times as fast, or as small: the table below as bars.]({plot}.svg)\n\n",
                *_ratios(found["custom"]["rows"]),
            ]
    found = observed.latest(MILLION)
    if found is not None:
        parts += ["\n## From a thousand runs to a million\n\n", *_made(found)]
        parts += [
            "\n![Seconds of each step by size.](growth.svg)\n![Memory of each step by size.](memory.svg)\n\n",
            *_growth(found["custom"]["rows"]),
        ]
    return "".join(parts)


def _made(found: Mapping[str, Any]) -> Iterator[str]:
    host, code = found["host"], found["code"]
    yield f"`{found['by']}` at `{code['commit'][:12]}`{' with edits' if code['dirty'] else ''}, {found['created']}, "
    yield f"{host['os']}, {host['cpu']}, {host['memory_gb']:g} GB.\n"


def _ratios(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "| what | ours | theirs | ratio | promised | | against |\n|---|---:|---:|---:|---:|---|---|\n"
    for row in rows:
        least, most = row.get("at_least"), row.get("at_most")
        unit = row.get("unit", "ms")
        promised = f"{least:g}x" if least else f"{most:g} {unit}" if most else ""
        kept = _KEPT[row["kept"] if promised else None]
        amounts = f"{_amount(row['ours'], unit)} | {_amount(row['theirs'], unit)}"
        yield f"| {row['what']} | {amounts} | {_ratio(row['ratio'])} | {promised} | {kept} | {row['against']} |\n"


def _amount(number: float, unit: str) -> str:
    return _time(number) if unit == "ms" else f"{number:.0f} {unit}"


def _time(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.3g} s" if milliseconds >= 1000 else f"{milliseconds:.3g} ms"  # noqa: PLR2004


def _ratio(ratio: float) -> str:
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.2g}x"  # noqa: PLR2004


def _growth(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    sizes = sorted({row["size"] for row in rows})
    by_step: dict[str, dict[int, Mapping[str, Any]]] = {}
    for row in rows:
        by_step.setdefault(row["what"], {})[row["size"]] = row
    yield "Seconds of work of all processes of a step (of `live` ones by the clock), and megabytes at the peak.\n\n"
    yield f"| step | {' | '.join(f'{size:,}' for size in sizes)} | growth | MB |\n"
    yield f"|---|{'---:|' * len(sizes)}---:|---:|\n"
    for what, found in by_step.items():
        times = [found[size] for size in sizes if size in found]
        cells = [_time(1000 * _work(found[size])) if size in found else "" for size in sizes]
        grown = ", ".join(f"{_work(b) / _work(a):.1f}x" for a, b in pairwise(times))
        memory = ", ".join(f"{one['megabytes']:.0f}" for one in times if "megabytes" in one)
        yield f"| {what} | {' | '.join(cells)} | {grown} | {memory} |\n"


def _work(row: Mapping[str, Any]) -> float:
    """Seconds of work of a process and those that it starts; of a step in an open store by the clock."""
    return float(row.get("cpu") or row["seconds"])


def main() -> int:
    """Write the page, or print what its plots show."""
    if sys.argv[1:] == ["--figures"]:
        found = {name: observed.latest(name) for name in (BENCH, PEERS, MILLION)}
        print(json.dumps({name: one["custom"]["rows"] for name, one in found.items() if one is not None}))
        return 0
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(text(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
