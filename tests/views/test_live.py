"""What was live: by what the store said then, and by what is known today."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import gitml
from dvc_world import dvc
from gitml.errors import BadValue
from gitml.records.ref import Ref
from gitml.views.live.live import Live, Slot
from gitrepo import commit, git, init, write

ALIAS = "metadata/aliases/model/wine/production.yaml"
REF = "alias/model/wine/production"
WISH = "metadata/deployments/wine-prod.yaml"
IDS = {number: f"01JD7M0000000000000000000{number}" for number in (1, 2, 3)}


def alias(version: str, since: str = "", more: str = "") -> str:
    return f'schema: alias/1\nversion: "{version}"\n' + (f'since: "{since}"\n' if since else "") + more


def version(number: int, more: str = "") -> dict[str, str]:
    text = f'schema: model-version/1\nid: {IDS[number]}\ncreated: "2026-01-0{number}T00:00:00Z"\n{more}'
    return {f"metadata/models/wine/{number}.yaml": text}


def event(repo: Path, ref: str, text: str) -> dict[str, str]:
    return {gitml.open(repo).snapshot.path(Ref.parse(ref)): f"schema: {ref.partition('/')[0]}/1\n{text}"}


def rollout(repo: Path, name: str, serves: str, day: int, more: str = "status: succeeded\n") -> dict[str, str]:
    text = f"deployment: deployment/wine-prod\nserves:\n  ref: {serves}\n"
    return event(repo, f"rollout/{name}", f'{text}created: "2026-03-{day:02}T06:00:00Z"\n{more}')


def live(repo: Path, on: str | None = None, at: str | None = None) -> Live:
    store = gitml.open(repo)
    return (store.at(at) if at else store).live(on)


def slot(repo: Path, ref: str = REF, on: str | None = None, at: str | None = None) -> Slot | None:
    return next((one for one in live(repo, on, at).slots if one.ref == ref), None)


def chosen(repo: Path, **how: Any) -> str | None:
    found = slot(repo, **how)
    return found.version if found else None


def at(day: int) -> str:
    return f"2026-03-{day:02}T12:00:00+00:00"


# ── aliases ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_alias_holds_from_its_since(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z"), **version(1), **version(2)}, date=at(1))
    # Version 2 was in production two days before anybody wrote it down.
    second = commit(repo, {ALIAS: alias("2", "2026-03-08T06:00:00Z")}, date=at(10))
    days = {day: chosen(repo, on=f"2026-03-{day:02}") for day in (1, 7, 8, 10)}
    assert days == {1: "model/wine@1", 7: "model/wine@1", 8: "model/wine@2", 10: "model/wine@2"}
    assert chosen(repo, on="2026-02-28") is None
    assert chosen(repo, on="2026-03-08T05:59:59Z") == "model/wine@1"
    assert chosen(repo, on="2026-03-08T08:00:00+02:00") == "model/wine@2"
    # --at is what the store said then.
    assert chosen(repo, at="2026-03-08") == "model/wine@1"
    assert chosen(repo, at="2026-03-08", on="2026-03-08") == "model/wine@1"
    found = slot(repo, on="2026-03-09")
    assert found is not None
    assert (found.commit, found.missing, found.since) == (second, False, "2026-03-08T06:00:00Z")


def test_without_a_since_the_commit_says_when(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1")}, date=at(1))
    commit(repo, {ALIAS: alias("2")}, date=at(10))
    git(repo, "rm", "-q", ALIAS)
    commit(repo, {}, date=at(20))
    assert [chosen(repo, on=f"2026-03-{day}") for day in ("05", "10", "19", "20")] == [
        "model/wine@1",
        "model/wine@2",
        "model/wine@2",
        None,
    ]


def test_what_is_known_today_counts(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z")}, date=at(1))
    commit(repo, {ALIAS: alias("2", "2026-03-10T06:00:00Z")}, date=at(10))
    commit(repo, {ALIAS: alias("2", "2026-03-05T06:00:00Z", "reason: it was earlier\n")}, date=at(12))
    assert [chosen(repo, on=f"2026-03-0{day}") for day in (4, 5)] == ["model/wine@1", "model/wine@2"]


Step = tuple[int, str | None, int | None]
"""A commit: its day, the version that it chooses (None: it removes the alias), and the day of its `since`."""

# What each day of March ends with, from the first on; `.` is nothing.
STORIES: dict[str, tuple[list[Step], str]] = {
    "moved": ([(2, "1", 2), (5, "2", 5)], ".1112222"),
    "moved, and written down later": ([(2, "1", 2), (6, "2", 4)], ".1122222"),
    "written down later, all of it": ([(9, "1", 2), (9, "2", 4)], ".1122222222"),
    "corrected": ([(2, "1", 2), (8, "2", 8), (10, "2", 5)], ".11122222222"),
    "corrected by too much": ([(3, "1", 3), (6, "2", 6), (9, "2", 2)], "..111222222"),
    "reverted": ([(2, "1", 2), (5, "2", 5), (8, "1", 2)], ".1112221111"),
    "reverted, without a since": ([(2, "1", None), (5, "2", None), (8, "1", None)], ".1112221111"),
    "reverted in one field": ([(2, "1", 2), (5, "2", 5), (8, "1", 5)], ".1112221111"),
    "reverted after it was written down later": ([(2, "1", 2), (6, "2", 4), (8, "1", 2)], ".1122221111"),
    "reverted again": ([(2, "1", 2), (5, "2", 5), (8, "1", 2), (10, "2", 5)], ".11122211222"),
    "reverted thrice": ([(2, "1", 2), (4, "2", 4), (6, "1", 2), (8, "2", 4), (10, "1", 2)], ".11221122111"),
    "reverted, then moved": ([(2, "1", 2), (4, "2", 4), (6, "1", 2), (9, "3", 8)], ".1122113333"),
    "over the whole of another": ([(2, "1", 2), (6, "2", 6), (9, "3", 4)], ".11112223333"),
    "planned, then taken back": ([(2, "1", 2), (4, "2", 9), (6, "1", 2)], ".1111111111"),
    "planned for another day": ([(2, "1", 2), (4, "2", 9), (6, "2", 7)], ".1111122222"),
    "removed, and brought back": ([(2, "1", 2), (5, None, None), (8, "1", 2)], ".111...1111"),
}


def told(repo: Path, days: int) -> str:
    found = (chosen(repo, on=f"2026-03-{day:02}") for day in range(1, days + 1))
    return "".join(one.rpartition("@")[2] if one else "." for one in found)


@pytest.mark.parametrize("name", STORIES)
def test_no_text_takes_away_the_days_of_another(repo: Path, name: str) -> None:
    steps, days = STORIES[name]
    for day, version, since in steps:
        if version is None:
            git(repo, "rm", "-q", ALIAS)
        text = alias(version or "", f"2026-03-{since:02}T06:00:00Z" if since else "")
        commit(repo, {ALIAS: text} if version else {}, date=at(day))
    assert told(repo, len(days)) == days


def test_what_gitml_reverts(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z"), **version(1), **version(2)}, date=at(1))
    commit(repo, {ALIAS: alias("2", "2026-03-03T06:00:00Z")}, date=at(3))
    for day in (5, 7):
        gitml.open(repo).revert("HEAD")
        # Before it is committed, nobody has said so by any day.
        assert told(repo, day) == {5: "11222", 7: "1122111"}[day]
        back = commit(repo, {}, date=at(day))
        found = slot(repo)
        assert found is not None
        assert (found.commit, found.holds_from) == (back, f"2026-03-{day:02}T12:00:00Z")
    assert told(repo, 8) == "11221122"


def test_a_renumbered_version_is_the_same_choice(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z", f"id: {IDS[1]}\n")}, date=at(1))
    commit(repo, {ALIAS: alias("2", "2026-03-03T06:00:00Z", f"id: {IDS[2]}\n")}, date=at(3))
    commit(repo, {ALIAS: alias("3", "2026-03-03T06:00:00Z", f"id: {IDS[2]}\n")}, date=at(5))
    assert told(repo, 5) == "11333"


def test_a_clock_that_was_set_back_makes_no_later_word_an_earlier_one(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z")}, date=at(1))
    commit(repo, {ALIAS: alias("2", "2026-03-04T06:00:00Z")}, date=at(6))
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z")}, date=at(3))
    assert told(repo, 7) == "1112211"


def test_other_words_about_the_same_choice_hold_when_it_did(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z", "reason: good\n")}, date=at(1))
    better = commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z", "reason: better\n")}, date=at(4))
    found = slot(repo, on="2026-03-02")
    assert found is not None
    assert (found.reason, found.commit, found.holds_from) == ("better", better, found.since)


def test_statuses_are_bounded_too(repo: Path) -> None:
    place = "metadata/statuses/model/wine/1.yaml"
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z"), **version(1)}, date=at(1))
    for day, status, since in ((2, "approved", 2), (4, "retired", 4), (6, "approved", 2)):
        text = f'schema: status/1\nstatus: {status}\nsince: "2026-03-{since:02}T06:00:00Z"\n'
        commit(repo, {place: text}, date=at(day))
    found = [slot(repo, on=f"2026-03-{day:02}") for day in (1, 3, 5, 7)]
    assert [one.status if one else "" for one in found] == [None, "approved", "retired", "approved"]


def test_a_wish_that_was_reverted(repo: Path) -> None:
    for day, number, since in ((2, 1, 2), (4, 2, 4), (6, 1, 2)):
        commit(repo, wish(f"model/wine@{number}", f'since: "2026-03-{since:02}T06:00:00Z"\n'), date=at(day))
    found = [chosen(repo, ref="deployment/wine-prod", on=f"2026-03-{day:02}") for day in (1, 3, 5, 7)]
    assert found == [None, "model/wine@1", "model/wine@2", "model/wine@1"]


def test_now_what_an_alias_was_rolled_out_as_is_what_it_chose_then(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z"), **wish(REF), **version(1), **version(2)}, date=at(1))
    commit(repo, rollout(repo, "r1", REF, 2), date=at(2))
    commit(repo, {ALIAS: alias("2", "2026-03-05T06:00:00Z")}, date=at(5))
    found = slot(repo, "deployment/wine-prod")
    assert found is not None
    assert found.difference == "ought to serve model/wine@2, serves model/wine@1"


def test_now_the_commit_is_known_too(repo: Path, tmp_path: Path) -> None:
    first = commit(repo, {ALIAS: alias("1")}, date=at(1))
    second = commit(repo, {ALIAS: alias("1", more="reason: good\n")}, date=at(2))
    last = commit(repo, {"other": "x"}, date=at(3))
    assert [one.commit for one in (*live(repo).slots, *live(repo, at=first).slots)] == [second, first]
    git(tmp_path, "clone", "-q", "--depth=1", repo.as_uri(), "shallow")
    assert [(one.version, one.commit) for one in live(tmp_path / "shallow", at=last).slots] == [("model/wine@1", None)]
    write(repo, {ALIAS: alias("1", more="reason: better\n")})
    assert [(one.reason, one.commit) for one in live(repo).slots] == [("better", None)]


def test_a_merge_that_joins_two_changes_has_the_last_word(repo: Path) -> None:
    commit(
        repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z", "by: a\nreason: b\ntags:\n  one: x\n  two: y\n")}, date=at(1)
    )
    git(repo, "checkout", "-qb", "side")
    text = alias("1", "2026-03-01T06:00:00Z", "by: a\nreason: b\ntags:\n  one: x\n  two: z\n")
    commit(repo, {ALIAS: text}, date=at(9))
    git(repo, "checkout", "-q", "main")
    text = alias("2", "2026-03-05T06:00:00Z", "by: a\nreason: b\ntags:\n  one: x\n  two: y\n")
    commit(repo, {ALIAS: text}, date=at(8))
    dates = {"GIT_COMMITTER_DATE": at(10), "GIT_AUTHOR_DATE": at(10)}
    git(repo, "merge", "-q", "--no-ff", "-m", "merge", "side", env=dates)
    assert "two: z" in (repo / ALIAS).read_text()
    assert [chosen(repo, on=f"2026-03-{day}") for day in ("04", "06", "09", "11")] == [
        "model/wine@1",
        "model/wine@2",
        "model/wine@2",
        "model/wine@2",
    ]


def test_a_revert_aside_does_not_outlive_the_merge(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z")}, date=at(1))
    git(repo, "checkout", "-qb", "side")
    commit(repo, {ALIAS: alias("2", "2026-03-02T06:00:00Z")}, date=at(2))
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z")}, date=at(4))
    git(repo, "checkout", "-q", "main")
    commit(repo, {ALIAS: alias("3", "2026-03-03T06:00:00Z")}, date=at(3))
    dates = {"GIT_COMMITTER_DATE": at(6), "GIT_AUTHOR_DATE": at(6)}
    git(repo, "merge", "-q", "-m", "merge", "side", env=dates)
    assert told(repo, 7)[5:] == "33"


def test_what_is_not_committed_is_the_last_word(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z")}, date=at(1))
    write(repo, {ALIAS: alias("2", "2026-03-05T06:00:00Z")})
    assert [chosen(repo, on=f"2026-03-0{day}") for day in (4, 5)] == ["model/wine@1", "model/wine@2"]
    assert chosen(repo) == "model/wine@2"
    assert chosen(repo, at="HEAD") == "model/wine@1"


def test_a_version_that_is_not_there(repo: Path) -> None:
    commit(repo, {ALIAS: alias("7")})
    found = slot(repo)
    assert found is not None
    assert (found.version, found.missing, found.data) == ("model/wine@7", True, ())


def test_status_and_approvals_of_that_day(repo: Path) -> None:
    about = "of:\n  ref: model/wine@1\n"
    files = {
        **event(repo, "approval/a1", f'{about}created: "2026-03-02T06:00:00Z"\nby: "@ines"\ndecision: approved\n'),
        **event(repo, "approval/a2", f'{about}created: "2026-03-09T06:00:00Z"\nby: "@ines"\ndecision: withdrawn\n'),
        "metadata/statuses/model/wine/1.yaml": 'schema: status/1\nstatus: retired\nsince: "2026-03-09T00:00:00Z"\n',
    }
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z"), **version(1)}, date=at(1))
    commit(repo, files, date=at(20))
    early, late, now = (slot(repo, on=day) for day in ("2026-03-05", "2026-03-10", None))
    assert early is not None and late is not None and now is not None  # noqa: PT018
    assert ([one.decision for one in early.approvals], early.status) == (["approved"], None)
    assert ([one.decision for one in late.approvals], late.status) == (["approved", "withdrawn"], "retired")
    assert (now.approvals, now.status) == (late.approvals, late.status)
    assert early.approvals[0].by == "@ines"


# ── deployments ───────────────────────────────────────────────────────────────────────────────────────────────────


def wish(serves: str, more: str = "") -> dict[str, str]:
    return {WISH: f"schema: deployment/1\nserves:\n  ref: {serves}\n{more}"}


def test_the_wish_and_what_happened(repo: Path) -> None:
    versions = {**version(1), **version(2), **version(3)}
    commit(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z"), **wish(REF), **versions}, date=at(1))
    commit(repo, {ALIAS: alias("2", "2026-03-10T06:00:00Z")}, date=at(10))
    files = rollout(repo, "r1", REF, 2) | rollout(repo, "r2", "model/wine@2", 12, "status: failed\n")
    commit(repo, files | rollout(repo, "r3", REF, 14), date=at(15))

    def on(day: int) -> tuple[str | None, str | None, bool | None, str | None]:
        found = slot(repo, "deployment/wine-prod", on=f"2026-03-{day:02}")
        assert found is not None
        return found.version, found.rollout.version if found.rollout else None, found.differs, found.difference

    ought = "ought to serve model/wine@2, serves model/wine@1"
    assert on(1) == ("model/wine@1", None, None, "no rollout is recorded")
    assert on(5) == ("model/wine@1", "model/wine@1", False, None)
    assert on(11) == ("model/wine@2", "model/wine@1", True, ought)
    assert on(12)[2:] == (True, f"{ought}; the last rollout (of model/wine@2) failed")
    assert on(14) == ("model/wine@2", "model/wine@2", False, None)
    assert slot(repo, "deployment/wine-prod").rollout.ref == "rollout/r3"  # type: ignore[union-attr]


def test_what_was_rolled_out_before_anybody_recorded_the_wish(repo: Path) -> None:
    learned = f"training_data:\n  ref: dataset/wine@1\n  id: {IDS[3]}\n"
    approved = event(
        repo, "approval/a1",
        'of:\n  ref: model/wine@1\ncreated: "2026-03-01T06:00:00Z"\nby: "@ines"\ndecision: approved\n',
    )  # fmt: skip
    commit(repo, version(1, learned) | approved, date=at(1))
    files = rollout(repo, "r1", "model/wine@1", 2) | rollout(repo, "r2", "model/wine@2", 6, "status: failed\n")
    commit(repo, wish("model/wine@2") | files, date=at(8))

    assert slot(repo, "deployment/wine-prod", on="2026-03-01") is None
    early, late, then = (slot(repo, "deployment/wine-prod", on=f"2026-03-{day:02}") for day in (3, 6, 8))
    assert early is not None and late is not None and then is not None  # noqa: PT018
    assert (early.version, early.serves, early.missing, early.commit, early.differs) == (None, None, False, None, None)
    assert (early.difference, early.rollout and early.rollout.version) == (
        "no wish is recorded, serves model/wine@1",
        "model/wine@1",
    )
    assert ([one.by for one in early.approvals], [one.ref for one in early.data]) == (["@ines"], ["dataset/wine@1"])
    assert late.difference == f"{early.difference}; the last rollout (of model/wine@2) failed"
    assert (
        then.difference == "ought to serve model/wine@2, serves model/wine@1; the last rollout (of model/wine@2) failed"
    )
    git(repo, "rm", "-q", WISH)
    commit(repo, {}, date=at(10))
    assert slot(repo, "deployment/wine-prod").difference == late.difference  # type: ignore[union-attr]
    commit(repo, rollout(repo, "r3", "model/wine@1", 11, "status: succeeded\ntype: stop\n"), date=at(11))
    assert slot(repo, "deployment/wine-prod") is None


def test_what_ought_to_be_stopped(repo: Path) -> None:
    commit(repo, wish("model/wine@1", "state: stopped\n") | rollout(repo, "r1", "model/wine@1", 2))
    found = slot(repo, "deployment/wine-prod")
    assert found is not None
    assert (found.differs, found.difference) == (True, "ought to be stopped, serves model/wine@1")
    commit(repo, rollout(repo, "r2", "model/wine@1", 3, "status: succeeded\ntype: stop\n"))
    stopped = slot(repo, "deployment/wine-prod")
    assert stopped is not None
    assert (stopped.differs, stopped.difference) == (False, None)
    commit(repo, wish("model/wine@1"))
    wanted = slot(repo, "deployment/wine-prod")
    assert wanted is not None
    assert wanted.difference == "ought to serve model/wine@1, serves nothing"


def test_how_a_rollout_went_is_known_once_it_has_ended(repo: Path) -> None:
    more = 'ended: "2026-03-05T06:00:00Z"\nstatus: succeeded\n'
    commit(repo, wish("model/wine@1") | rollout(repo, "r1", "model/wine@1", 4, more), date=at(1))
    found = slot(repo, "deployment/wine-prod", on="2026-03-04")
    assert found is not None
    assert (
        found.difference == "ought to serve model/wine@1, serves nothing; the last rollout (of model/wine@1) is running"
    )
    assert slot(repo, "deployment/wine-prod", on="2026-03-05").differs is False  # type: ignore[union-attr]


# ── the data ──────────────────────────────────────────────────────────────────────────────────────────────────────

DATASET = "metadata/datasets/wine/1.yaml"
MD5 = "900150983cd24fb0d6963f7d28e17f72"  # of "abc"


def dataset(more: str) -> dict[str, str]:
    text = f'schema: dataset-version/1\nid: {IDS[3]}\ncreated: "2026-01-01T00:00:00Z"\npointer:\n{more}'
    return {DATASET: text}


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A model's version in production that was trained on a file which DVC tracks."""
    from dvc.repo import Repo

    repo = init(tmp_path / "repo")
    Repo.init(str(repo)).close()
    write(repo, {"data.csv": "abc"})
    with dvc(repo) as opened:
        opened.add("data.csv")
    pointer = f'  type: dvc\n  path: data.csv\n  md5: "{MD5}"\n  size: 3\n'
    learned = f"training_data:\n  ref: dataset/wine@1\n  id: {IDS[3]}\n"
    commit(repo, {ALIAS: alias("1"), **dataset(pointer), **version(1, learned)})
    return repo


def data(repo: Path, **how: Any) -> list[tuple[Any, ...]]:
    found = slot(repo, **how)
    assert found is not None
    return [(one.ref, one.hash, one.exists, one.worktree, one.cache, one.remote) for one in found.data]


def test_whether_the_bytes_still_exist(trained: Path) -> None:
    one = ("dataset/wine@1", f"md5:{MD5}")
    assert data(trained) == [(*one, True, "same", "yes", None)]
    (trained / "data.csv").unlink()
    assert data(trained) == [(*one, True, "missing", "yes", None)]
    shutil.rmtree(trained / ".dvc/cache/files")
    assert data(trained) == [(*one, False, "missing", "no", None)]
    write(trained, {"data.csv": "other"})
    assert data(trained, on="2026-03-02") == [(*one, False, "changed", "no", None)]
    assert live(trained).rows.rows[0]["exists"] is False


def test_a_remote_is_asked_on_request(trained: Path, tmp_path: Path) -> None:
    (trained / ".dvc/config").write_text(
        f"[core]\n    remote = far\n['remote \"far\"']\n    url = {tmp_path / 'far'}\n"
    )
    with dvc(trained) as opened:
        opened.push()
    shutil.rmtree(trained / ".dvc/cache/files")
    (trained / "data.csv").unlink()
    assert [one.exists for one in gitml.open(trained).live().slots[0].data] == [False]
    asked = gitml.open(trained).live(remote=True).slots[0].data
    assert [(one.exists, one.remote) for one in asked] == [(True, "yes")]


def test_in_a_bare_clone_nobody_knows(trained: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(trained), "bare")
    assert data(tmp_path / "bare") == [("dataset/wine@1", f"md5:{MD5}", None, None, None, None)]


def test_what_the_run_read_and_what_git_keeps(repo: Path) -> None:
    blob = git(repo, "hash-object", "-w", "--stdin", text=b"abc")
    run = event(
        repo, "run/wine/r1",
        'status: finished\ncreated: "2026-01-01T00:00:00Z"\ninputs:\n'
        f'  raw:\n    path: raw.csv\n    md5: "{MD5}"\n  train:\n    ref: dataset/wine@1\n    id: {IDS[3]}\n',
    )  # fmt: skip
    pointer = f'  type: git\n  path: data.csv\n  blob: "{blob}"\n'
    commit(repo, {ALIAS: alias("1"), **run, **version(1, "run: run/wine/r1\n"), **dataset(pointer), "data.csv": "abc"})
    assert [one[:3] for one in data(repo)] == [
        ("dataset/wine@1", f"blob:{blob}", True),
        (None, f"md5:{MD5}", None),
    ]


def stage(made: str, read: str) -> dict[str, str]:
    """A pipeline of one stage, and what its last run read and made."""
    return {
        "dvc.yaml": "stages:\n  train:\n    cmd: x\n    deps: [raw.csv, train.py]\n    outs: [model.pkl]\n"
        "artifacts:\n  wine: {path: model.pkl, type: model}\n",
        "dvc.lock": "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    deps:\n"
        f"    - path: raw.csv\n      md5: {read * 32}\n    - path: train.py\n      md5: {'f' * 32}\n"
        f"    outs:\n    - path: model.pkl\n      md5: {made * 32}\n",
        "train.py": read,
        "metadata/store.yaml": "schema: store/1\n",
    }


def test_the_data_of_a_version_that_tags_tell_of(repo: Path, tmp_path: Path) -> None:
    for day, made, read in ((1, "a", "1"), (5, "b", "2")):
        commit(repo, stage(made, read), date=at(day))
        for name in (f"wine@v{day}.0.0", f"wine#prod#{day}"):
            git(repo, "tag", "-a", "-m", name, name, env={"GIT_COMMITTER_DATE": at(day)})
    ref = "alias/model/wine/prod"
    then, now = slot(repo, ref, on="2026-03-03"), slot(repo, ref)
    assert then is not None and now is not None  # noqa: PT018
    # What the stage gives no more is known by the commit that the version was registered at.
    assert [(one.version, [(had.path, had.hash) for had in one.data]) for one in (then, now)] == [
        ("model/wine@v1.0.0", [("raw.csv", f"md5:{'1' * 32}")]),
        ("model/wine@v5.0.0", [("raw.csv", f"md5:{'2' * 32}")]),
    ]
    assert [one.commit for one in (then, now)] == git(repo, "rev-parse", "HEAD~1", "HEAD").split()
    assert (then.holds_from, now.since) == ("2026-03-01T12:00:00Z", "2026-03-05T12:00:00Z")
    git(tmp_path, "clone", "-q", "--depth=1", repo.as_uri(), "shallow")
    assert live(tmp_path / "shallow").complete


def test_the_data_of_a_recorded_version_that_the_stage_gives_no_more(repo: Path, tmp_path: Path) -> None:
    pointer = f"pointer:\n  type: dvc\n  path: {{}}\n  md5: {'a' * 32}\n"
    commit(repo, stage("a", "1") | version(1, pointer.format("model.pkl")) | {ALIAS: alias("1")})
    assert data(repo)[0][:2] == (None, f"md5:{'1' * 32}")
    commit(repo, stage("b", "2"))
    assert data(repo)[0][:2] == (None, f"md5:{'1' * 32}")
    git(tmp_path, "clone", "-q", "--depth=1", repo.as_uri(), "shallow")
    assert data(tmp_path / "shallow")[0][:2] == ("model/wine@1", f"md5:{'a' * 32}")
    assert not live(tmp_path / "shallow").complete
    # Equal bytes at another place were made by somebody else: then only they themselves are known.
    commit(repo, version(1, pointer.format("copy.pkl")))
    assert data(repo)[0][:2] == ("model/wine@1", f"md5:{'a' * 32}")


def test_an_alias_of_data_is_about_its_own_bytes(repo: Path) -> None:
    place = "metadata/aliases/dataset/wine/current.yaml"
    pointer = "  type: uri\n  uri: s3://bucket/wine.csv\n  etag: abc\n"
    commit(repo, {place: alias("1"), **dataset(pointer)})
    found = slot(repo, "alias/dataset/wine/current")
    assert found is not None
    assert [(one.type, one.hash, one.exists) for one in found.data] == [("uri", "etag:abc", None)]


# ── what cannot be known ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_shallow_clone_says_so(repo: Path, tmp_path: Path) -> None:
    commit(repo, {ALIAS: alias("1")}, date=at(1))
    commit(repo, {ALIAS: alias("2")}, date=at(10))
    git(tmp_path, "clone", "-q", "--depth=1", repo.as_uri(), "shallow")
    found = live(tmp_path / "shallow", on="2026-03-05")
    assert (found.slots, found.complete, len(found.ends)) == ((), False, 1)
    assert live(tmp_path / "shallow").complete


def test_an_unreadable_version_is_passed_over_and_told_of(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1")}, date=at(1))
    broken = commit(repo, {ALIAS: "schema: [\n"}, date=at(5))
    commit(repo, {ALIAS: alias("2")}, date=at(10))
    assert chosen(repo, on="2026-03-06") == "model/wine@1"
    assert [one.commit for one in live(repo, on="2026-03-06").problems] == [broken]


def test_wrong_dates(repo: Path) -> None:
    commit(repo, {ALIAS: alias("1")})
    with pytest.raises(BadValue, match="neither a date nor a time"):
        live(repo, on="then")
    with pytest.raises(BadValue, match="no such date"):
        live(repo, on="2026-02-30")


def test_before_the_first_commit(repo: Path) -> None:
    assert live(repo).slots == ()
    write(repo, {ALIAS: alias("1", "2026-03-01T06:00:00Z")})
    assert chosen(repo, on="2026-03-02") == "model/wine@1"
