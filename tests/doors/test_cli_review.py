"""`git ml diff A B --format md`: the comment, from real repositories, in every form of the question."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import gitml
from cellar import ID_1, ID_2
from command_line import fine, ml
from gitml.render.review import LIMIT, MARKER
from gitrepo import commit, git, write

ALIAS = "metadata/aliases/model/wine/production.yaml"


def back_to_the_first(store: Path) -> None:
    write(store, {ALIAS: f'schema: alias/1\nversion: "1"\nid: {ID_1}\n'})


def said(store: Path, *question: str) -> str:
    done = fine(store, "diff", *question, "--format", "md")
    assert done.out.startswith(f"{MARKER}\n### ")
    assert len(done.out) <= LIMIT
    return done.out


def test_a_promotion_on_a_branch(store: Path) -> None:
    fine(store, "new", "deployment", "shop", "serves={ref: alias/model/wine/production}", 'owners=["@mona"]')
    commit(store, {})
    git(store, "checkout", "-q", "-b", "side")
    back_to_the_first(store)
    commit(store, {})
    text = said(store, "main", "side")
    assert text.splitlines()[1] == (
        "### production moves from wine@2 to wine@1; auc 0.93 -> 0.91 ▼; 1 deployment affected"
    )
    assert "| error | `metric.worse` |" in text
    assert "| `auc` | 0.93 | 0.91 | ▼ worse |" in text
    assert 'n1["deployment/shop"]' in text
    commits = [git(store, "rev-parse", "--short=8", rev) for rev in ("main", "side")]
    assert text.endswith(f"\n<sub>1 change, {commits[0]} → {commits[1]} · git ml diff</sub>\n")
    assert said(store, "main..side") == text


def test_the_work_tree_and_what_is_staged(store: Path) -> None:
    back_to_the_first(store)
    worktree = said(store)
    assert "production moves from wine@2 to wine@1" in worktree
    assert "| error | `metric.worse` |" in worktree
    assert "→ worktree ·" in worktree
    git(store, "add", "-A")
    assert "production moves from wine@2 to wine@1" in said(store, "HEAD", "staged")
    assert "no record changes" in said(store, "HEAD", "HEAD")


def test_three_dots_are_from_where_the_two_parted(store: Path) -> None:
    git(store, "checkout", "-q", "-b", "side")
    commit(store, {"metadata/datasets/a.yaml": "schema: dataset/1\n"})
    git(store, "checkout", "-q", "main")
    commit(store, {"metadata/datasets/b.yaml": "schema: dataset/1\n"})
    git(store, "checkout", "-q", "side")
    assert "### 1 dataset added\n" in said(store, "main...side")
    assert "`dataset/b`" in said(store, "main", "side")


def test_old_problems_are_none_of_it(store: Path) -> None:
    commit(store, {"metadata/datasets/old.yaml": "schema: dataset/1\nowners: me\n"})
    git(store, "checkout", "-q", "-b", "side")
    commit(store, {"metadata/datasets/new.yaml": "schema: dataset/1\nowners: me\n"})
    text = said(store, "main", "side")
    assert "**1 error**" in text
    assert "metadata/datasets/new.yaml:2" in text
    assert "old.yaml" not in text


def test_a_record_that_cannot_be_read_is_a_problem_and_a_row(store: Path) -> None:
    write(store, {"metadata/datasets/new.yaml": "a: b: c\n", "metadata/datasets/odd.yaml": b"\xff\xfe"})
    text = said(store)
    assert "`yaml.syntax`" in text
    assert "`dataset/new`" in text


@pytest.mark.parametrize("other", ["json", "csv", "table"])
def test_other_formats_are_as_they_were(store: Path, other: str) -> None:
    assert MARKER not in fine(store, "diff", "v1", "HEAD", "--format", other).out


def test_exit_code_works_here_too(store: Path) -> None:
    assert ml(store, "diff", "v1", "HEAD", "--format", "md", "--exit-code").code == 1
    assert ml(store, "diff", "HEAD", "HEAD", "--format", "md", "--exit-code").code == 0


def test_a_bare_clone_and_a_sub_folder(store: Path, tmp_path: Path) -> None:
    text = said(store, "v1", "main")
    bare = tmp_path / "bare"
    git(tmp_path, "clone", "-q", "--bare", str(store), str(bare))
    assert said(bare, "v1", "main") == text
    assert said(store / "metadata", "v1", "main") == text


def test_a_shallow_clone_compares_what_it_has(store: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{store}", str(clone))
    assert "no record changes" in said(clone)
    done = ml(clone, "diff", "v1", "HEAD", "--format", "md")
    assert (done.code, done.out) == (1, "")


def test_a_deleted_alias_and_a_renamed_model(store: Path) -> None:
    (store / ALIAS).unlink()
    shutil.move(store / "metadata/models/wine.yaml", store / "metadata/models/vine.yaml")
    text = said(store)
    assert "production is taken from wine@2" in text
    assert "`model/wine` → `model/vine`" in text


def test_in_python(store: Path) -> None:
    found = gitml.open(store).review("v1", "HEAD")
    assert [str(one.what.new) for one in found.promoted] == ["model/wine@2"]
    assert found.problems == ()
    assert found.deployments == ()


def test_two_thousand_runs_fit(store: Path) -> None:
    run = 'schema: run/1\nstatus: finished\ncreated: "2026-02-10T09:12:00Z"\nmetrics:\n  auc: 0.9\n'
    place = gitml.open(store).snapshot
    from gitml.records.ref import Ref

    write(store, {place.path(Ref("run", ("wine", f"01JD7K{n:020}"))): run for n in range(2000)})
    back_to_the_first(store)
    text = said(store)
    assert "### production moves from wine@2 to wine@1; auc 0.93 -> 0.91 ▼; and 2,000 more changes\n" in text
    assert "▼ worse" in text
    assert re.search(r"Cut, to stay within 65,536 characters: [0-9,]+ rows of run, 5 fields of alias\.", text)
    assert ID_2 in text
