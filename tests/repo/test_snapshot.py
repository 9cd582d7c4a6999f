"""Snapshots: one class for a commit, the staged content and the work tree; equal where what they hold is equal."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitml
from gitml.errors import NotFound
from gitml.records.ref import Ref
from gitml.repo.change import Change
from gitml.repo.diff import diff, invert
from gitml.repo.repository import Repository
from gitrepo import commit, git, write

AUC = "schema: metric/1\ndirection: higher\n"
FILES = {"metadata/store.yaml": "schema: store/1\nmain: main\n", "metadata/metrics/auc.yaml": AUC,
         "train.py": "print()\n",
         "data.csv.dvc": "outs:\n- md5: 9c07e1d2a4b6c8d0e2f4a6b8c0d2e4f6\n  path: data.csv\n"}  # fmt: skip


@pytest.fixture
def store(repo: Path) -> Path:
    commit(repo, FILES)
    return repo


def refs(snapshot: object) -> list[str]:
    return [str(record.ref) for record in snapshot.records() if not record.derived]  # type: ignore[attr-defined]


def test_the_three_are_equal_where_their_content_is(store: Path) -> None:
    repository = Repository.find(store)
    head, staged, worktree = repository.head(), repository.staged(), repository.worktree()
    assert head == staged == worktree
    assert hash(head) == hash(worktree)
    assert [one.at.kind for one in (head, staged, worktree)] == ["commit", "staged", "worktree"]
    write(store, {"train.py": "print(1)\n"})
    assert repository.worktree() == head, "code is no part of the store"
    write(store, {"metadata/metrics/auc.yaml": AUC + "unit: s\n"})
    assert repository.worktree() != head
    assert repository.staged() == head
    git(store, "add", "-A")
    assert repository.staged() == repository.worktree() != head


def test_the_work_tree_is_what_git_would_add(store: Path) -> None:
    write(store, {".gitignore": "*.tmp.yaml\n", "metadata/metrics/f1.yaml": AUC, "metadata/metrics/x.tmp.yaml": AUC})
    (store / "metadata/metrics/auc.yaml").unlink()
    assert refs(Repository.find(store).worktree()) == ["metric/f1"]


def test_cleaned_content_is_read(store: Path) -> None:
    write(
        store,
        {".gitattributes": "metadata/**/*.yaml text eol=lf\n", "metadata/metrics/auc.yaml": AUC.replace("\n", "\r\n")},
    )
    worktree = Repository.find(store).worktree()
    assert worktree.bytes_at("metadata/metrics/auc.yaml") == AUC.encode()
    assert (
        worktree.entries["metadata/metrics/auc.yaml"]
        == Repository.find(store).head().entries["metadata/metrics/auc.yaml"]
    )


def test_an_overlay_is_what_the_changes_make(store: Path) -> None:
    repository = Repository.find(store)
    before = repository.worktree()
    new = b"schema: metric/1\ndirection: lower\n"
    changes = [
        Change("metadata/metrics/loss.yaml", None, before.git.blob_id(new), new),
        Change("metadata/metrics/auc.yaml", before.entries["metadata/metrics/auc.yaml"].oid, None),
    ]
    after = before.overlay(changes)
    assert refs(after) == ["metric/loss"]
    assert refs(before) == ["metric/auc"]
    assert [(change.path, change.after) for change in diff(before, after)] == [
        ("metadata/metrics/auc.yaml", None),
        ("metadata/metrics/loss.yaml", before.git.blob_id(new)),
    ]
    assert after.overlay(invert(diff(before, after))) == before
    assert not (store / "metadata/metrics/loss.yaml").exists()


def test_a_record_is_found_by_its_ref(store: Path) -> None:
    snapshot = Repository.find(store).head()
    assert snapshot.record(Ref.parse("metric/auc")).data["direction"] == "higher"
    with pytest.raises(NotFound, match="there is no metric/auk") as caught:
        snapshot.record(Ref.parse("metric/auk"))
    assert caught.value.near == ("metric/auc",)
    with pytest.raises(NotFound, match="kind"):
        snapshot.record(Ref.parse("metrik/auc"))


def test_a_file_that_goes_between_listing_and_reading(store: Path) -> None:
    write(store, {"metadata/metrics/f1.yaml": AUC})
    snapshot = Repository.find(store).worktree()
    (store / "metadata/metrics/f1.yaml").unlink()
    (store / "metadata/metrics/auc.yaml").unlink()
    assert refs(snapshot) == ["metric/auc", "metric/f1"], "a snapshot is frozen"


def test_a_store_in_a_sub_folder(repo: Path) -> None:
    commit(repo, {f"team/a/{path}": content for path, content in FILES.items()} | {"metadata/metrics/top.yaml": AUC})
    inner = gitml.open(repo / "team" / "a" / "metadata")
    assert [row["ref"] for row in inner.rows("metric").rows] == ["metric/auc"]
    assert inner.show("metric/auc").path == "team/a/metadata/metrics/auc.yaml"
    assert [row["ref"] for row in gitml.open(repo).rows("metric").rows] == ["metric/top"]


def test_before_the_first_commit(repo: Path) -> None:
    write(repo, {"metadata/metrics/auc.yaml": AUC})
    repository = Repository.find(repo)
    assert refs(repository.worktree()) == ["metric/auc"]
    assert refs(repository.head()) == []
    assert repository.head() == repository.staged()


def test_a_bare_clone_is_read_at_its_head(store: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(store), "bare.git")
    opened = gitml.open(tmp_path / "bare.git")
    assert [row["ref"] for row in opened.rows("metric").rows] == ["metric/auc"]
    assert opened.snapshot.at.kind == "commit"


def test_an_old_commit_is_judged_by_its_own_schemas(store: Path) -> None:
    from gitml.repo import packaged

    schema = (packaged.folder() / "metric.yaml").read_text()
    strict = schema.replace("required: [schema, direction]", "required: [schema, direction, unit]")
    assert strict != schema
    commit(store, {"schemas/metric.yaml": schema})
    commit(store, {"schemas/metric.yaml": strict})
    opened = gitml.open(store)
    assert [problem.code for problem in opened.validate().problems] == ["schema.required"]
    assert opened.at("HEAD~1").validate().problems == ()
    # One that has no schema of its own for a kind is read with that of the store that asks.
    assert [problem.code for problem in opened.at("HEAD~2").validate().problems] == ["schema.required"]
