"""`git ml list KIND --all-commits` and its sisters: shape, words, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from cellar import RUN_A, RUN_B, RUN_C
from command_line import fine, ml, on_terminal
from gitrepo import commit, git

AUC = "metrics.auc"
MARCH = "2026-03-02T12:00:00+00:00"
FLAGS = ("--all-commits", "--all-branches", "--all-tags", "--experiments")


@pytest.fixture
def past(store: Path) -> Path:
    """The cellar, after a third commit that changes run A; a tag on it, and an experiment beside it."""
    fine(store, "set", f"run/wine/{RUN_A}", "metrics.auc=0.95")
    oid = commit(store, {}, "a better count", MARCH)
    git(store, "tag", "v3")
    fine(store, "set", f"run/wine/{RUN_B}", "metrics.auc=0.99")
    tried = commit(store, {}, "an experiment", "2026-03-03T12:00:00+00:00")
    git(store, "update-ref", f"refs/exps/{oid[:2]}/{oid[2:]}/loud-moth", tried)
    git(store, "reset", "-q", "--hard", oid)
    return store


def asked(place: Path, *words: str) -> Any:
    said = fine(place, "list", *words, "--format", "json")
    assert said.err == ""
    return said.json


def oid(place: Path, rev: str) -> str:
    return git(place, "rev-parse", f"{rev}^{{commit}}")


def told(shape: Any) -> list[tuple[str, float]]:
    return [(row["ref"][-2], row[AUC]) for row in shape["rows"]]


# ── JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_over_all_commits(past: Path) -> None:
    first, second, third = (oid(past, rev) for rev in ("v1", "HEAD~1", "HEAD"))
    noon = "2026-03-01T12:00:00Z"
    assert asked(past, "run", "--all-commits", "--columns", "metrics.auc") == {
        "format": 1,
        "at": {"kind": "worktree", "commit": None, "events": None},
        "kind": "run",
        "total": 4,
        "complete": True,
        "over": ["commits"],
        "problems": [],
        "columns": [
            {"name": "ref", "type": "string"},
            {"name": "commit", "type": "string"},
            {"name": "time", "type": "string"},
            {"name": "refs", "type": "list"},
            {"name": "metrics.auc", "type": "float"},
        ],
        "rows": [
            {"ref": f"run/wine/{RUN_A}", "commit": first, "time": noon, "refs": ["v1"], AUC: 0.91},
            {
                "ref": f"run/wine/{RUN_A}",
                "commit": third,
                "time": "2026-03-02T12:00:00Z",
                "refs": ["main", "v3"],
                AUC: 0.95,
            },
            {"ref": f"run/wine/{RUN_B}", "commit": first, "time": noon, "refs": ["v1"], AUC: 0.85},
            {"ref": f"run/wine/{RUN_C}", "commit": second, "time": noon, "refs": [], AUC: 0.93},
        ],
    }


def test_each_flag_and_several(past: Path) -> None:
    now = [("A", 0.95), ("B", 0.85), ("C", 0.93)]
    assert told(asked(past, "run", "--all-branches")) == now
    assert told(asked(past, "run", "--all-tags")) == [("A", 0.91), *now]
    assert told(asked(past, "run", "--experiments")) == [("A", 0.95), ("B", 0.99), ("C", 0.93)]
    assert told(asked(past, "run", "metrics.auc > 0.9", *FLAGS, "--sort", "-metrics.auc")) == [
        ("B", 0.99),
        ("A", 0.95),
        ("C", 0.93),
        ("A", 0.91),
    ]
    assert asked(past, "run", *FLAGS)["over"] == ["commits", "branches", "tags", "experiments"]


def test_up_to_a_revision(past: Path) -> None:
    shape = asked(past, "run", "--all-commits", "--at", "v1")
    assert shape["at"] == {"kind": "commit", "commit": oid(past, "v1"), "events": None}
    assert told(shape) == [("A", 0.91), ("B", 0.85)]


def test_by_time_and_cut(past: Path) -> None:
    shape = asked(past, "run", "--all-commits", "--sort", "-time,ref", "--limit", "1")
    assert (told(shape), shape["total"]) == ([("A", 0.95)], 4)


# ── text ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_text_is_short(past: Path) -> None:
    first, second, third = (oid(past, rev)[:8] for rev in ("v1", "HEAD~1", "HEAD"))
    assert fine(past, "list", "run", "--all-commits", "--columns", "metrics.auc").out == (
        "ref                                  commit    time              refs      metrics.auc\n"
        f"run/wine/{RUN_A}  {first}  2026-03-01 12:00  v1               0.91\n"
        f"run/wine/{RUN_A}  {third}  2026-03-02 12:00  main, v3         0.95\n"
        f"run/wine/{RUN_B}  {first}  2026-03-01 12:00  v1               0.85\n"
        f"run/wine/{RUN_C}  {second}  2026-03-01 12:00                   0.93\n"
    )


def test_csv_is_exact_and_markdown_short(past: Path) -> None:
    words = ("list", "run", "metrics.auc = 0.95", "--all-commits", "--columns", "metrics.auc", "--format")
    third = oid(past, "HEAD")
    assert fine(past, *words, "csv").out.splitlines()[1] == (
        f'run/wine/{RUN_A},{third},2026-03-02T12:00:00Z,"[""main"", ""v3""]",0.95'
    )
    assert fine(past, *words, "md").out.splitlines()[2] == (
        f"| run/wine/{RUN_A} | {third[:8]} | 2026-03-02 12:00 | main, v3 | 0.95 |"
    )


def test_a_narrow_page_keeps_the_commit(past: Path, shell: dict[str, str]) -> None:
    code, shown = on_terminal(past, "git", "ml", "list", "run", "--all-commits", env=shell, columns=70)
    assert code == 0
    assert re.findall(r"1m(\w+)", shown.splitlines()[0])[:3] == ["ref", "commit", "time"]
    assert oid(past, "v1")[:8] in shown


# ── what is wrong ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_kind(past: Path) -> None:
    said = ml(past, "list", "--all-tags", "--format", "json")
    assert said.code == 2
    assert said.error["message"] == "list: over history it lists one kind"


def test_a_wrong_field(past: Path) -> None:
    said = ml(past, "list", "run", "metrics.auk > 1", "--all-commits", "--format", "json")
    assert (said.code, said.error["code"]) == (1, "filter")
    assert said.error["near"][0] == "metrics.auc"


def test_what_cannot_be_read_is_told_with_its_commit(past: Path) -> None:
    path = git(past, "ls-files", "--", f"*{RUN_B}*")
    bad = commit(past, {path: "status: [\n"}, "broken")
    git(past, "reset", "-q", "--hard", "HEAD~1")
    git(past, "branch", "broken", bad)
    said = fine(past, "list", "run", "--all-branches")
    told = "1 file of history cannot be read, so run records may be missing"
    assert said.err.startswith(f"git ml: warning: {told}: {bad[:8]} {path}:")
    (problem,) = fine(past, "list", "run", "--all-branches", "--format", "json").json["problems"]
    assert (problem["code"], problem["path"], problem["commit"]) == ("yaml.syntax", path, bad)
    assert problem["line"] is not None


def test_a_shallow_clone_says_that_it_is_incomplete(past: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{past}", "clone")
    shape = asked(tmp_path / "clone", "run", "--all-commits")
    assert (shape["complete"], shape["total"]) == (False, 3)
