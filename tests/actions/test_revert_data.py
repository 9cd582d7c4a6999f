"""Data put back with records: fetched first, or nothing at all is changed; pointers, then the bytes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from acting import WINE, dvc, opened
from gitml.actions.reverting.revert import Reverted
from gitml.errors import BadValue, Conflict, GitmlError, NotFound, Refused
from gitml.repo.data import dvc as by_dvc
from gitrepo import commit, git, write

CSV, POINTER = "data/wine.csv", "data/wine.csv.dvc"
MORE = WINE + "12.0,c\n"
DATASET = "dataset/wine@1"


def text(place: Path, path: str = CSV) -> str:
    return (place / path).read_text()


def state(place: Path) -> dict[str, bytes]:
    """All files of the work tree, but for Git's own, DVC's, and what lies in caches."""
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and not {".git", "cache", "tmp"} & set(path.relative_to(place).parts)
    }


@pytest.fixture(scope="module")
def template(dvc_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of data, each with a version of a dataset and of a model that stands in production; all pushed."""
    place = tmp_path_factory.mktemp("versions") / "repo"
    shutil.copytree(dvc_template, place, symlinks=True)
    dvc(place, "remote", "add", "-q", "-d", "local", "../remote")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        store = opened(place)
        write(place, {"models/wine.pkl": "weights 1"})
        store.new_dataset("wine", CSV)
        store.register("wine", path="models/wine.pkl")
        store.promote("model/wine@1", "production")
        commit(place, {}, "one")
        git(place, "tag", "one")
        dvc(place, "push", "-q")
        write(place, {CSV: MORE, "models/wine.pkl": "weights 2"})
        dvc(place, "add", "-q", CSV, "models/wine.pkl")
        store.refresh()
        store.bump("dataset/wine")
        store.register("wine", path="models/wine.pkl")
        store.promote("model/wine@2", "production")
        commit(place, {}, "two")
        git(place, "tag", "two")
        dvc(place, "push", "-q")
    return place


@pytest.fixture
def wine(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "repo"
    shutil.copytree(template, place, symlinks=True)
    shutil.copytree(template.parent / "remote", tmp_path / "remote")
    (place / ".dvc/config.local").write_text(f"['remote \"local\"']\n    url = {tmp_path / 'remote'}\n")
    git(place, "status")
    monkeypatch.chdir(place)
    return place


def clear(place: Path) -> None:
    """The cache is gone (dvc gc, another machine); the remote is not."""
    shutil.rmtree(place / ".dvc/cache")


def reverted(place: Path, what: str = "alias/model/wine/production", to: str = "one", **how: object) -> Reverted:
    return opened(place).revert(what, to=to, data=True, **how)  # type: ignore[arg-type]


def test_a_promotion_goes_back_together_with_its_bytes(wine: Path) -> None:
    done = reverted(wine, commit=True)
    assert sorted(one.ref or one.path for one in done.changes) == [
        "alias/model/wine/production", "models/wine.pkl.dvc",
    ]  # fmt: skip
    assert text(wine, "models/wine.pkl") == "weights 1"
    assert text(wine) == MORE
    assert git(wine, "status", "--short") == ""
    assert git(wine, "diff", "--name-only", "HEAD~1").split() == [
        "metadata/aliases/model/wine/production.yaml", "models/wine.pkl.dvc",
    ]  # fmt: skip
    assert dvc(wine, "status").strip() == "Data and pipelines are up to date."
    opened(wine).revert("HEAD", data=True, commit=True)
    assert text(wine, "models/wine.pkl") == "weights 2"
    assert git(wine, "diff", "two") == ""


def test_bytes_that_left_the_cache_are_fetched_first(wine: Path) -> None:
    clear(wine)
    reverted(wine)
    assert text(wine, "models/wine.pkl") == "weights 1"
    assert text(wine, "models/wine.pkl.dvc") == git(wine, "show", "one:models/wine.pkl.dvc") + "\n"


def test_where_they_are_nowhere_nothing_at_all_is_changed(wine: Path) -> None:
    clear(wine)
    shutil.rmtree(wine.parent / "remote")
    before = state(wine)
    with pytest.raises((NotFound, Conflict), match=r"models/wine.pkl"):
        reverted(wine)
    assert state(wine) == before
    assert git(wine, "status", "--short") == ""


def test_bytes_wanted_that_nobody_has(wine: Path) -> None:
    md5 = opened(wine).show("model/wine@1").data["pointer"]["md5"]
    for folder in (wine / ".dvc/cache", wine.parent / "remote"):
        (folder / "files/md5" / md5[:2] / md5[2:]).unlink()
    before = state(wine)
    with pytest.raises(NotFound, match=rf"models/wine.pkl with md5 {md5} is neither in DVC's cache nor to be had"):
        reverted(wine, commit=True)
    assert (state(wine), git(wine, "rev-parse", "HEAD")) == (before, git(wine, "rev-parse", "two"))


def test_killed_before_the_checkout_it_is_ended_by_saying_it_again(wine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = "metadata/aliases/model/wine/production.yaml models/wine.pkl.dvc"
    opened(wine).revert("alias/model/wine/production", to="one")
    git(wine, "checkout", "one", "--", "models/wine.pkl.dvc")
    git(wine, "reset", "-q")
    done = reverted(wine, commit=True)
    assert (done.commit, done.data, text(wine, "models/wine.pkl")) == (None, ("models/wine.pkl",), "weights 1")
    assert done.warnings[-1] == f"what undoes it is not committed yet: git add -- {left} && git commit"


@pytest.mark.parametrize("force", [False, True])
def test_a_copy_that_nobody_else_has_is_not_overwritten(wine: Path, *, force: bool) -> None:
    write(wine, {"models/wine.pkl": "mine alone"})
    before = state(wine)
    with pytest.raises(Conflict, match=r"changed, and nobody else has that; dvc add models/wine.pkl keeps it"):
        reverted(wine, force=force)
    assert state(wine) == before


def test_a_copy_that_the_cache_knows_may_go(wine: Path) -> None:
    write(wine, {"models/wine.pkl": "weights 1"})
    reverted(wine)
    assert text(wine, "models/wine.pkl") == "weights 1"
    (wine / "models/wine.pkl").unlink()
    opened(wine).revert("alias/model/wine/production", to="two", data=True)
    assert text(wine, "models/wine.pkl") == "weights 2"


def test_the_only_copy_of_what_is_tracked_is_kept(wine: Path) -> None:
    clear(wine)
    md5 = opened(wine).show("model/wine@2").data["pointer"]["md5"]
    (wine.parent / "remote/files/md5" / md5[:2] / md5[2:]).unlink()
    with pytest.raises(Conflict, match=r"the only copy there is; dvc commit models/wine.pkl keeps it"):
        reverted(wine)
    assert text(wine, "models/wine.pkl") == "weights 2"


def test_a_pointer_that_is_in_no_commit_is_kept(wine: Path) -> None:
    write(wine, {"models/wine.pkl": "weights 3"})
    dvc(wine, "add", "-q", "models/wine.pkl")
    before = state(wine)
    with pytest.raises(Refused, match=r"models/wine.pkl.dvc: has changes that are in no commit"):
        reverted(wine)
    assert state(wine) == before
    reverted(wine, force=True)
    assert text(wine, "models/wine.pkl") == "weights 1"


def test_a_version_itself_and_a_head(wine: Path) -> None:
    done = opened(wine).revert(DATASET, to="one", data=True)
    assert [one.path for one in done.changes] == [POINTER]
    assert text(wine) == WINE
    git(wine, "checkout", "-q", POINTER)
    dvc(wine, "checkout", "-q")
    assert text(wine) == MORE
    opened(wine).revert("dataset/wine", to="one", data=True)
    assert text(wine) == WINE


def test_data_that_are_right_already_are_only_checked_out(wine: Path) -> None:
    (wine / CSV).unlink()
    done = opened(wine).revert("dataset/wine@2", to="two", data=True)
    assert done.changes == ()
    assert text(wine) == MORE


def test_a_deployment_brings_what_it_serves(wine: Path) -> None:
    store = opened(wine)
    store.new("deployment", "shop", {"serves": {"ref": "model/wine@1"}}, commit=True)
    store.set("deployment/shop", {"serves": {"ref": "model/wine@2"}}, commit=True)
    store.revert("HEAD", data=True)
    assert text(wine, "models/wine.pkl") == "weights 1"


def test_a_commit_with_its_pointers(wine: Path) -> None:
    write(wine, {CSV: "a\n1\n"})
    dvc(wine, "add", "-q", CSV)
    commit(wine, {"train.py": "print(3)\n"}, "three")
    done = opened(wine).revert("HEAD", dry_run=True, data=True)
    assert [one.path for one in done.changes] == [POINTER]
    assert text(wine) == "a\n1\n"
    done = opened(wine).revert("HEAD")
    assert f"{POINTER}: the pointer alone goes back; dvc checkout, or --data" in done.warnings
    assert (text(wine), text(wine, POINTER)) == ("a\n1\n", git(wine, "show", f"two:{POINTER}") + "\n")
    git(wine, "checkout", "-q", POINTER)
    opened(wine).revert("HEAD", data=True, commit=True)
    assert (text(wine), text(wine, "train.py")) == (MORE, "print(3)\n")


def test_a_pointer_that_has_changed_since_is_told_with_all_hashes(wine: Path) -> None:
    for number in (3, 4):
        write(wine, {CSV: f"a\n{number}\n"})
        dvc(wine, "add", "-q", CSV)
        commit(wine, {}, f"{number}")
    with pytest.raises(Conflict) as caught:
        opened(wine).revert("HEAD~1", data=True)
    md5s = [next(line.split(": ")[1] for line in git(wine, "show", f"{rev}:{POINTER}").splitlines() if "md5:" in line)
            for rev in ("two", "HEAD~1", "HEAD")]  # fmt: skip
    assert caught.value.problems[0].message.endswith(f"was {md5s[0]}, was made {md5s[1]}, and is {md5s[2]} today")


def test_what_is_tracked_again_is_ignored_by_git_again(wine: Path) -> None:
    dvc(wine, "remove", "-q", POINTER)
    (wine / CSV).unlink()
    commit(wine, {}, "no data")
    opened(wine).revert(DATASET, to="two", data=True, commit=True)
    assert text(wine) == WINE
    assert git(wine, "status", "--short") == ""
    assert git(wine, "check-ignore", CSV) == CSV


def test_data_whose_pointer_goes_stay(wine: Path) -> None:
    write(wine, {"data/new.csv": "a\n"})
    dvc(wine, "add", "-q", "data/new.csv")
    commit(wine, {}, "new")
    done = opened(wine).revert("HEAD", data=True, commit=True)
    assert "data/new.csv: DVC does not track it any more; the data stay where they are" in done.warnings
    assert text(wine, "data/new.csv") == "a\n"


def test_folders_go_back_too(wine: Path) -> None:
    write(wine, {"images/a.png": "a", "images/b/c.png": "c"})
    dvc(wine, "add", "-q", "images")
    commit(wine, {}, "images")
    write(wine, {"images/a.png": "A", "images/d.png": "d"})
    dvc(wine, "add", "-q", "images")
    commit(wine, {}, "more")
    dvc(wine, "push", "-q")
    git(wine, "checkout", "-q", "HEAD")
    write(wine, {"images/mine.png": "mine"})
    with pytest.raises(Conflict, match="images: the work tree's copy is changed"):
        opened(wine).revert("HEAD", data=True)
    (wine / "images/mine.png").unlink()
    opened(wine).revert("HEAD", data=True)
    assert {path.name: path.read_text() for path in (wine / "images").rglob("*.png")} == {"a.png": "a", "c.png": "c"}


def test_two_aliases_that_want_other_bytes_in_one_place(wine: Path) -> None:
    store = opened(wine)
    store.promote("model/wine@1", "staging", commit=True)
    store.promote("model/wine@1", "production", commit=True)
    store.promote("model/wine@2", "staging", commit=True)
    with pytest.raises(Conflict, match=r"have other bytes at models/wine.pkl, which can hold only one of them"):
        store.revert(kind="alias", to="HEAD~2", data=True)
    assert text(wine, "models/wine.pkl") == "weights 2"


def test_data_are_checked_out_here_alone(wine: Path, tmp_path: Path) -> None:
    git(wine, "branch", "side")
    with pytest.raises(BadValue, match="data are checked out here, and side is not; git switch side first"):
        reverted(wine, branch="side")
    git(tmp_path, "clone", "-q", "--bare", str(wine), "bare.git")
    with pytest.raises(GitmlError, match="bare"):
        opened(tmp_path / "bare.git").revert("alias/model/wine/production", to="one", data=True, branch="main")


def test_no_pointer_in_history_says_so(wine: Path) -> None:
    with pytest.raises(NotFound, match=r"no pointer in this clone's history says that data/wine.csv has the md5 0{32}"):
        _lost_pointer(wine)


def _lost_pointer(wine: Path) -> None:
    git(wine, "checkout", "-qb", "side")
    git(wine, "branch", "-f", "main", "one")
    file = wine / "metadata/datasets/wine/2.yaml"
    md5 = opened(wine).show("dataset/wine@2").data["pointer"]["md5"]
    commit(wine, {file.relative_to(wine).as_posix(): file.read_text().replace(md5, "0" * 32)}, "lie")
    opened(wine).revert("dataset/wine@2", to="HEAD", data=True)


# ── when it fails half way ────────────────────────────────────────────────────────────────────────────────────────────


def test_data_that_cannot_be_put_back_are_told(wine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_found: object, paths: list[str]) -> None:
        for path in paths:
            (wine / path).unlink(missing_ok=True)
        raise GitmlError("dvc checkout: the cache is gone")

    monkeypatch.setattr("gitml.actions.reverting.restore.checkout", failing)
    with pytest.raises(GitmlError, match=r"gone; the pointers are as before; dvc checkout models/wine.pkl puts"):
        reverted(wine, commit=True)
    assert git(wine, "status", "--short") == ""
    assert git(wine, "rev-parse", "HEAD") == git(wine, "rev-parse", "two")


def test_a_checkout_that_fails_puts_pointers_and_records_back(wine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, checkout = state(wine), by_dvc.checkout
    told: list[str] = []

    def failing(found: object, paths: list[str]) -> None:
        told.append(text(wine, "models/wine.pkl.dvc"))
        if len(told) == 1:
            shutil.rmtree(wine / ".dvc/cache")  # the disk of the cache goes away
        checkout(found, paths)  # type: ignore[arg-type]

    monkeypatch.setattr("gitml.actions.reverting.restore.checkout", failing)
    with pytest.raises(GitmlError, match=r"dvc checkout models/wine.pkl: "):
        reverted(wine, commit=True)
    assert told == [git(wine, "show", f"{rev}:models/wine.pkl.dvc") + "\n" for rev in ("one", "two")]
    assert state(wine) == before
    assert git(wine, "rev-parse", "HEAD") == git(wine, "rev-parse", "two")
    assert git(wine, "status", "--short") == ""


def test_an_interrupt_puts_everything_back(wine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, checkout = state(wine), by_dvc.checkout
    calls: list[int] = []

    def interrupted(found: object, paths: list[str]) -> None:
        checkout(found, paths)  # type: ignore[arg-type]
        calls.append(1)
        if len(calls) == 1:
            assert text(wine, "models/wine.pkl") == "weights 1"
            raise KeyboardInterrupt

    monkeypatch.setattr("gitml.actions.reverting.restore.checkout", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reverted(wine, commit=True)
    assert state(wine) == before
    assert git(wine, "status", "--short") == ""


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_cache_that_cannot_be_written(wine: Path) -> None:
    clear(wine)
    (wine / ".dvc/cache").mkdir(mode=0o500)
    before = state(wine)
    with pytest.raises(GitmlError):
        reverted(wine)
    assert state(wine) == before


def test_a_cache_that_is_a_file(wine: Path) -> None:
    clear(wine)
    (wine / ".dvc/cache").write_text("")
    before = state(wine)
    with pytest.raises(GitmlError):
        reverted(wine)
    assert state(wine) == before


# ── stages ────────────────────────────────────────────────────────────────────────────────────────────────────────────

STAGES = """stages:
  clean:
    cmd: cp data/wine.csv clean.csv
    deps:
    - data/wine.csv
    outs:
    - clean.csv
  train:
    cmd: sh train.sh
    deps:
    - clean.csv
    - train.sh
    params:
    - lr
    outs:
    - model.pkl
    metrics:
    - metrics.json:
        cache: false
"""
TRAIN = """(cat params.yaml train.sh; wc -l clean.csv) > model.pkl
sed 's/lr: \\(.*\\)/{"lr": \\1}/' params.yaml > metrics.json
"""
MADE_OTHERWISE = "dvc-stage/train was made with other things than stand here"
GO_BACK = "unless they go back too (git checkout REV -- PATH) DVC will run it again"


@pytest.fixture(scope="module")
def pipeline_template(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline that has run twice, with another rate; each time a version of a model was made of it."""
    place = tmp_path_factory.mktemp("pipeline") / "repo"
    shutil.copytree(template, place, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        write(place, {"dvc.yaml": STAGES, "train.sh": TRAIN, "params.yaml": "lr: 0.1\n"})
        for tag, rate in (("slow", "0.1"), ("fast", "0.2")):
            write(place, {"params.yaml": f"lr: {rate}\n"})
            dvc(place, "repro", "-q")
            opened(place).register("red", path="model.pkl")
            number = {"slow": 1, "fast": 2}[tag]
            opened(place).promote(f"model/red@{number}", "production")
            commit(place, {}, tag)
            git(place, "tag", tag)
    return place


@pytest.fixture
def piped(pipeline_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "repo"
    shutil.copytree(pipeline_template, place, symlinks=True)
    git(place, "status")
    monkeypatch.chdir(place)
    return place


def test_an_output_goes_back_with_its_whole_entry_and_that_is_told(piped: Path) -> None:
    model = text(piped, "model.pkl")
    done = opened(piped).revert("alias/model/red/production", to="slow", data=True, commit=True)
    assert text(piped, "model.pkl") == model.replace("0.2", "0.1")
    assert text(piped, "dvc.lock") == git(piped, "show", "slow:dvc.lock") + "\n"
    assert [one for one in done.warnings if one.startswith("dvc-stage/train ")] == [
        f"{MADE_OTHERWISE}: metrics.json, lr (0.2, was 0.1); {GO_BACK}",
    ]  # fmt: skip
    assert "params.yaml" in dvc(piped, "status")
    git(piped, "checkout", "slow", "--", "params.yaml", "metrics.json")
    assert "up to date" in dvc(piped, "status")


def test_entries_of_other_stages_stay(piped: Path) -> None:
    write(piped, {CSV: WINE})
    dvc(piped, "add", "-q", CSV)
    dvc(piped, "repro", "-q", "clean")
    commit(piped, {}, "clean")
    clean = text(piped, "dvc.lock").partition("  train:")[0]
    done = opened(piped).revert("alias/model/red/production", to="slow", data=True)
    assert text(piped, "dvc.lock").partition("  train:") == (
        clean, "  train:", (git(piped, "show", "slow:dvc.lock") + "\n").partition("  train:")[2],
    )  # fmt: skip
    assert any("clean.csv" in one for one in done.warnings)


def test_a_commit_undoes_the_entries_that_it_made(piped: Path) -> None:
    opened(piped).revert("HEAD", kind="alias", commit=True)
    write(piped, {"train.sh": TRAIN + "# more\n"})
    commit(piped, {}, "code")
    git(piped, "checkout", "-qb", "side")
    git(piped, "branch", "-f", "main", "slow")
    done = opened(piped).revert("fast", data=True)
    assert text(piped, "dvc.lock") == git(piped, "show", "slow:dvc.lock") + "\n"
    told = next(one for one in done.warnings if one.startswith("dvc-stage/train"))
    assert "train.sh" in told
    assert "lr (0.2, was 0.1)" in told


def test_a_stage_that_was_run_again_since_is_a_conflict(piped: Path) -> None:
    write(piped, {"params.yaml": "lr: 0.3\n"})
    dvc(piped, "repro", "-q")
    commit(piped, {}, "again")
    git(piped, "checkout", "-qb", "side")
    git(piped, "branch", "-f", "main", "slow")
    with pytest.raises(Conflict) as caught:
        opened(piped).revert("fast")
    assert [(one.path, one.field) for one in caught.value.problems] == [("dvc.lock", "train")]


def test_an_entry_that_is_in_no_commit_is_kept(piped: Path) -> None:
    write(piped, {"params.yaml": "lr: 0.3\n"})
    dvc(piped, "repro", "-q")
    lock = text(piped, "dvc.lock")
    with pytest.raises(Refused, match=r"dvc.lock: train: the entry of train is in no commit, and would be lost"):
        opened(piped).revert("alias/model/red/production", to="slow", data=True)
    assert text(piped, "dvc.lock") == lock
    opened(piped).revert("alias/model/red/production", to="slow", data=True, force=True)
    assert text(piped, "dvc.lock") == git(piped, "show", "slow:dvc.lock") + "\n"


def test_a_lock_that_dvc_did_not_write(piped: Path) -> None:
    lock = text(piped, "dvc.lock")
    commit(piped, {"dvc.lock": lock.replace("schema: '2.0'\n", "").rstrip() + "\nschema: '2.0'\n"}, "by hand")
    with pytest.raises(BadValue, match=r"dvc.lock is not as DVC writes it"):
        opened(piped).revert("alias/model/red/production", to="slow", data=True)
