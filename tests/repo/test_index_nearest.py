"""Of several commits' tables that are kept, the one is patched that has most in common with what is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitml.records.template import shard
from gitml.repo.git import Git
from gitml.repo.git.batch import Blobs
from gitml.repo.index import tables
from gitml.repo.index.nearest import nearest
from gitml.repo.repository import Repository
from gitrepo import commit, git

COUNT, RUN = 60, "schema: run/1\nstatus: finished\ncreated: '2026-03-01T00:00:00Z'\n"


def runs(round_: int, count: int = COUNT) -> dict[str, str]:
    """Runs, each in its shard."""
    names = (f"r{round_}-{number}" for number in range(count))
    return {f"metadata/runs/wine/{shard(name)}/{name}.yaml": RUN for name in names}


@pytest.fixture
def ids(repo: Path) -> dict[str, list[str | None]]:
    """The folder of runs at three commits: long ago, of late, and now."""
    commit(repo, {"metadata/store.yaml": "schema: store/1\nmain: main\n", **runs(0)})
    commit(repo, runs(1))
    commit(repo, runs(2, 1))
    revisions = {"old": "HEAD~2", "late": "HEAD~1", "now": "HEAD"}
    return {name: [git(repo, "rev-parse", f"{rev}:metadata/runs")] for name, rev in revisions.items()}


def test_the_nearest_comes_first(repo: Path, ids: dict[str, list[str | None]]) -> None:
    found = Git.find(repo)
    old, late, now = ids.values()
    for others in ([old, late], [late, old]):
        assert nearest(Blobs(found), found.hash_size, others, now) == [late, old]
    assert nearest(Blobs(found), found.hash_size, [old], now) == [old]


def test_what_is_gone_or_has_nothing_in_common_keeps_its_order(repo: Path, ids: dict[str, list[str | None]]) -> None:
    found = Git.find(repo)
    gone: list[list[str | None]] = [["1" * 40], [None]]
    assert nearest(Blobs(found), found.hash_size, [*gone, ids["late"]], ids["now"]) == [ids["late"], *gone]
    assert nearest(Blobs(found), found.hash_size, gone, ids["now"]) == gone


def test_the_table_is_made_of_the_nearest(
    repo: Path, ids: dict[str, list[str | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_WORTH_KEEPING", 1)
    found = Repository.find(repo)
    for rev in ("HEAD~1", "HEAD~2"):  # what was looked at last is not what is nearest
        tables.table(found.at(rev), "run")
    tried: list[object] = []
    real = tables.Making._from_other
    monkeypatch.setattr(
        tables.Making, "_from_other", lambda self, other, mine: tried.append(list(other)) or real(self, other, mine)
    )
    assert tables.table(found.head(), "run").count == 2 * COUNT + 1
    assert tried == [ids["late"]]
