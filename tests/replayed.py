"""Real histories, from snapshots of their files to git repositories.

`replay.py` beside the real inputs does the same through a work tree, where a file of the same size as the one before
it can be taken for unchanged within a second: some of its metrics then come out as another commit's. Here every
commit is read into an empty index.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from gitrepo import git, init


def replay(source: Path, place: Path) -> Path:
    """A repository of the snapshots in `source`: main is its longest line, `tip-NN` the others, and its tags."""
    init(place)
    git(place, "config", "user.name", "replay")
    git(place, "config", "user.email", "replay@example.invalid")
    rows = list(_rows(source / "commits.tsv"))
    made: dict[str, str] = {}
    for row in rows:
        made[row["n"]] = _commit(place, next((source / "snapshots").glob(f"{row['n']}_*")), row, made)
    parents = {row["n"]: row["parent_n"] for row in rows}
    tips = [number for number in parents if number not in parents.values()]
    for number in tips:
        git(place, "update-ref", f"refs/heads/tip-{number}", made[number])
    git(place, "update-ref", "refs/heads/main", made[max(tips, key=lambda tip: _length(tip, parents))])
    upstream = {row["commit"]: made[row["n"]] for row in rows}
    for tag in _rows(source / "tags.tsv"):
        if tag["commit"] in upstream:
            how = ("-a", "-m", tag["tag"]) if tag["type"] == "tag" else ()
            git(place, "tag", *how, tag["tag"], upstream[tag["commit"]], env={"GIT_COMMITTER_DATE": tag["taggerdate"]})
    git(place, "reset", "-q", "--hard", "main")
    return place


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def _commit(place: Path, files: Path, row: dict[str, str], made: dict[str, str]) -> str:
    (place / ".git" / "index").unlink(missing_ok=True)
    there = {"GIT_DIR": str((place / ".git").resolve()), "GIT_WORK_TREE": str(files.resolve())}
    git(files, "add", "-A", "-f", ".", env=there)
    tree = git(place, "write-tree")
    parent = () if row["parent_n"] == "-" else ("-p", made[row["parent_n"]])
    people = {"GIT_AUTHOR_NAME": "replay", "GIT_COMMITTER_NAME": "replay"}
    mails = dict.fromkeys(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"], "replay@example.invalid")
    dates = dict.fromkeys(["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"], row["date"])
    message = f"{row['subject']}\n\nupstream-commit: {row['commit']}"
    return git(place, "commit-tree", tree, *parent, "-m", message, env=people | mails | dates)


def _length(tip: str, parents: dict[str, str]) -> int:
    count = 0
    while tip != "-":
        tip, count = parents[tip], count + 1
    return count
