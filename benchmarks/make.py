"""Make a store to look at: `python benchmarks/make.py FOLDER --size 10000`; `--streamed` for a million."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from generate import commit, digest, store
from million_made import made as streamed


def main() -> int:
    """Make a store to look at."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--size", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--broken", type=float, default=0.0)
    asked.add_argument("--streamed", action="store_true")
    given = asked.parse_args()
    if given.streamed:
        streamed(given.folder, given.size, given.seed)
        return 0
    made = store(given.size, given.seed, given.broken)
    commit(given.folder, made.files, checkout=True)
    print(
        f"{made.records} records ({len(made.broken)} break their schema) in {given.folder}: {digest(made.files)[:12]}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
