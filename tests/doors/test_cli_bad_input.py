"""Bad input at the door: one line that says what to do, nothing lost, no traceback."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from command_line import Said, fine, ml, process
from gitml.cli import entry
from gitrepo import git, init, write

AUC = "metadata/metrics/auc.yaml"


def one_line(said: Said, told: str, code: int = 1) -> None:
    assert said.code == code
    assert said.out == ""
    assert re.fullmatch(r"git ml: [^\n]+\n", said.err), said.err
    assert told in said.err
    assert "Traceback" not in said.err


# ── where there is nothing to work on ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", ["list", "show model/wine", "validate", "validate --staged", "new metric a", "init"])
def test_no_repository(tmp_path: Path, words: str) -> None:
    said = ml(tmp_path, *words.split())
    one_line(said, "not a git repository (or any of the parent directories): .git; go to a folder inside a repository")


def test_no_git_on_the_path(store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    one_line(ml(store, "list"), "git is not on the PATH; install git 2.25 or later")
    one_line(ml(store, "validate", "--staged"), "git is not on the PATH")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    one_line(ml(tmp_path, "-C", "nowhere", "list"), "nowhere: No such file or directory")


def test_a_folder_that_is_gone(store: Path, shell: dict[str, str], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    said = process(gone, "sh", "-c", f"rmdir {gone}; exec git-ml list", env=shell)
    assert said.code == 1
    assert re.fullmatch(r"git ml: [^\n]+\n", said.err), said.err


def test_a_bare_repository_is_read_and_not_written(store: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(store), "bare.git")
    bare = tmp_path / "bare.git"
    assert fine(bare, "list", "run").out == fine(store, "list", "run").out
    assert fine(bare, "show", "model/wine@2", "--format", "json").json["at"]["kind"] == "commit"
    assert fine(bare, "validate").out == "8 records checked: no problems\n"
    one_line(ml(bare, "rm", "metric/auc"), "there is no work tree here; name a branch to commit to (--branch)")
    assert fine(bare, "set", "metric/auc", "direction=lower", "--branch", "side", "--format", "json").json["commit"]
    one_line(ml(bare, "init"), "this repository is bare: it has no work tree")
    one_line(ml(bare, "list", "--at", "staged"), "staged: this repository has no work tree")
    one_line(ml(bare, "run", "--experiment", "e", "--", "true"), "this repository is bare")


def test_before_the_first_commit(repo: Path) -> None:
    assert fine(repo, "list").out == ""
    assert fine(repo, "validate").out == "0 records checked: no problems\n"
    assert fine(repo, "validate", "--staged").out == "0 records checked: no problems\n"
    one_line(ml(repo, "list", "--at", "HEAD"), "there is no commit yet; commit something first")
    assert fine(repo, "new", "metric", "auc", "direction=higher", "--commit").out.endswith(
        f"committed {git(repo, 'rev-parse', 'HEAD')[:12]}\n"
    )


def test_a_detached_head(store: Path) -> None:
    git(store, "checkout", "-q", "--detach")
    assert fine(store, "list", "run").code == 0
    said = fine(store, "set", "metric/auc", "direction=lower", "--commit", "--format", "json")
    assert said.json["commit"] == git(store, "rev-parse", "HEAD")


def test_a_merge_in_progress(store: Path) -> None:
    git(store, "checkout", "-q", "-b", "side", "v1")
    write(store, {"x": "1"})
    git(store, "add", "-A")
    git(store, "commit", "-q", "-m", "x")
    git(store, "merge", "-q", "--no-commit", "--no-ff", "main")
    before = git(store, "status", "--porcelain")
    one_line(ml(store, "set", "metric/auc", "direction=lower", "--commit"), "merge")
    assert git(store, "status", "--porcelain") == before
    assert fine(store, "list", "run").code == 0


def test_schemas_that_are_broken(store: Path) -> None:
    sideways = "$id: metric/1\nx-gitml: {addressing: sideways}\n"
    write(store, {"schemas/metric.yaml": sideways, "schemas/x.yaml": "$id: x/1\n a: ["})
    said = ml(store, "validate")
    assert said.code == 1
    assert "schemas/metric.yaml:2:" in said.out
    assert "error schema.invalid" in said.out
    assert fine(store, "list", "run").code == 0


def test_records_that_cannot_be_read_are_counted(store: Path) -> None:
    write(store, {AUC: "a: [" * 200_000, "metadata/metrics/loss.yaml": "\0"})
    rows = {row["kind"]: row for row in fine(store, "list", "--format", "json").json["rows"]}
    assert rows["metric"] == {"kind": "metric", "records": 0, "problems": 2}
    one_line(ml(store, "show", "metric/auc"), "metric/auc cannot be read: ")


# ── words that mean nothing ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "model/wein@1"), "there is no model/wein@1 in the work tree (nearest: model/wine@1"),
        (("show", "v1:alias/model/wine/production"), "there is no alias/model/wine/production at "),
        (("show", "model"), "'model' is not a ref"),
        (("show", ""), "'' is not a ref; write kind/name, kind/name@version"),
        (("show", "model/wine/3/4"), "does not name a model; write model/NAME"),
        (("show", "v9:model/wine"), "no revision 'v9' here"),
        (("show", "../../etc/passwd"), "is not a ref"),
        (("list", "runs"), "there is no kind 'runs' (nearest: run)"),
        (("list", "run", "--at", "2001-01-01"), "2001-01-01"),
        (("list", "run", "--columns", "metrics.acu"), "no run has a field metrics.acu (nearest: metrics.auc"),
        (("list", "run", "--sort", "-nothing"), "no run has a field nothing"),
        (("new", "mtric", "x"), "there is no kind 'mtric' (nearest: metric)"),
        (("new", "metric"), "does not name a metric"),
        (("new", "model-version", "wine"), "does not name a model-version"),
        (("rm", "metric/acu"), "there is no metric/acu"),
        (("promote", "model/wine", "production"), "model/wine names no version; write model/NAME@VERSION"),
        (("promote", "model/wine@9", "production"), "model/wine@9"),
        (("retire", "model/wine@9"), "model/wine@9"),
        (("register", "wine", "--run", "run/wine/none"), "run/wine/none"),
        (("register", "wine", "--path", "nowhere.pkl"), "nowhere.pkl"),
        (("new", "dataset", "d", "--from", "nowhere.csv"), "nowhere.csv"),
        (("get", "metric/auc"), "metric/auc points to no bytes"),
        (("validate", "nowhere"), "there is no nowhere in the work tree"),
        (("validate", "../.."), "lies outside of the repository"),
        (("validate", "/"), "lies outside of the repository"),
        (("validate", "--at", "v1", "metadata/aliases"), "there is no metadata/aliases at "),
        (("run", "--experiment", "e", "--", "no-such-command-here"), "there is no command 'no-such-command-here'"),
        (("run", "--experiment", "e", "--input", "a", "--", "true"), "'a' is no NAME=REF|PATH"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else None,
)
def test_what_is_not_there(store: Path, words: tuple[str, ...], told: str) -> None:
    before = git(store, "status", "--porcelain")
    said = ml(store, *words)
    if said.err.count("\n") > 1:  # refused: a line for each problem
        assert said.code == 1
        assert "git ml: refused for " in said.err
    else:
        one_line(said, told)
    assert git(store, "status", "--porcelain") == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("validate --staged --at v1", "different questions"),
        ("validate --staged metadata", "different questions"),
        ("validate --fix --at v1", "--fix rewrites files of the work tree"),
        ("validate --fix --staged", "--fix rewrites files of the work tree"),
        ("set metric/auc", "which fields?"),
        ("new metric x --from data.csv", "--from describes a dataset"),
        ("run --experiment e", "no command is given"),
        ("run --experiment e --", "no command is given"),
        ("rm metric/auc -m why", "-m goes with --commit or --branch"),
    ],
)
def test_what_does_not_go_together(store: Path, words: str, told: str) -> None:
    one_line(ml(store, *words.split()), told, code=2)


@pytest.mark.parametrize(
    "filter_",
    [
        "a >",
        "(a = 1",
        "a = 'x",
        "a == 1 and",
        "a = 1 or or b = 2",
        "`a",
        "a in (",
        "a like 3",
        "a ~ 1",
        "1 = 1 = 1",
        "é >",
    ],
)
def test_a_wrong_filter_is_marked_below_its_column(store: Path, filter_: str) -> None:
    said = ml(store, "list", "run", filter_)
    assert (said.code, said.out) == (1, "")
    first, shown, mark = said.err.splitlines()
    column = re.match(r"git ml: filter:(\d+): ", first)
    assert column
    assert shown == f"  {filter_}"
    assert mark == f"{' ' * (int(column[1]) + 1)}^"


def test_names_with_escapes_reach_no_terminal(store: Path) -> None:
    one_line(ml(store, "show", "model/\x1b[2Jx"), "model/%1B[2Jx")
    one_line(ml(store, "list", "\x1b]0;owned\x07"), "\\x1b]0;owned\\x07")


# ── a disk that refuses, a bug of ours ────────────────────────────────────────────────────────────────────────────


def test_what_the_system_refuses_is_told_in_a_line(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_door: object) -> int:
        raise OSError(28, "No space left on device", "/somewhere")

    monkeypatch.setattr(entry, "_deed", lambda _verb: full)
    one_line(ml(store, "list"), "/somewhere: No space left on device")
    assert ml(store, "list", "--format", "json").error["code"] == "disk"


def broken(_door: object) -> int:
    raise KeyError("what nobody thought of")


def test_a_bug_of_ours_is_kept_in_a_file(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_deed", lambda _verb: broken)
    said = ml(store, "run", "--experiment", "secret-plan", "--", "true")
    one_line(said, "a bug in gitml: KeyError: 'what nobody thought of'; please report it, with ", code=3)
    kept = Path(said.err.rpartition(" ")[2].strip())
    assert kept.parent == store / ".git/gitml"
    text = kept.read_text()
    assert text.startswith("gitml ")
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in text
    assert "git ml run\n" in text
    assert "secret-plan" not in text
    assert text.endswith("KeyError: 'what nobody thought of'\n")
    assert git(store, "status", "--porcelain") == ""
    error = ml(store, "list", "--format", "json").error
    assert error["code"] == "bug"


def test_a_bug_outside_of_a_repository_is_kept_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_deed", lambda _verb: broken)
    said = ml(tmp_path, "list")
    assert said.code == 3
    kept = Path(said.err.rpartition(" ")[2].strip())
    assert kept.read_text()
    kept.unlink()


def test_debugging_shows_the_traceback(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_deed", lambda _verb: broken)
    monkeypatch.setenv("GITML_DEBUG", "1")
    said = ml(store, "list")
    assert said.code == 3
    assert "Traceback (most recent call last):" in said.err
    assert said.err.endswith("please report it, with the traceback above\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_work_tree_that_may_not_be_written(store: Path) -> None:
    (store / "metadata/metrics").chmod(0o555)
    one_line(ml(store, "new", "metric", "loss", "direction=lower"), "cannot write: permission denied")


def test_another_repository_in_git_dir(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other/.git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    assert fine(store, "list", "run").out.count("run/wine/") == 3
