"""Records put back: whole, by field, by commit, by range; what has been changed since stays, or stops it."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from acting import opened
from gitml.errors import BadValue, Conflict, GitmlError, NotFound, Refused
from gitml.records.record import MISSING
from gitrepo import commit, git, init, write

PRODUCTION = "metadata/aliases/model/wine/production.yaml"
SLOT = "alias/model/wine/production"
HEAD = "metadata/models/wine.yaml"


def text(place: Path, path: str) -> str:
    return (place / path).read_text()


def data(place: Path, ref: str) -> dict[str, Any]:
    return dict(opened(place).show(ref).data)


def rev(place: Path, name: str = "HEAD") -> str:
    return git(place, "rev-parse", name)


def conflicts(caught: pytest.ExceptionInfo[Conflict]) -> list[tuple[str | None, str | None, str]]:
    return [(one.ref, one.field, one.message) for one in caught.value.problems]


@pytest.fixture(scope="module")
def template(plain_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions in two commits, the alias on each in turn; tags one and two."""
    plain = tmp_path_factory.mktemp("wine") / "repo"
    shutil.copytree(plain_template, plain, symlinks=True)
    store = opened(plain)
    for number in ("1", "2"):
        store.register("wine", commit=True, message=f"wine {number}")
        store.promote(
            f"model/wine@{number}", "production", reason=f"best {number}", commit=True, message=f"go {number}"
        )
        git(plain, "tag", {"1": "one", "2": "two"}[number])
    return plain


@pytest.fixture
def wine(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the current folder."""
    place = tmp_path / "wine"
    shutil.copytree(template, place, symlinks=True)
    git(place, "status")
    monkeypatch.chdir(place)
    return place


# ── a record as of a revision ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_record_gets_its_bytes_back(wine: Path) -> None:
    before = git(wine, "show", f"one:{PRODUCTION}") + "\n"
    done = opened(wine).revert(SLOT, to="one")
    assert text(wine, PRODUCTION) == before
    assert done.commit is None
    assert [(one.op, one.ref) for one in done.changes] == [("changed", SLOT)]
    assert git(wine, "status", "--short") == f" M {PRODUCTION}".strip() or git(wine, "status", "--short")
    assert opened(wine).validate().problems == ()


def test_the_commit_names_what_was_undone(wine: Path) -> None:
    one = rev(wine, "one")
    done = opened(wine).revert(SLOT, to="one", commit=True)
    assert done.commit == rev(wine)
    assert git(wine, "log", "-1", "--format=%s") == f"revert: {SLOT} to {one[:12]}"
    trailers = git(wine, "log", "-1", "--format=%(trailers:only,unfold)").split("\n")
    assert trailers[:2] == [f"Gitml-Reverts-To: {one}", f"Gitml-Ref: {SLOT}"]
    assert git(wine, "rev-list", "--count", "HEAD") == "6"
    assert git(wine, "status", "--short") == ""


def test_one_field_goes_back_and_every_other_line_stays(wine: Path) -> None:
    path = wine / PRODUCTION
    path.write_text("# mine\n" + path.read_text().replace('version: "2"', 'version: "2" # beside'))
    git(wine, "commit", "-qam", "notes")
    lines = path.read_text().splitlines()
    opened(wine).revert(SLOT, to="one", field="reason")
    assert path.read_text().splitlines() == [line.replace("best 2", "best 1") for line in lines]


def test_a_field_that_is_not_there_is_told_with_the_nearest(wine: Path) -> None:
    with pytest.raises(NotFound, match=r"has no field reson \(nearest: reason"):
        opened(wine).revert(SLOT, to="one", field="reson")
    done = opened(wine).revert(SLOT, to="one", field="schema")
    assert done.changes == ()
    assert done.warnings == (f"nothing to revert: {SLOT} is what it was at {rev(wine, 'one')[:12]}",)


def test_a_mapping_and_keyed_lists_go_back_by_field(plain: Path) -> None:
    store = opened(plain)
    columns = [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]
    pointer = {"type": "uri", "uri": "s3://x/y", "version_id": "1"}
    store.new(
        "dataset-version",
        "wine@1",
        {"pointer": pointer, "columns": columns, "custom": {"x": 1, "y": {"z": 1}}},
        branch="side",
    )
    git(plain, "checkout", "-q", "side")
    store = opened(plain)
    ref = "dataset/wine@1"
    columns = [{"name": "b", "type": "float"}, {"name": "c", "type": "int"}, {"name": "a", "type": "float"}]
    store.set(ref, {"columns": columns, "custom.x": 2, "custom.y": {"w": 3}}, commit=True)
    store.revert(ref, to="HEAD~1", field="columns[name=a].type")
    found = data(plain, ref)
    assert found["columns"] == [*columns[:2], {"name": "a", "type": "int"}]
    assert found["custom"] == {"x": 2, "y": {"w": 3}}
    store.revert(ref, to="HEAD~1", field="custom")
    assert data(plain, ref)["custom"] == {"x": 1, "y": {"z": 1}}


def test_what_was_removed_comes_back_and_what_was_not_there_goes(wine: Path) -> None:
    store = opened(wine)
    store.rm(SLOT, commit=True)
    store.revert(SLOT, to="one", commit=True)
    assert data(wine, SLOT)["version"] == "1"
    done = store.revert(SLOT, to="one~1", commit=True)
    assert not (wine / PRODUCTION).exists()
    assert f"there was no {SLOT} at {rev(wine, 'one~1')[:12]}: it goes" in done.warnings


def test_all_of_a_kind_as_of_a_date(wine: Path) -> None:
    store = opened(wine)
    store.promote("model/wine@2", "staging", commit=True)
    store.new("metric", "auc", {"direction": "higher"}, commit=True)
    done = store.revert(kind="alias", to="one", commit=True)
    assert sorted((one.op, one.ref) for one in done.changes) == [
        ("changed", SLOT), ("removed", "alias/model/wine/staging"),
    ]  # fmt: skip
    assert (wine / "metadata/metrics/auc.yaml").exists()
    assert git(wine, "log", "-1", "--format=%s").startswith("revert: every alias to ")
    assert store.revert(kind="alias", to="2100-01-01").changes == ()


def test_on_another_branch_nothing_here_is_touched(wine: Path) -> None:
    git(wine, "branch", "side")
    done = opened(wine).revert(SLOT, to="one", branch="side")
    assert git(wine, "rev-parse", "side") == done.commit
    assert git(wine, "status", "--short") == ""
    assert 'version: "1"' in git(wine, "show", f"side:{PRODUCTION}")


# ── what a commit did ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_commit_undone_and_the_undoing_undone(wine: Path) -> None:
    path = wine / PRODUCTION
    odd = "# who: @ines\n" + path.read_text().replace("reason:", "reason:   ")
    commit(wine, {PRODUCTION: odd}, "odd form")
    opened(wine).promote("model/wine@1", "production", commit=True, message="down")
    done = opened(wine).revert("HEAD", commit=True)
    assert path.read_text() == odd
    assert git(wine, "log", "-1", "--format=%s") == "revert: down"
    assert git(wine, "log", "-1", "--format=%b").startswith(f"This reverts commit {rev(wine, 'HEAD~1')}.")
    assert git(wine, "log", "-1", "--format=%(trailers:key=Gitml-Reverts,valueonly)").strip() == rev(wine, "HEAD~1")
    opened(wine).revert(done.commit, commit=True)
    assert git(wine, "rev-parse", f"HEAD:{PRODUCTION}") == git(wine, "rev-parse", f"HEAD~2:{PRODUCTION}")


def test_later_changes_to_other_fields_stay(plain: Path) -> None:
    store = opened(plain)
    store.new("model", "wine", {"description": "One.", "owners": ["@a"], "labels": ["x"]}, commit=True)
    wrong = store.set("model/wine", {"description": "Wrong.", "tags.team": "x"}, commit=True).commit
    commit(plain, {HEAD: text(plain, HEAD).replace("owners:\n- ", "owners:\n# kept\n- ")}, "a comment")
    store = opened(plain)
    store.set("model/wine", {"labels": ["y"]}, commit=True)
    lines = text(plain, HEAD).splitlines()
    store.revert(wrong, commit=True)
    changed = [line.replace("Wrong.", "One.") for line in lines if line not in ("tags:", "  team: x")]
    assert text(plain, HEAD).splitlines() == changed


def test_a_later_change_to_the_same_field_is_told_and_nothing_is_written(plain: Path) -> None:
    store = opened(plain)
    store.new("model", "wine", {"description": "One.", "title": "A"}, commit=True)
    wrong = store.set("model/wine", {"description": "Two.", "title": "B"}, commit=True).commit
    store.set("model/wine", {"description": "Three."}, commit=True)
    before = text(plain, HEAD)
    with pytest.raises(Conflict, match="1 conflict with what has been changed since; nothing was written") as caught:
        store.revert(wrong)
    assert conflicts(caught) == [("model/wine", "description", "was One., was made Two., and is Three. today")]
    assert caught.value.problems[0].line == before.splitlines().index("description: Three.") + 1
    assert text(plain, HEAD) == before
    with pytest.raises(Conflict):
        store.revert(wrong, force=True)
    store.revert(wrong, field="title")
    assert text(plain, HEAD) == before.replace("title: B", "title: A")


def test_a_record_that_was_added_goes_unless_it_has_changed(plain: Path) -> None:
    store = opened(plain)
    added = store.new("metric", "auc", {"direction": "higher"}, commit=True).commit
    store.set("metric/auc", {"unit": "1"}, commit=True)
    with pytest.raises(Conflict) as caught:
        store.revert(added)
    assert conflicts(caught) == [("metric/auc", None, "was added, and has changed since: unit")]
    store.set("metric/auc", {"unit": MISSING}, commit=True)
    store.revert("HEAD~1..HEAD", commit=True)
    store.revert("HEAD~2", commit=True)
    store.revert(added)
    assert not (plain / "metadata/metrics/auc.yaml").exists()
    assert "nothing to revert: all of it is undone already" in store.revert(added).warnings


def test_a_record_that_was_removed_comes_back_unless_there_is_another(plain: Path) -> None:
    store = opened(plain)
    store.new("metric", "auc", {"direction": "higher"}, commit=True)
    removed = store.rm("metric/auc", commit=True).commit
    store.new("metric", "auc", {"direction": "lower"}, commit=True)
    with pytest.raises(Conflict) as caught:
        store.revert(removed)
    assert conflicts(caught) == [("metric/auc", None, "was removed, and another one stands there today")]
    store.rm("metric/auc", commit=True)
    store.revert(removed)
    assert data(plain, "metric/auc")["direction"] == "higher"


def test_a_record_that_is_gone_since_has_nothing_to_undo(plain: Path) -> None:
    store = opened(plain)
    store.new("metric", "auc", {"direction": "higher"}, commit=True)
    changed = store.set("metric/auc", {"direction": "lower"}, commit=True).commit
    store.rm("metric/auc", commit=True)
    with pytest.raises(Conflict, match="conflict") as caught:
        store.revert(changed)
    assert conflicts(caught) == [("metric/auc", None, "was changed, and has been removed since")]
    assert f"git ml revert metric/auc --to {changed[:12] if changed else ''}" in caught.value.problems[0].hint


def test_a_renamed_record_is_followed(plain: Path) -> None:
    store = opened(plain)
    fields = {"description": "Price of wine.", "owners": ["@a"], "title": "Wine", "labels": ["x"]}
    store.new("model", "wine", fields, commit=True)
    wrong = store.set("model/wine", {"description": "Wrong."}, commit=True).commit
    git(plain, "mv", HEAD, "metadata/models/red.yaml")
    commit(plain, {"metadata/models/red.yaml": text(plain, "metadata/models/red.yaml").replace("Wine", "Red")}, "red")
    done = opened(plain).revert(wrong)
    assert [(one.op, one.ref) for one in done.changes] == [("changed", "model/red")]
    assert data(plain, "model/red") == {**fields, "schema": "model/1", "title": "Red"}
    assert "model/wine is model/red today, and keeps that name" in done.warnings


def test_a_renaming_is_undone_and_what_came_later_stays(plain: Path) -> None:
    store = opened(plain)
    store.new("model", "wine", {"description": "Price of wine.", "owners": ["@a"], "title": "Wine"}, commit=True)
    git(plain, "mv", HEAD, "metadata/models/red.yaml")
    commit(plain, {}, "red")
    store = opened(plain)
    store.set("model/red", {"labels": ["late"]}, commit=True)
    store.revert("HEAD~1", commit=True)
    assert data(plain, "model/wine")["labels"] == ["late"]
    assert not (plain / "metadata/models/red.yaml").exists()


def test_versions_that_changed_places_go_back(plain: Path) -> None:
    store = opened(plain)
    git(plain, "checkout", "-qb", "side")
    store.register("wine", fields={"description": "first"}, commit=True)
    store.register("wine", fields={"description": "second"}, commit=True)
    files = ["metadata/models/wine/1.yaml", "metadata/models/wine/2.yaml"]
    one, two = (text(plain, path) for path in files)
    commit(plain, dict(zip(files, (two, one), strict=True)), "changed places")
    git(plain, "branch", "-f", "main", "HEAD~3")
    opened(plain).revert("HEAD")
    assert [text(plain, path) for path in files] == [one, two]


def test_a_merge_is_undone_against_its_first_parent(plain: Path) -> None:
    store = opened(plain)
    store.new("metric", "auc", {"direction": "higher"}, commit=True)
    git(plain, "checkout", "-qb", "side")
    store = opened(plain)
    store.new("metric", "loss", {"direction": "lower"}, commit=True)
    git(plain, "checkout", "-q", "main")
    store = opened(plain)
    store.new("metric", "rmse", {"direction": "lower"}, commit=True)
    git(plain, "branch", "third", "HEAD~1")
    git(plain, "checkout", "-q", "third")
    opened(plain).new("metric", "mae", {"direction": "lower"}, commit=True)
    git(plain, "checkout", "-q", "main")
    git(plain, "merge", "-q", "--no-ff", "-m", "octopus", "side", "third")
    done = opened(plain).revert("HEAD", commit=True)
    assert sorted(one.ref or "" for one in done.changes) == ["metric/loss", "metric/mae"]
    assert any("is a merge: undone is what it brought in against its first parent" in one for one in done.warnings)
    assert sorted(path.stem for path in (plain / "metadata/metrics").iterdir()) == ["auc", "rmse"]


def test_a_range_is_one_change(wine: Path) -> None:
    store = opened(wine)
    for number in ("1", "2", "1"):
        store.promote(f"model/wine@{number}", "production", reason=f"move to {number}", commit=True)
    done = store.revert("two..HEAD", commit=True)
    assert git(wine, "rev-parse", f"HEAD:{PRODUCTION}") == git(wine, "rev-parse", f"two:{PRODUCTION}")
    assert [one.ref for one in done.changes] == [SLOT]
    a, b = rev(wine, "two"), rev(wine, "HEAD~1")
    assert git(wine, "log", "-1", "--format=%(trailers:key=Gitml-Reverts,valueonly)").strip() == f"{a}..{b}"


def test_of_a_range_from_another_branch_only_what_came_after_the_parting(wine: Path) -> None:
    store = opened(wine)
    store.new("metric", "here", {"direction": "lower"}, commit=True)
    store.new("metric", "there", {"direction": "lower"}, branch="side")
    git(wine, "branch", "-f", "old", "two")
    done = store.revert("side...HEAD", dry_run=True)
    assert done.changes == ()
    git(wine, "branch", "-f", "elsewhere", "two")
    opened(wine).new("metric", "else", {"direction": "lower"}, branch="elsewhere")
    done = opened(wine).revert("elsewhere..main", dry_run=True)
    assert [(one.op, one.ref) for one in done.changes] == [("removed", "metric/here")]
    assert any("does not lead to" in one for one in done.warnings)


def test_the_first_commit_of_all(repo: Path) -> None:
    write(repo, {"metadata/store.yaml": "schema: store/1\nmain: main\n", "train.py": "1\n"})
    commit(repo, {"metadata/metrics/auc.yaml": "schema: metric/1\ndirection: higher\n"}, "first")
    done = opened(repo).revert("HEAD", commit=True)
    assert git(repo, "ls-tree", "-r", "--name-only", "HEAD") == "train.py"
    assert any(one.startswith("left as they are: train.py") for one in done.warnings)


def test_code_stays_and_that_is_said(wine: Path) -> None:
    commit(wine, {"train.py": "print(2)\n", "dvc.yaml": "stages:\n  a: {cmd: echo}\n"}, "code")
    done = opened(wine).revert("HEAD")
    assert done.changes == ()
    assert done.warnings == (
        "left as they are: dvc.yaml, train.py; git revert undoes code",
        "nothing to revert: code changed no record and no pointer",
    )
    assert text(wine, "train.py") == "print(2)\n"


def test_only_one_kind_of_a_commit(wine: Path) -> None:
    store = opened(wine)
    store.promote("model/wine@1", "production")
    store.new("metric", "auc", {"direction": "higher"})
    commit(wine, {}, "two things")
    done = opened(wine).revert("HEAD", kind="alias", commit=True)
    assert [one.ref for one in done.changes] == [SLOT]
    assert git(wine, "log", "-1", "--format=%s") == "revert: two things, of kind alias alone"


def test_form_goes_back_too(wine: Path) -> None:
    before = (wine / PRODUCTION).read_bytes()
    commit(wine, {".gitattributes": "* -text\n", PRODUCTION: before.replace(b"\n", b"\r\n")}, "CRLF")
    opened(wine).revert("HEAD")
    assert (wine / PRODUCTION).read_bytes() == before


def test_crlf_on_one_side_stays_where_a_field_goes_back(wine: Path) -> None:
    store = opened(wine)
    wrong = store.set(SLOT, {"reason": "wrong"}, commit=True).commit
    raw = (wine / PRODUCTION).read_bytes()
    commit(wine, {".gitattributes": "* -text\n", PRODUCTION: raw.replace(b"\n", b"\r\n")}, "CRLF")
    opened(wine).revert(wrong)
    assert (wine / PRODUCTION).read_bytes() == raw.replace(b"\n", b"\r\n").replace(b"wrong", b"best 2")


def test_settings_and_schemas_go_back_as_wholes(plain: Path) -> None:
    settings = text(plain, "metadata/store.yaml")
    schema = text(plain, "schemas/metric.yaml")
    new = {"metadata/store.yaml": settings + "# more\n", "schemas/metric.yaml": schema + "# more\n"}
    wrong = commit(plain, new, "settings")
    opened(plain).revert(wrong, commit=True)
    assert (text(plain, "metadata/store.yaml"), text(plain, "schemas/metric.yaml")) == (settings, schema)
    commit(plain, {"metadata/store.yaml": settings + "# other\n"}, "again")
    with pytest.raises(Conflict) as caught:
        opened(plain).revert(wrong)
    assert conflicts(caught) == [(None, None, "was changed, and has been changed again since")]


def test_a_range_the_wrong_way_round_is_told(wine: Path) -> None:
    with pytest.raises(
        BadValue, match=r"two\.\.one holds no commit, for one comes before two; git ml revert one\.\.two"
    ):
        opened(wine).revert("two..one")


def test_a_day_is_no_end_of_a_range(wine: Path) -> None:
    with pytest.raises(NotFound, match="a date goes with --to"):
        opened(wine).revert("2026-03-01..HEAD")


def test_what_is_undone_in_the_work_tree_alone_is_told(wine: Path) -> None:
    told = f"what undoes it is not committed yet: git add -- {PRODUCTION} && git commit"
    opened(wine).revert(SLOT, to="one")
    for done in (
        opened(wine).revert(SLOT, to="one", commit=True),
        opened(wine).revert(kind="alias", to="one"),
        opened(wine).revert("HEAD"),
        opened(wine).revert("HEAD", dry_run=True),
    ):
        assert (done.commit, done.warnings[-1]) == (None, told)
    git(wine, "commit", "-qam", "back")
    assert told not in opened(wine).revert(SLOT, to="one").warnings


def test_what_makes_the_store_stays_while_records_need_it(plain: Path) -> None:
    root = git(plain, "rev-list", "--max-parents=0", "HEAD")
    opened(plain).new("metric", "auc", {"direction": "higher"}, commit=True)
    for number in (1, 2):
        opened(plain).new("term", f"t{number}", {"definition": "x"}, commit=True)
    with pytest.raises(Refused) as caught:
        opened(plain).revert(root, force=True)
    assert [(one.code, one.path, one.message) for one in caught.value.problems] == [
        ("revert.needed", "metadata/store.yaml", "makes the store, and 3 of its records stay"),
        ("revert.needed", "schemas/metric.yaml", "is the schema of metric, and 1 of its records stay"),
        ("revert.needed", "schemas/term.yaml", "is the schema of term, and 2 of its records stay"),
    ]
    assert "--force does not cover this" in str(caught.value)
    assert git(plain, "status", "--short") == ""
    opened(plain).revert(f"{root}..HEAD", commit=True)
    assert {one.path for one in opened(plain).revert(root).changes} > {"metadata/store.yaml", "schemas/term.yaml"}


def test_modes_stay_as_they_are(wine: Path) -> None:
    (wine / PRODUCTION).chmod(0o755)
    commit(wine, {}, "mode")
    assert opened(wine).revert("HEAD").changes == ()
    opened(wine).revert("HEAD~1", commit=True)
    assert git(wine, "ls-tree", "HEAD", "--", PRODUCTION).startswith("100755")


# ── what stands against it ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_landed_version_is_retired_not_removed(wine: Path) -> None:
    with pytest.raises(Refused) as caught:
        opened(wine).revert("HEAD~1")
    assert [one.code for one in caught.value.problems] == ["ref.missing", "immutable.changed"]
    assert "model/wine@2 has landed and is removed here; retire it instead" in str(caught.value.problems[1])
    assert "--kind" in caught.value.hint
    with pytest.raises(Refused):
        opened(wine).revert("HEAD~1", force=True)
    assert git(wine, "status", "--short") == ""


def test_refs_that_would_dangle_stop_it_unless_forced(plain: Path) -> None:
    store = opened(plain)
    added = store.new("use-case", "prices", {"description": "P."}, commit=True).commit
    store.new("model", "wine", {"description": "W.", "use_case": "use-case/prices"}, commit=True)
    with pytest.raises(Refused, match="there is no use-case/prices"):
        store.revert(added)
    done = store.revert(added, force=True)
    assert [(one.code, one.severity, one.ref) for one in done.problems] == [("ref.missing", "warning", "model/wine")]
    assert not (plain / "metadata/use-cases/prices.yaml").exists()


def test_a_deployment_that_serves_it_stops_it_unless_forced(wine: Path) -> None:
    store = opened(wine)
    store.new("deployment", "shop", {"serves": {"ref": SLOT}}, commit=True)
    store.new(
        "rollout", None, {"deployment": "deployment/shop", "serves": {"ref": SLOT}, "status": "succeeded"}, commit=True
    )
    with pytest.raises(Refused) as caught:
        store.revert(SLOT, to="one")
    assert [(one.code, one.ref, one.message) for one in caught.value.problems] == [
        ("revert.depends", "deployment/shop", f"serves {SLOT}, which moves from model/wine@2 to model/wine@1"),
    ]  # fmt: skip
    done = store.revert(SLOT, to="one", force=True, commit=True)
    assert [(one.code, one.severity) for one in done.problems] == [("revert.depends", "warning")]
    assert store.revert("HEAD", field="reason", dry_run=True).problems == ()


def test_a_deployment_that_goes_back_along_does_not(wine: Path) -> None:
    store = opened(wine)
    store.new("deployment", "shop", {"serves": {"ref": SLOT}}, commit=True)
    store.promote("model/wine@1", "production")
    store.set("deployment/shop", {"title": "Shop"})
    commit(wine, {}, "both")
    assert opened(wine).revert("HEAD").problems == ()


def test_what_nobody_has_committed_is_not_lost(wine: Path) -> None:
    path = wine / PRODUCTION
    mine = path.read_text() + 'expires: "2027-01-01"\n'
    path.write_text(mine)
    with pytest.raises(Refused, match="has changes that are in no commit, and would be lost"):
        opened(wine).revert(SLOT, to="one")
    assert path.read_text() == mine
    opened(wine).revert("HEAD")
    assert data(wine, SLOT)["version"] == "1"
    assert data(wine, SLOT)["expires"] == "2027-01-01"
    opened(wine).revert(SLOT, to="one", force=True)
    assert "expires" not in data(wine, SLOT)


def test_lifecycle_is_nothing_that_force_lets_pass(wine: Path) -> None:
    store = opened(wine)
    store.retire("model/wine@1", commit=True)
    for force in (False, True):
        with pytest.raises(Refused, match="model/wine@1 is retired, so production may not point to it"):
            store.revert(SLOT, to="one", force=force)


def test_during_a_merge_nothing_is_committed(wine: Path) -> None:
    git(wine, "checkout", "-qb", "side", "one")
    commit(wine, {"a": "1"}, "side")
    git(wine, "checkout", "-q", "main")
    commit(wine, {"a": "2"}, "main")
    git(wine, "merge", "-q", "side", check=False)
    with pytest.raises(GitmlError, match="merge"):
        opened(wine).revert(SLOT, to="one", commit=True)


# ── wrong words ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_revisions_and_refs_that_are_not_there(wine: Path) -> None:
    store = opened(wine)
    with pytest.raises(NotFound, match="no revision 'tow'"):
        store.revert("tow")
    with pytest.raises(NotFound, match="no revision 'onee' here"):
        store.revert(SLOT, to="onee")
    with pytest.raises(NotFound, match=rf"there is no alias/model/wine/prodution .* nor today \(nearest: {SLOT}\)"):
        store.revert("alias/model/wine/prodution", to="one")
    with pytest.raises(NotFound, match=r"no kind 'ailas' is known here \(nearest: alias"):
        store.revert("ailas/model/wine/production", to="one")
    with pytest.raises(NotFound, match=f"git ml revert {SLOT} --to one"):
        store.revert(f"one:{SLOT}")
    with pytest.raises(NotFound, match="no kind"):
        store.revert(kind="ailas", to="one")


def test_questions_without_an_end(wine: Path) -> None:
    store = opened(wine)
    with pytest.raises(BadValue, match=f"say what {SLOT} goes back to"):
        store.revert(SLOT)
    with pytest.raises(BadValue, match="say what every alias goes back to"):
        store.revert(kind="alias")
    with pytest.raises(BadValue, match="say what is to be undone"):
        store.revert()
    with pytest.raises(BadValue, match=r"git ml revert one\.\.HEAD"):
        store.revert(to="one")
    with pytest.raises(BadValue, match="HEAD is a revision, and --to goes with a record"):
        store.revert("HEAD", to="one")


def test_ambiguous_hashes(repo: Path) -> None:
    head = commit(repo, {"metadata/store.yaml": "schema: store/1\n"})
    tree = git(repo, "rev-parse", "HEAD^{tree}")
    stream = "".join(
        f"commit refs/heads/b{number}\ncommitter M <m@example.org> {number} +0000\ndata 0\nM 040000 {tree} \n"
        for number in range(900)
    )
    git(repo, "fast-import", "--quiet", text=stream.encode())
    oids = sorted({head, *git(repo, "for-each-ref", "--format=%(objectname)").split()})
    short = next(one[:4] for one, other in pairwise(oids) if one[:4] == other[:4])
    with pytest.raises(BadValue, match=f"{short}: . objects begin so"):
        opened(repo).revert(short)
    with pytest.raises(NotFound):
        opened(repo).revert("")


def test_ranges_without_a_common_ancestor(wine: Path) -> None:
    git(wine, "checkout", "-q", "--orphan", "other")
    commit(wine, {}, "other")
    with pytest.raises(NotFound, match="no commit in common"):
        opened(wine).revert("main..other")


def test_beyond_a_shallow_clone(wine: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", wine.as_uri(), "shallow")
    with pytest.raises(NotFound, match=r"was made on is not in this clone; git fetch --unshallow"):
        opened(tmp_path / "shallow").revert("HEAD")


def test_a_record_that_was_invalid_then(wine: Path) -> None:
    commit(wine, {HEAD: "schema: model/1\nowners: nobody\n"}, "invalid")
    commit(wine, {HEAD: "schema: model/1\nowners: [\n"}, "no YAML")
    commit(wine, {HEAD: "schema: model/1\ntitle: Wine\n"}, "mended")
    with pytest.raises(Refused, match="owners") as caught:
        opened(wine).revert("model/wine", to="HEAD~2")
    assert caught.value.problems[0].code == "schema.type"
    with pytest.raises(Refused, match=HEAD):
        opened(wine).revert("model/wine", to="HEAD~1")
    with pytest.raises(Refused):
        opened(wine).revert("HEAD", force=True)
    opened(wine).set("model/wine", {"description": "more"}, commit=True)
    with pytest.raises(Conflict, match="conflict") as conflict:
        opened(wine).revert("HEAD~1")
    assert "it cannot be read before it" in conflicts(conflict)[0][2]


CARD = """$id: card/1
x-gitml:
  addressing: named
  path: metadata/cards/{name}.yaml
type: object
required: [schema]
properties:
  schema: {const: card/1}
  color: {type: string}
  size: {type: integer}
"""


def test_a_schema_that_changed_between(plain: Path) -> None:
    path = "metadata/cards/a.yaml"
    commit(plain, {"schemas/card.yaml": CARD, path: "schema: card/1\ncolor: red\n"}, "cards")
    sized = {"schemas/card.yaml": CARD.replace("[schema]", "[schema, size]")}
    commit(plain, {**sized, path: "schema: card/1\ncolor: blue\nsize: 3\n"}, "sizes")
    with pytest.raises(Refused, match="size"):
        opened(plain).revert("card/a", to="HEAD~1")
    opened(plain).revert("card/a", to="HEAD~1", field="color")
    assert data(plain, "card/a") == {"schema": "card/1", "color": "red", "size": 3}
    git(plain, "checkout", "-q", ".")
    with pytest.raises(Refused, match="by the schema that has landed"):
        opened(plain).revert("HEAD")
    opened(plain).revert("HEAD", field="color")
    assert data(plain, "card/a")["color"] == "red"


def test_a_path_that_a_schema_moved(plain: Path) -> None:
    schema = "$id: card/1\nx-gitml: {addressing: named, path: 'DIR/{name}.yaml', canonical: false}\ntype: object\n"
    commit(
        plain, {"schemas/card.yaml": schema.replace("DIR", "cards"), "cards/a.yaml": "color: red\nsize: 1\n"}, "cards"
    )
    git(plain, "mv", "cards", "decks")
    commit(plain, {"schemas/card.yaml": schema.replace("DIR", "decks")}, "moved")
    commit(plain, {"decks/a.yaml": "color: blue\nsize: 2\n"}, "blue")
    opened(plain).revert("card/a", to="HEAD~2", field="color")
    assert text(plain, "decks/a.yaml") == "color: red\nsize: 2\n"


def test_a_record_replaced_by_a_folder(plain: Path) -> None:
    path = "metadata/metrics/auc.yaml"
    opened(plain).new("metric", "auc", {"direction": "higher"}, commit=True)
    removed = opened(plain).rm("metric/auc", commit=True).commit
    commit(plain, {f"{path}/x.txt": "1"}, "a folder")
    for branch in (None, "side"):
        git(plain, "branch", "-f", "side")
        with pytest.raises(Conflict) as caught:
            opened(plain).revert(removed, branch=branch)
        assert conflicts(caught) == [(None, None, "was a file, and is a folder today")]
    git(plain, "rm", "-rq", path)
    commit(plain, {"metadata/metrics": "a file"}, "a file")
    with pytest.raises(GitmlError, match="conflict"):
        opened(plain).revert(removed)


def test_without_a_commit_there_is_nothing_to_undo(repo: Path) -> None:
    with pytest.raises(NotFound, match="there is no commit yet"):
        opened(repo).revert("HEAD")


def test_a_store_in_a_folder_and_a_sha256_repository(tmp_path: Path) -> None:
    place = init(tmp_path / "wide", "--object-format=sha256")
    write(place, {"sub/metadata/store.yaml": "schema: store/1\nmain: main\n", "other.dvc": "outs: []\n"})
    path = "sub/metadata/metrics/auc.yaml"
    commit(place, {path: "schema: metric/1\ndirection: higher\n"}, "one")
    commit(place, {path: "schema: metric/1\ndirection: lower\n", "other.dvc": "outs: []\n# more\n"}, "two")
    done = opened(place / "sub").revert("HEAD", commit=True)
    assert [one.path for one in done.changes] == [path]
    assert text(place, path).endswith("higher\n")


def test_the_message_is_ones_own_and_the_trailers_stay(wine: Path) -> None:
    opened(wine).revert("HEAD", commit=True, message="back to one\n\nReviewed-by: Ines")
    message = git(wine, "log", "-1", "--format=%B")
    assert message.startswith("back to one\n\nReviewed-by: Ines\nGitml-Reverts: ")


def test_a_dry_run_writes_nothing(wine: Path) -> None:
    done = opened(wine).revert("HEAD", dry_run=True, commit=True)
    assert [one.ref for one in done.diff] == [SLOT]
    assert (done.commit, git(wine, "status", "--short"), git(wine, "rev-list", "--count", "HEAD")) == (None, "", "5")


def test_a_derived_record_names_the_file_that_goes_back(wine: Path) -> None:
    was = {"outs": [{"md5": "0" * 32, "size": 1, "path": "x.bin"}]}
    for number in (1, 2):
        was["outs"][0]["size"] = number
        commit(wine, {"x.bin.dvc": json.dumps(was)}, f"track {number}")
    ref = "dvc-output/x.bin"
    with pytest.raises(BadValue, match=r"from x\.bin\.dvc.* git checkout HEAD~1 -- x\.bin\.dvc && dvc checkout"):
        opened(wine).revert(ref, to="HEAD~1")
    with pytest.raises(BadValue, match=r"derived from x\.bin\.dvc, and read-only"):
        opened(wine).renumber(ref)
    with pytest.raises(BadValue, match=r"every dvc-output is derived .* git ml revert COMMIT, without --kind"):
        opened(wine).revert("HEAD", kind="dvc-output")
    opened(wine).revert("HEAD", commit=True)
    assert json.loads(text(wine, "x.bin.dvc"))["outs"][0]["size"] == 1


def test_what_tags_say_is_not_reverted(wine: Path) -> None:
    git(wine, "tag", "-a", "beer@v1.0.0", "-m", "beer")
    with pytest.raises(BadValue, match=r"derived from the tag beer@v1\.0\.0, and tags are not reverted"):
        opened(wine).revert("model/beer@v1.0.0", to="HEAD~1")
    with pytest.raises(BadValue, match=r"derived from the tag beer@v1\.0\.0, and read-only"):
        opened(wine).renumber("model/beer@v1.0.0")


def test_a_kind_that_readers_alone_have_changed_says_so(wine: Path) -> None:
    stage = {"stages": {"train": {"cmd": "true"}}}
    lock = {"schema": "2.0", "stages": {"train": {"cmd": "true", "params": {"params.yaml": {"lr": 1}}}}}
    commit(wine, {"dvc.yaml": json.dumps(stage), "dvc.lock": json.dumps(lock), "params.yaml": "lr: 1\n"}, "train")
    (note,) = opened(wine).revert("HEAD", kind="run").warnings
    assert note.startswith("nothing to revert: train changed no run; what is derived from dvc.lock did change (1)")
