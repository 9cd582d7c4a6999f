"""What `git ml diff` compares, and how it lays out what it found."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellar import ID_1
from command_line import fine, ml
from gitml.render.difference import diff_text
from gitml.render.page import Page
from gitml.views.diff import diff
from gitrepo import commit, git, write
from in_memory import store as in_memory

TERM = "schema: term/1\ndefinition: {}\n"


@pytest.mark.parametrize("question", [("v1", "main"), ("v1..main",), ("v1...main",), ("v1..",)])
def test_two_that_are_named_leave_at_nothing_to_say(store: Path, question: tuple[str, ...]) -> None:
    said = ml(store, "diff", *question, "--at", "v1")
    assert (said.code, said.out) == (2, "")
    assert "so --at v1 says nothing" in said.err
    assert fine(store, "diff", "main", "--at", "v1").out == fine(store, "diff", "main", "v1").out
    assert fine(store, "diff", "--at", "v1").out == fine(store, "diff", "HEAD", "v1").out


def test_three_dots_where_merges_have_crossed_say_which_parting_is_taken(store: Path) -> None:
    git(store, "checkout", "-qb", "side")
    commit(store, {"metadata/terms/side.yaml": TERM.format("s")})
    git(store, "checkout", "-q", "main")
    commit(store, {"metadata/terms/main.yaml": TERM.format("m")})
    assert fine(store, "diff", "main...side").err == ""
    both = [git(store, "rev-parse", one) for one in ("main", "side")]
    git(store, "merge", "-q", "--no-ff", "-m", "one", both[1])
    git(store, "checkout", "-q", "side")
    git(store, "merge", "-q", "--no-ff", "-m", "other", both[0])
    commit(store, {"metadata/terms/new.yaml": TERM.format("n")})
    first, second = git(store, "merge-base", "--all", "main", "side").split()
    said = fine(store, "diff", "main...side", "--format", "json")
    assert said.json["from"]["commit"] == first
    assert (
        f"main and side parted at 2 commits, since merges have crossed: {first[:12]} is taken, not {second[:12]}"
        in (said.err)
    )
    assert said.err.count("\n") == 1


def test_a_shallow_clone_has_all_of_the_two_that_it_compares(store: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{store}", str(clone))
    write(clone, {"metadata/terms/new.yaml": TERM.format("n")})
    found = fine(clone, "diff", "--format", "json").json
    assert ([one["ref"] for one in found["changes"]], found["complete"]) == (["term/new"], True)
    assert ml(clone, "diff", "v1").code == 1  # what lies beyond is no revision here


def test_a_dry_run_says_that_nothing_is_so_yet(store: Path) -> None:
    commit(store, {"metadata/terms/new.yaml": TERM.format("n")})
    assert fine(store, "revert", "HEAD", "--dry-run").out.splitlines() == [
        "- term/new  definition n",
        "1 removed: work tree -> as it would be",
    ]


@pytest.mark.parametrize("width", [None, 70])
def test_a_name_that_is_too_long_for_the_column_pushes_no_value_off(width: int | None) -> None:
    name = "holdout_of_the_cellars_of_the_north_and_of_the_south"

    def version(auc: float) -> dict[str, object]:
        metrics = {"auc": auc, "loss": 0.5, name: {"auc": auc}}
        return {
            "model/wine@1": {"id": ID_1, "created": "2026-02-10T09:12:00Z", "metrics": metrics, "description": f"{auc}"}
        }

    text = diff_text(diff(in_memory(version(0.9)), in_memory(version(0.8))), Page(width=width))
    assert text.splitlines() == [
        "~ model/wine@1",
        '    description  "0.9" -> "0.8"',
        "    metrics.auc  0.9 -> 0.8 (-0.1 worse)",
        f"    metrics.{name}.auc",
        "      0.9 -> 0.8 (-0.1 worse)",
        "1 changed: work tree -> work tree",
    ]
