"""Histories for tests, written by fast-import in one process: any shape, any files, any dates."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from gitrepo import environment

START = 1_767_225_600
NAMES = ("a", "b/c", "b/d/e", "b", "ü\n", "dvc.yaml")


class Commit(NamedTuple):
    """One commit: earlier ones by number as parents, files (None: removed), and seconds after the first of 2026."""

    parents: tuple[int, ...]
    files: Mapping[str, str | None]
    seconds: int


def written(repo: Path, commits: Sequence[Commit]) -> list[str]:
    """Commits as refs/heads/c0, c1, … of a repository; their ids."""
    lines = [part for number, commit in enumerate(commits) for part in _parts(number, commit)]
    _run(repo, "fast-import", "--quiet", "--force", text="".join(lines))
    return _run(repo, "rev-parse", *(f"refs/heads/c{number}" for number in range(len(commits)))).split()


def _parts(number: int, commit: Commit) -> list[str]:
    words = ["from", *["merge"] * len(commit.parents)]
    parents = [f"{word} :{parent + 1}\n" for word, parent in zip(words, commit.parents, strict=False)]
    return [
        f"commit refs/heads/c{number}\nmark :{number + 1}\n",
        f"committer M <m@example.org> {START + commit.seconds} +0000\ndata 0\n",
        *parents,
        *(_part(path, text) for path, text in commit.files.items()),
        "\n",
    ]


def _part(path: str, text: str | None) -> str:
    quoted = '"' + "".join(f"\\{byte:03o}" for byte in path.encode()) + '"'
    if text is None:
        return f"D {quoted}\n"
    mode = {"!": "100755", ">": "120000"}.get(text[:1], "100644")
    return f"M {mode} inline {quoted}\ndata {len(text.encode())}\n{text}\n"


def _run(repo: Path, *args: str, text: str = "") -> str:
    done = subprocess.run(["git", *args], cwd=repo, input=text.encode(), env=environment(), capture_output=True)  # noqa: PLW1510
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@st.composite
def shapes(draw: st.DrawFn) -> list[Commit]:
    """Any history of a few commits: several roots, merges of two, clocks that go back."""
    count = draw(st.integers(1, 8))
    texts = st.sampled_from(["", "1\n", "2\n", "!run", ">a", None])
    return [
        Commit(
            tuple(draw(st.lists(st.integers(0, number - 1), max_size=2, unique=True)) if number else ()),
            draw(st.dictionaries(st.sampled_from(NAMES), texts, max_size=3)),
            draw(st.integers(0, 5)),
        )
        for number in range(count)
    ]
