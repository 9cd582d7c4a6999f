"""Git merges records, and shows them, by our driver: for real, in every way in which git comes to merge."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from acting import dvc
from command_line import fine, ml, process, source, typed
from gitml.records.merging.conflict import Labels
from gitml.repo import drivers
from gitml.repo.driver import Versions, lines
from gitml.repo.git import Git
from gitrepo import commit, environment, git, init, write

MODEL = "metadata/models/wine.yaml"
BASE = 'schema: model/1\ndescription: Wines.\nowners:\n- "@a"\n- "@m"\ntags:\n  color: red\n  team: cellar\n'
OURS = BASE.replace("color: red", "color: white").replace('- "@m"\n', '- "@m"\n- "@o"\n')
THEIRS = BASE.replace("team: cellar", "team: labs").replace('- "@a"\n- "@m"\n', '- "@a"\n- "@t"\n')
BOTH = OURS.replace("team: cellar", "team: labs").replace('- "@m"\n- "@o"\n', '- "@o"\n- "@t"\n')
LINES = "metadata/**/*.yaml merge=gitml diff=gitml"


@pytest.fixture
def place(repo: Path) -> Path:
    """A store with one model."""
    write(repo, {"metadata/store.yaml": "schema: store/1\nmain: main\n", "schemas/other.json": "{}\n"})
    fine(repo, "init")
    commit(repo, {MODEL: BASE}, "base")
    return repo


def parted(place: Path, ours: Mapping[str, str | bytes], theirs: Mapping[str, str | bytes]) -> Path:
    """Two branches, main checked out, `feature` beside it."""
    git(place, "checkout", "-q", "-b", "feature")
    commit(place, theirs, "raise the team")
    git(place, "checkout", "-q", "main")
    commit(place, ours, "white wines")
    return place


def text(place: Path) -> str:
    return (place / MODEL).read_text()


def done(place: Path, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *command], cwd=place, env=environment(env), capture_output=True, check=False, text=True
    )


# ── init ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_init_sets_the_driver_once_and_says_so(place: Path, tmp_path: Path) -> None:
    assert LINES in (place / ".gitattributes").read_text().splitlines()
    again = fine(place, "init")
    assert again.out == "nothing to change\n"
    assert "settings" not in again.err
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(place), str(clone))
    assert git(clone, "config", "--get", "merge.gitml.driver", check=False) == ""
    said = fine(clone, "init")
    assert said.out == "nothing to change\n"
    told = "git ml: git's settings in this clone: merge.gitml.name, merge.gitml.driver, diff.gitml.textconv\n"
    assert said.err.startswith(told)
    assert fine(clone, "init", "--format", "json").json["drivers"] == []
    git(clone, "config", "merge.gitml.driver", "old")
    assert fine(clone, "init", "--format", "json").json["drivers"] == ["merge.gitml.driver"]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, []),
        ({"data/x.csv.dvc": "outs: []\n"}, ["dvc.lock merge=gitml", "*.dvc merge=gitml"]),
        ({".dvc/config": ""}, ["dvc.lock merge=gitml", "*.dvc merge=gitml"]),
        ({".dvc/config": "", ".gitattributes": "*.dvc merge=dvc\n"}, ["dvc.lock merge=gitml"]),
        ({"d/x.dvc": "outs: []\n", "d/.gitattributes": "*.dvc merge=dvc\n"}, ["dvc.lock merge=gitml"]),
        ({"dvc.yaml": "stages: {}\n", ".gitattributes": "dvc.lock -merge\n"}, ["*.dvc merge=gitml"]),
    ],
)
def test_dvcs_files_where_dvc_is_used_and_has_no_driver_of_its_own(
    repo: Path, files: Mapping[str, str], told: list[str]
) -> None:
    commit(repo, files)
    fine(repo, "init")
    held = (repo / ".gitattributes").read_text().splitlines()
    assert [line for line in held if line.endswith(" merge=gitml")] == told
    assert fine(repo, "init").out == "nothing to change\n"


def test_a_path_with_a_percent_sign_is_not_gits_to_fill_in() -> None:
    made = drivers.settings("/odd %A/it's python")
    assert shlex.quote("/odd %%A/it's python") in made["merge.gitml.driver"]
    assert shlex.quote("/odd %A/it's python") in made["diff.gitml.textconv"]


# ── merges ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_git_alone_cannot_merge(place: Path) -> None:
    parted(place, {MODEL: OURS}, {MODEL: THEIRS})
    said = done(place, "merge", "-q", "--no-edit", "feature")
    assert (said.returncode, said.stderr) == (0, "")
    assert text(place) == BOTH
    assert fine(place, "validate").out == "1 record checked: no problems\n"


def test_a_clone_without_the_settings_merges_by_lines(place: Path, tmp_path: Path) -> None:
    parted(place, {MODEL: OURS}, {MODEL: THEIRS})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(place), str(clone))
    assert done(clone, "merge", "origin/feature").returncode == 1
    assert "<<<<<<< HEAD\n" in text(clone)
    assert {one["code"] for one in ml(clone, "validate", "--format", "json").json["problems"]} == {"merge.conflict"}
    git(clone, "merge", "--abort")
    fine(clone, "init")
    assert done(clone, "merge", "-q", "--no-edit", "origin/feature").returncode == 0
    assert text(clone) == BOTH


@pytest.mark.parametrize("body", ["exit 1", "exit 3", "exit 127", "kill -9 $$", "echo Traceback >&2; exit 1"])
def test_whatever_goes_wrong_with_us_leaves_gits_own_merge(place: Path, tmp_path: Path, body: str) -> None:
    parted(place, {MODEL: OURS}, {MODEL: THEIRS})
    write(tmp_path / "bin", {"git-ml": f"#!/bin/sh\n{body}\n"})
    (tmp_path / "bin/git-ml").chmod(0o755)
    env = {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    assert done(place, "merge", "feature", env=env).returncode == 1
    assert "<<<<<<< ours\n" in text(place)
    assert "color: white" in text(place)
    assert "team: labs" in text(place)
    git(place, "merge", "--abort")
    git(place, "checkout", "-q", "-b", "easy", "main~1")
    commit(place, {MODEL: BASE.replace("Wines.", "All wines.")})
    assert done(place, "merge", "--no-edit", "-q", "feature", env=env).returncode == 0
    assert text(place) == THEIRS.replace("Wines.", "All wines.")
    assert "+  team: labs" in done(place, "diff", "HEAD~1", "HEAD", "--", MODEL, env=env).stdout


def test_a_python_that_has_no_gitml_any_more(place: Path) -> None:
    parted(place, {MODEL: OURS}, {MODEL: THEIRS})
    git(place, "config", "merge.gitml.driver", drivers.settings("/nowhere/python")["merge.gitml.driver"])
    env = {"PATH": os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not Path(p, "git-ml").exists())}
    assert done(place, "merge", "feature", env=env).returncode == 1
    assert "<<<<<<< ours\n" in text(place)


CLASH = {MODEL: BASE.replace("red", "white")}, {MODEL: BASE.replace("red", "rose").replace("labs", "cellar")}


@pytest.mark.parametrize(
    ("doing", "ours", "theirs"),
    [
        (["merge", "feature"], "main (ours)", "feature (theirs)"),
        (["cherry-pick", "feature"], "main (ours)", "theirs"),
        (["rebase", "main", "feature"], "main (what you rebase onto)", "feature: {} raise the team (yours)"),
        (["rebase", "--apply", "main", "feature"], "main (what you rebase onto)", "{} (yours)"),
    ],
)
def test_messages_and_markers_say_whose_is_whose(place: Path, doing: list[str], ours: str, theirs: str) -> None:
    parted(place, *CLASH)
    theirs = theirs.format(git(place, "rev-parse", "--short=7", "feature"))
    said = done(place, *doing)
    assert said.returncode == 1
    held = text(place)
    one, two = (next(line for line in held.splitlines() if line.startswith(mark)) for mark in ("<<<<<<< ", ">>>>>>> "))
    newer = tuple(map(int, git(place, "version").split()[2].split(".")[:2])) >= (2, 44)
    if not newer or doing[0] != "cherry-pick":
        assert (one[8:], two[8:]) == (ours, theirs)
        assert f"git ml: {MODEL}: conflict in tags.color: white in {ours}, rose in {theirs}\n" in said.stderr
    assert held.replace(f"{one}\n", "").replace(f"{two}\n", "").replace("  color: rose\n", "").replace(
        "=======\n", ""
    ) == (BASE.replace("red", "white"))
    (problem,) = ml(place, "validate", "--format", "json").json["problems"]
    assert (problem["code"], problem["line"], problem["field"]) == ("merge.conflict", 7, "tags.color")


def driver(
    place: Path, *labels: str, base: str = BASE, ours: str = CLASH[0][MODEL], theirs: str = CLASH[1][MODEL]
) -> str:  # type: ignore[assignment]
    """The driver called as a newer git calls it; what it left, behind its exit code."""
    write(place.parent, {"o": base, "a": ours, "b": theirs})
    said = ml(place, "merge-driver", *(str(place.parent / name) for name in "oab"), "9", MODEL, *labels)
    return f"{said.code}\n{(place.parent / 'a').read_text()}"


def test_the_labels_of_a_newer_git(place: Path) -> None:
    code, text = driver(place, "abc123", "Updated upstream", "Stashed changes").split("\n", 1)
    assert code == "10"
    assert "<<<<<<<<< Updated upstream (ours)\n" in text
    assert ">>>>>>>>> Stashed changes (theirs)\n" in text
    assert driver(place, "b", "HEAD", "", base=BASE, theirs=BASE).startswith("0\n")


def test_called_by_hand_it_says_who_calls_it(place: Path) -> None:
    for verb in ("merge-driver", "textconv"):
        said = ml(place, verb)
        assert (said.code, said.out) == (2, "")
        assert said.err.count("\n") == 1
        assert "git ml init" in said.err


def test_both_added_one_version(place: Path) -> None:
    parted(place, *({"metadata/models/wine/3.yaml": f"schema: model-version/1\nid: {one}\n"} for one in "AB"))
    said = done(place, "merge", "feature")
    assert said.returncode == 1
    assert (
        "3.yaml: added on both sides, by main (ours) and by feature (theirs); git ml renumber keeps both\n"
        in said.stderr
    )
    (problem,) = ml(place, "validate", "--format", "json").json["problems"]
    assert (problem["code"], problem["line"]) == ("merge.conflict", 1)
    assert "git ml renumber" in problem["hint"]


def test_a_record_that_cannot_be_read_is_merged_by_lines(place: Path) -> None:
    parted(place, {MODEL: OURS}, {MODEL: THEIRS + "broken: [\n"})
    said = done(place, "merge", "feature")
    assert said.returncode == 1
    assert "no record that can be read on both sides" in said.stderr
    assert "broken: [\n" in text(place)
    assert "<<<<<<< main (ours)\n" in text(place)


def test_series_are_merged_by_lines(place: Path) -> None:
    series = "metadata/series/x.yaml"
    commit(place, {series: "a: 1\nb: 1\n"})
    parted(place, {series: "a: 2\nb: 1\n"}, {series: "a: 1\nb: 2\n"})
    assert done(place, "merge", "feature").returncode == 1


def test_binary_files_stay_in_conflict(place: Path) -> None:
    found = lines(Git.find(place), Versions(b"\0a", b"\0b", b"\0c"), labels=Labels())
    assert (found.content, found.clean) == (None, False)


def test_crlf_on_one_side(place: Path) -> None:
    oid = git(place, "hash-object", "-w", "--stdin", "--no-filters", text=OURS.replace("\n", "\r\n").encode())
    git(place, "checkout", "-q", "-b", "feature")
    commit(place, {MODEL: THEIRS})
    git(place, "checkout", "-q", "main")
    git(place, "update-index", "--cacheinfo", f"100644,{oid},{MODEL}")
    git(place, "commit", "-q", "-m", "CRLF")
    for sides in (("main", "feature"), ("feature", "main")):
        tree = git(place, "merge-tree", "--write-tree", *sides)
        assert git(place, "cat-file", "blob", f"{tree}:{MODEL}") == BOTH.removesuffix("\n")


def test_file_modes_and_renames_are_gits_business(place: Path) -> None:
    git(place, "checkout", "-q", "-b", "feature")
    git(place, "mv", MODEL, "metadata/models/grape.yaml")
    commit(place, {"metadata/models/grape.yaml": THEIRS})
    git(place, "checkout", "-q", "main")
    git(place, "update-index", "--chmod=+x", MODEL)
    (place / MODEL).chmod(0o755)
    commit(place, {MODEL: OURS})
    assert done(place, "merge", "-q", "--no-edit", "feature").returncode == 0
    assert (place / "metadata/models/grape.yaml").read_text() == BOTH
    assert git(place, "ls-files", "-s", "--", "metadata/models").startswith("100755")


def test_removed_here_and_changed_there(place: Path) -> None:
    git(place, "checkout", "-q", "-b", "feature")
    commit(place, {MODEL: THEIRS})
    git(place, "checkout", "-q", "main")
    git(place, "rm", "-q", MODEL)
    git(place, "commit", "-q", "-m", "away")
    assert done(place, "merge", "feature").returncode == 1
    (problem,) = ml(place, "validate", "--format", "json").json["problems"]
    assert (problem["code"], problem["path"]) == ("merge.conflict", MODEL)


def test_criss_cross(place: Path) -> None:
    parted(place, {MODEL: BASE.replace("red", "white")}, {MODEL: BASE.replace("cellar", "labs")})
    git(place, "branch", "other", "feature")
    done(place, "merge", "-q", "--no-edit", "feature")
    git(place, "checkout", "-q", "other")
    done(place, "merge", "-q", "--no-edit", "main~1")
    commit(place, {MODEL: text(place).replace("Wines.", "All wines.")})
    git(place, "checkout", "-q", "main")
    commit(place, {MODEL: text(place).replace('"@a"', '"@z"')})
    assert done(place, "merge", "-q", "--no-edit", "other").returncode == 0
    assert text(place) == BASE.replace("red", "white").replace("cellar", "labs").replace(
        "Wines.", "All wines."
    ).replace('- "@a"\n- "@m"\n', '- "@z"\n- "@m"\n')


def test_criss_cross_with_a_conflict_in_the_middle(place: Path) -> None:
    parted(place, *CLASH)
    git(place, "branch", "other", "feature")
    for branch, with_, color in (("main", "feature", "green"), ("other", "main~1", "blue")):
        git(place, "checkout", "-q", branch)
        done(place, "merge", with_)
        commit(place, {MODEL: BASE.replace("red", color)})
    git(place, "checkout", "-q", "main")
    assert done(place, "merge", "other").returncode == 1
    assert "green" in text(place)
    assert "blue" in text(place)


def test_in_a_folder_of_the_repository_in_a_worktree_with_sha256(tmp_path: Path) -> None:
    place = init(tmp_path / "one", "--object-format=sha256")
    (place / "team").mkdir()
    fine(place / "team", "init")
    commit(place, {f"team/{MODEL}": BASE})
    parted(place, {f"team/{MODEL}": OURS}, {f"team/{MODEL}": THEIRS})
    git(place, "worktree", "add", "-q", str(tmp_path / "two"), "-b", "two")
    assert done(tmp_path / "two", "merge", "-q", "--no-edit", "feature").returncode == 0
    assert (tmp_path / "two/team" / MODEL).read_text() == BOTH


def test_without_a_work_tree(place: Path) -> None:
    parted(place, {MODEL: OURS}, {MODEL: THEIRS})
    tree = git(place, "merge-tree", "--write-tree", "main", "feature")
    assert git(place, "cat-file", "blob", f"{tree}:{MODEL}") == BOTH.removesuffix("\n")


def test_a_schema_that_changed_between_the_sides(place: Path) -> None:
    schema = (Path(__file__).parents[2] / "schemas/model.yaml").read_text().replace("$id: model/1", "$id: model/2")
    parted(place, {"schemas/model.yaml": schema, MODEL: OURS.replace("model/1", "model/2")}, {MODEL: THEIRS})
    said = done(place, "merge", "feature")
    assert said.returncode == 1
    assert "merged by lines" in said.stderr
    assert "schema: model/2\n" in text(place)


def test_neither_pandas_nor_dvc_is_imported(place: Path) -> None:
    write(place.parent, {"o": BASE, "a": OURS, "b": THEIRS})
    code = (
        "import sys; from gitml.cli import main; done = main(sys.argv[1:]);"
        "print(done, sorted({'pandas', 'dvc', 'numpy', 'git', 'rich', 'argparse'} & set(sys.modules)))"
    )
    argv = ["merge-driver", *(str(place.parent / name) for name in "oab"), "7", MODEL, "%S", "%X", "%Y"]
    env = {**environment(), "PYTHONPATH": source()}
    assert process(place, sys.executable, "-c", code, *argv, env=env).out == "0 []\n"
    assert (place.parent / "a").read_text() == BOTH


# ── DVC's files ─────────────────────────────────────────────────────────────────────────────────────────────────────

PIPELINE = """\
stages:
  one:
    cmd: cp one.txt one.out
    deps: [one.txt]
    outs: [one.out]
  two:
    cmd: cp two.txt two.out
    deps: [two.txt]
    outs: [two.out]
"""


def test_a_merged_lock_is_up_to_date_to_dvc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = init(tmp_path / "repo")
    dvc(place, "init", "-q")
    fine(place, "init")
    write(place, {"dvc.yaml": PIPELINE, "one.txt": "1", "two.txt": "2"})
    dvc(place, "repro", "-q")
    commit(place, {})
    for branch, stage in (("feature", "two"), ("main", "one")):
        git(place, "checkout", "-q", *(["-b"] if branch == "feature" else []), branch)
        dvc(place, "checkout", "-q")
        write(place, {f"{stage}.txt": "new\n"})
        dvc(place, "repro", "-q")
        commit(place, {})
    said = done(place, "merge", "-q", "--no-edit", "feature")
    assert (said.returncode, said.stderr) == (0, "")
    dvc(place, "checkout", "-q")
    assert dvc(place, "status") == "Data and pipelines are up to date.\n"
    git(place, "checkout", "-q", "-b", "again", "main~1")
    write(place, {"two.txt": "another"})
    dvc(place, "checkout", "-q")
    dvc(place, "repro", "-q")
    commit(place, {})
    said = done(place, "merge", "feature")
    assert said.returncode == 1
    assert "git ml: dvc.lock: conflict in stages.two: changed by again (ours) and by feature (theirs)\n" in said.stderr
    held = (place / "dvc.lock").read_text().splitlines()
    assert held[held.index("<<<<<<< again (ours)") + 1] == "  two:"
    assert held[held.index("=======") + 1] == "  two:"


# ── what a diff shows ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_diff_shows_nothing_but_meaning(place: Path, shell: dict[str, str]) -> None:
    odd = "schema: model/1\ntags: {team: 'cellar', color: red} # by hand\n"
    odd += 'owners:\n- \'@a\'\n- "@m"\ndescription: "Wines."\n'
    write(place, {MODEL: odd})
    shown = process(place, "git", "diff", "--", MODEL, env=shell).out
    assert [line for line in shown.splitlines() if line.startswith(("+ ", "- "))] == []
    assert "+tags:  # by hand" in shown
    write(place, {MODEL: odd.replace("red", "white")})
    shown = process(place, "git", "diff", "--", MODEL, env=shell).out
    assert [line for line in shown.splitlines() if line.startswith(("+ ", "- "))] == [
        "-  color: red",
        "+  color: white",
    ]
    for other in ("a: [\n", "no: schema\n", "schema: nothing/1\nb: 1\na: 2\n", b"\xff\n"):
        write(place, {MODEL: other})
        assert process(place, "git", "diff", "--", MODEL, env=shell).code == 0
        said = process(place, "git-ml", "textconv", MODEL, env=shell)
        assert (said.code, said.err) == (0, "")
    write(place, {MODEL: "schema: nothing/1\nb: 1\na: 2\n"})
    assert process(place, "git-ml", "textconv", MODEL, env=shell).out == "schema: nothing/1\nb: 1\na: 2\n"


def test_a_diff_in_a_clone_that_has_lost_gitml(place: Path) -> None:
    git(place, "config", "diff.gitml.textconv", drivers.settings(None)["diff.gitml.textconv"])
    env = {"PATH": os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not Path(p, "git-ml").exists())}
    write(place, {MODEL: BASE.replace("red", "white")})
    assert "+  color: white" in done(place, "diff", env=env).stdout


def test_the_executables_are_found(tmp_path: Path, place: Path) -> None:
    parted(place, {MODEL: OURS}, {MODEL: THEIRS})
    git(place, "config", "merge.gitml.driver", drivers.settings(None)["merge.gitml.driver"])
    assert process(place, "git", "merge", "-q", "--no-edit", "feature", env=typed(tmp_path / "bin")).code == 0
    assert text(place) == BOTH
