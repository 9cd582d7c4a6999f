"""Versions registered, aliases moved, versions retired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gitml
from acting import NOW, dvc, opened
from gitml.errors import BadRef, NotFound, Refused
from gitml.repo.git import command
from gitml.repo.git.names import names_everywhere
from gitrepo import commit, git, write


def data(place: Path, ref: str) -> dict[str, Any]:
    return dict(opened(place).show(ref).data)


def errors(place: Path) -> list[str]:
    return [str(one) for one in opened(place).validate().problems]


@pytest.fixture
def trained(tracked: Path) -> tuple[Path, str]:
    """A data set, and a run that was trained on it and wrote weights; the run's ref."""
    opened(tracked).new_dataset("wine", "data/wine.csv")
    with gitml.run("wine", params={"lr": 0.01, "opt.name": "adam"}, inputs={"train": "dataset/wine@1"}) as run:
        write(tracked, {"models/wine.pkl": "weights"})
        run.log({"auc": 0.9}, split="validation")
        run.log_output("models/wine.pkl", "model")
    return tracked, run.ref


def test_a_version_takes_over_what_the_run_has(trained: tuple[Path, str]) -> None:
    place, run = trained
    done = opened(place).register("wine", run=run, path="models/wine.pkl", fields={"type": "LogisticRegression"})
    assert sorted(str(one.ref) for one in done.changes) == ["model/wine", "model/wine@1"]
    assert done.warnings == ("dvc add models/wine.pkl: DVC tracks it now, by models/wine.pkl.dvc",)
    found = data(place, "model/wine@1")
    record = data(place, run)
    assert found["run"] == run
    assert found["type"] == "LogisticRegression"
    assert found["metrics"] == {"validation": {"auc": 0.9}}
    assert found["hyperparameters"] == {"lr": 0.01, "opt.name": "adam"}
    assert found["training_data"] == {"ref": "dataset/wine@1", "id": data(place, "dataset/wine@1")["id"]}
    assert found["environment"] == record["environment"]
    assert found["pointer"]["md5"] == record["outputs"]["model"]["md5"]
    assert found["created"] == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(found["id"]) == 26
    assert "inputs" not in found
    assert errors(place) == []


def test_weights_that_the_run_did_not_write_are_told(trained: tuple[Path, str]) -> None:
    place, run = trained
    write(place, {"models/wine.pkl": "other weights"})
    done = opened(place).register("wine", run=run, path="models/wine.pkl")
    assert any(f"models/wine.pkl is not what {run} wrote there" in one for one in done.warnings)


def test_the_roles_of_inputs(tracked: Path) -> None:
    store = opened(tracked)
    store.new_dataset("wine", "data/wine.csv")
    store.new_dataset("more", "data/wine.csv")
    store.register("feature-set/f", path=None, fields={"description": "F."})
    inputs = {"holdout": "dataset/wine@1", "training": "dataset/more@1", "f": "feature-set/f@1", "raw": "data/wine.csv"}
    with gitml.run("wine", inputs=inputs) as run:
        pass
    opened(tracked).register("wine", run=run.ref)
    found = data(tracked, "model/wine@1")
    assert found["training_data"]["ref"] == "dataset/more@1"
    assert found["features"]["ref"] == "feature-set/f@1"
    assert set(found["inputs"]) == {"holdout", "raw"}
    assert "pointer" not in found
    assert errors(tracked) == []


def test_data_sets_and_feature_sets_are_registered_too(tracked: Path) -> None:
    store = opened(tracked)
    store.new_dataset("wine", "data/wine.csv")
    with gitml.run("prepare", type="prepare", inputs={"raw": "dataset/wine@1"}) as run:
        write(tracked, {"data/clean.csv": "a,b\n1,2\n"})
    opened(tracked).register("dataset/wine", run=run.ref, path="data/clean.csv", fields={"reason": "cleaned"})
    found = data(tracked, "dataset/wine@2")
    assert (found["rows"], found["format"], found["reason"]) == (1, "csv", "cleaned")
    assert found["inputs"]["raw"]["ref"] == "dataset/wine@1"
    assert found["run"] == run.ref
    opened(tracked).register("feature-set/wine", run=run.ref, path="data/clean.csv")
    found = data(tracked, "feature-set/wine@1")
    assert [column["name"] for column in found["columns"]] == ["a", "b"]
    assert found["pointer"]["path"] == "data/clean.csv"
    assert errors(tracked) == []


@pytest.mark.parametrize("name", ["o'brien", "a b/c", "葡萄酒", "x" * 300, "con", "model/rosé"])
def test_any_name_through_its_whole_life(plain: Path, name: str) -> None:
    store = opened(plain)
    for number in (1, 2):
        done = store.register(name)
        ref = next(str(one.ref) for one in done.changes if "@" in str(one.ref))
        assert ref.endswith(f"@{number}")
    store.promote(ref, "Production!", reason="best")
    store.promote(ref.replace("@2", "@1"), "Production!")
    store.retire(ref, reason="old")
    kinds = {row["kind"]: row["records"] for row in store.kinds().rows}
    assert (kinds["model"], kinds["model-version"], kinds["alias"], kinds["status"]) == (1, 2, 1, 1)
    assert errors(plain) == []


def test_the_next_version_is_one_more_than_the_highest_anywhere(plain: Path, tmp_path: Path) -> None:
    store = opened(plain)
    store.register("wine", commit=True)
    git(plain, "branch", "old")
    store.register("wine", branch="one")
    assert store.at("one").show("model/wine@2")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(plain), str(clone))
    git(clone, "config", "user.name", "Ines")
    git(clone, "config", "user.email", "ines@example.org")
    other = opened(clone)
    done = other.register("wine")
    assert "model/wine@3" in [one.ref for one in done.changes]  # 2 is on a remote branch
    git(clone, "add", "-A")
    (clone / "metadata/models/wine/3.yaml").unlink()
    other.refresh()
    assert "model/wine@4" in [one.ref for one in other.register("wine").changes]  # 3 is staged
    assert "model/wine@5" in [one.ref for one in other.register("wine").changes]  # 4 is a file


def test_versions_that_are_no_numbers_do_not_count(plain: Path) -> None:
    store = opened(plain)
    for version in ("2024", "spring", "V9"):
        store.new("model-version", f"wine@{version}")
    assert "model/wine@2025" in [one.ref for one in store.register("wine").changes]


def test_many_branches_cost_no_more_processes_than_one(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(plain).register("wine", commit=True)
    head = git(plain, "rev-parse", "HEAD")
    refs = "".join(f"create refs/heads/b{number} {head}\n" for number in range(300))
    git(plain, "update-ref", "--stdin", text=refs.encode())
    counted = []
    execute = command.execute

    def counting(*args: Any, **how: Any) -> Any:
        counted.append(args[0])
        return execute(*args, **how)

    monkeypatch.setattr(command, "execute", counting)
    assert names_everywhere(opened(plain).repository.git, "metadata/models/wine") == {"1.yaml"}
    assert len([one for one in counted if one[0] != "rev-parse"]) <= 4


def test_a_head_that_is_there_stays_and_fields_go_to_the_version(plain: Path) -> None:
    store = opened(plain)
    store.new("model", "wine", {"description": "Mine."})
    store.register("wine", fields={"description": "Of the version.", "limitations": "few rows"})
    assert data(plain, "model/wine") == {"schema": "model/1", "description": "Mine."}
    assert data(plain, "model/wine@1")["description"] == "Of the version."


def test_what_register_does_not_take(plain: Path) -> None:
    store = opened(plain)
    with pytest.raises(NotFound, match="there is no run/wine/01J"):
        store.register("wine", run="run/wine/01J")
    with pytest.raises(BadRef, match=r"model/wine@1 is no run; write run/EXPERIMENT/ID"):
        store.register("wine", run="model/wine@1")
    with pytest.raises(BadRef, match=r"wine@3 names a version, and its number comes by itself; write wine"):
        store.register("model/wine@3")
    with pytest.raises(BadRef, match="a name is missing"):
        store.register("model/")
    assert not (plain / "metadata/models").exists()


def test_a_version_and_its_weights_land_in_one_commit(trained: tuple[Path, str]) -> None:
    place, run = trained
    git(place, "add", "metadata")
    git(place, "commit", "-q", "-m", "trained")
    opened(place).register("wine", run=run, path="models/wine.pkl", commit=True, message="wine 1")
    landed = git(place, "show", "--name-only", "--format=", "HEAD").split()
    assert sorted(landed) == [
        "metadata/models/wine.yaml", "metadata/models/wine/1.yaml", "models/.gitignore", "models/wine.pkl.dvc",
    ]  # fmt: skip
    assert git(place, "status", "--short") == ""
    assert errors(place) == []


def test_weights_that_dvc_tracks_need_not_be_here(trained: tuple[Path, str]) -> None:
    place, run = trained
    dvc(place, "add", "-q", "models/wine.pkl")
    (place / "models/wine.pkl").unlink()
    opened(place).register("wine", run=run, path="models/wine.pkl")
    assert data(place, "model/wine@1")["pointer"]["size"] == 7


# ── slots ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def two(plain: Path) -> Path:
    """A model with two versions, committed."""
    opened(plain).register("wine")
    opened(plain).register("wine")
    commit(plain, {}, "two versions")
    return plain


def test_promote_makes_a_slot_and_moves_it(two: Path) -> None:
    store = opened(two)
    done = store.promote("model/wine@1", "production", reason="first")
    assert [(one.op, one.ref) for one in done.changes] == [("added", "alias/model/wine/production")]
    assert data(two, "alias/model/wine/production") == {
        "schema": "alias/1",
        "version": "1",
        "id": data(two, "model/wine@1")["id"],
        "since": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": "Mona",
        "reason": "first",
    }
    done = store.promote("model/wine@2", "production", reason="beats 1 by 0.01 auc")
    assert {one.field for one in done.changes[0].fields} == {"version", "id", "reason"}
    assert errors(two) == []


def test_a_move_touches_only_its_own_lines(two: Path) -> None:
    store = opened(two)
    store.promote("model/wine@1", "production", reason="first")
    file = two / "metadata/aliases/model/wine/production.yaml"
    file.write_text("# who may move this: @ines\n" + file.read_text() + 'expires: "2027-01-01"\ntags:\n  a: b # why\n')
    store.refresh()
    store.promote("model/wine@2", "production")
    text = file.read_text()
    assert text.startswith('# who may move this: @ines\nschema: alias/1\nversion: "2"\n')
    assert text.endswith('expires: "2027-01-01"\ntags:\n  a: b # why\n')
    assert "reason" not in text  # the reason was that of the move before


def test_where_it_is_already_nothing_is_written_and_that_is_said(two: Path) -> None:
    store = opened(two)
    store.promote("model/wine@1", "production")
    (said,) = store.promote("model/wine@1", "production", commit=True).warnings
    assert said.startswith("alias/model/wine/production chooses model/wine@1 already, uncommitted; git add ")
    commit(two, {}, "as told")
    done = store.promote("model/wine@1", "production", reason="again", commit=True)
    assert (done.changes, done.commit) == ((), None)
    assert done.warnings == ("alias/model/wine/production chooses model/wine@1 already",)
    store.retire("model/wine@2", commit=True)
    assert store.retire("model/wine@2").warnings == ("model/wine@2 is retired already",)


def test_a_version_that_is_not_there(two: Path) -> None:
    with pytest.raises(NotFound, match=r"there is no model/wine@3.*nearest: model/wine@"):
        opened(two).promote("model/wine@3", "production")
    with pytest.raises(BadRef, match=r"model/wine names no version; write model/NAME@VERSION"):
        opened(two).promote("model/wine", "production")
    with pytest.raises(BadRef, match="names no version"):
        opened(two).retire("run/wine/01J")


def test_moves_that_the_lifecycle_forbids_are_refused_with_what_is_allowed(two: Path) -> None:
    store = opened(two)
    store.retire("model/wine@1", reason="mislabelled data", commit=True)
    with pytest.raises(Refused) as told:
        store.promote("model/wine@1", "production")
    assert [one.code for one in told.value.problems] == ["lifecycle.move"]
    assert "model/wine@1 is retired, so production may not point to it" in str(told.value)
    assert "allowed are versions whose status is none or approved" in str(told.value)
    with pytest.raises(Refused, match=r"model/wine@1 may not move from retired to approved; retired is final"):
        store.retire("model/wine@1", status="approved")
    store.promote("model/wine@2", "production")
    with pytest.raises(Refused, match=r"alias/model/wine/production still points to model/wine@2; promote another"):
        store.retire("model/wine@2")
    assert not (two / "metadata/statuses/model/wine/2.yaml").exists()


def test_a_status_on_its_way(two: Path) -> None:
    store = opened(two)
    store.retire("model/wine@1", status="approved", reason="reviewed", commit=True)
    store.retire("model/wine@1", status="deprecated", reason="2 is better", commit=True)
    found = data(two, "status/model/wine/1")
    assert (found["status"], found["reason"], found["by"]) == ("deprecated", "2 is better", "Mona")
    with pytest.raises(
        Refused, match=r"may not move from none to gone; allowed: approved, rejected, deprecated, retired"
    ):
        store.retire("model/wine@2", status="gone")


def test_promoted_on_another_branch(two: Path) -> None:
    store = opened(two)
    store.promote("model/wine@1", "production", branch="release")
    store.promote("model/wine@2", "production", branch="release")
    assert store.at("release").show("alias/model/wine/production").data["version"] == "2"
    assert git(two, "status", "--short") == ""
