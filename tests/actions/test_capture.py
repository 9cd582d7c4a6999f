"""The code that a run is from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gitml
from gitml.actions.run import RunWarning
from gitrepo import commit, environment, git, write

SCRIPT = """
import gitml, sys
with gitml.run("wine") as run:
    run.log({"auc": 0.9})
print(run.ref)
"""


def code(place: Path, **what: Any) -> dict[str, Any]:
    with gitml.run("wine", **what) as run:
        pass
    found = gitml.open(place).show(run.ref).data["code"]
    assert isinstance(found, dict)
    return found


def run_script(place: Path, *args: str, cwd: str = ".") -> dict[str, Any]:
    """What a process of its own records; the last word it prints is the run's ref."""
    source = str(Path(gitml.__file__).parents[1])
    env = environment({"PYTHONPATH": source})
    done = subprocess.run([sys.executable, *args], cwd=place / cwd, env=env, capture_output=True, check=True, text=True)
    return dict(gitml.open(place).show(done.stdout.split()[-1]).data)


def test_a_clean_work_tree_is_its_commit(plain: Path) -> None:
    found = code(plain)
    assert found["commit"] == git(plain, "rev-parse", "HEAD")
    assert found["tree"] == git(plain, "rev-parse", "HEAD^{tree}")
    assert found["dirty"] is False


def test_the_tree_holds_what_was_not_committed_and_the_index_is_left_alone(plain: Path) -> None:
    commit(plain, {"a.py": "1\n", "b.py": "1\n", "c.py": "1\n"})
    write(plain, {"a.py": "2\n", "b.py": "staged\n"})
    git(plain, "add", "b.py")
    git(plain, "rm", "-q", "--cached", "c.py")
    write(plain, {"b.py": "unstaged\n"})
    before = (plain / ".git/index").read_bytes(), git(plain, "ls-files", "-s")
    found = code(plain)
    assert ((plain / ".git/index").read_bytes(), git(plain, "ls-files", "-s")) == before
    assert found["dirty"] is True
    assert found["commit"] == git(plain, "rev-parse", "HEAD")
    assert git(plain, "show", f"{found['tree']}:a.py") == "2"
    assert git(plain, "show", f"{found['tree']}:b.py") == "unstaged"
    assert "c.py" not in git(plain, "ls-tree", "--name-only", found["tree"]).split()


@pytest.mark.parametrize(
    ("path", "dirty"),
    [("helper.py", True), ("metadata/notes/x.yaml", False), ("out/model.pkl", False), ("out/other.pkl", True)],
)
def test_dirty_is_anything_but_the_store_and_declared_outputs(plain: Path, path: str, dirty: bool) -> None:  # noqa: FBT001
    write(plain, {"out/model.pkl": "w", path: "schema: note/1\n"})
    with gitml.run("wine") as run:
        run.log_output("out/model.pkl", "model")
    assert gitml.open().show(run.ref).data["code"]["dirty"] is dirty


def test_an_output_that_is_tracked_or_a_folder_does_not_make_it_dirty(plain: Path) -> None:
    commit(plain, {"metrics.json": "{}\n"})
    write(plain, {"metrics.json": "{1}\n", "out/a": "1", "out/b": "2"})
    with gitml.run("wine") as run:
        run.log_output("metrics.json", "metrics")
        run.log_output("out", "all")
    assert gitml.open().show(run.ref).data["code"]["dirty"] is False


def test_the_script_its_blob_and_its_command(plain: Path) -> None:
    blob = git(plain, "hash-object", "-w", "--stdin", text=SCRIPT.encode())
    commit(plain, {"src/train it.py": SCRIPT})
    found = run_script(plain, "src/train it.py", "--lr", "0.01", "--password", "hunter2")["code"]
    assert (found["path"], found["blob"]) == ("src/train it.py", blob)
    assert found["command"].startswith("python")
    assert found["command"].endswith("'src/train it.py' --lr 0.01 --password [redacted]")
    assert found["dirty"] is False


def test_the_command_does_not_tell_where_things_lie_on_this_machine(plain: Path) -> None:
    commit(plain, {"src/train.py": SCRIPT})
    found = run_script(plain, str(plain / "src/train.py"), cwd="src")["code"]
    assert str(plain) not in json.dumps(found)
    assert str(Path(sys.executable).parent) not in json.dumps(found)
    assert found["command"].endswith("src/train.py")


def test_a_module_is_its_file(plain: Path) -> None:
    commit(plain, {"pkg/__init__.py": "", "pkg/train.py": SCRIPT})
    assert run_script(plain, "-m", "pkg.train")["code"]["path"] == "pkg/train.py"


def test_code_from_a_shell_has_no_path(plain: Path) -> None:
    found = run_script(plain, "-c", SCRIPT)["code"]
    assert "path" not in found
    assert "blob" not in found


def test_a_notebook_is_named_by_its_variable(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(plain, {"explore.ipynb": "{}\n"})
    monkeypatch.setenv("GITML_NOTEBOOK", "explore.ipynb")
    found = code(plain)
    assert (found["path"], found["notebook"]) == ("explore.ipynb", {"path": "explore.ipynb"})


def test_in_a_sub_folder_and_a_linked_worktree(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(plain, {"src/x.py": "1\n"})
    monkeypatch.chdir(plain / "src")
    assert code(plain)["dirty"] is False
    other = tmp_path / "other"
    git(plain, "worktree", "add", "-q", str(other), "-b", "other")
    write(other, {"src/x.py": "2\n"})
    monkeypatch.chdir(other)
    found = code(other)
    assert found["dirty"] is True
    assert git(plain, "show", f"{found['tree']}:src/x.py") == "2"


def test_a_sha256_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gitrepo import init

    place = init(tmp_path / "long", "--object-format=sha256")
    gitml.init(place)
    commit(place, {"a.py": "1\n"})
    monkeypatch.chdir(place)
    found = code(place, commit=True)
    assert len(found["commit"]) == len(found["tree"]) == 64
    write(place, {"a.py": "2\n"})
    assert len(code(place)["tree"]) == 64


def test_what_git_cannot_tell_is_told_and_the_run_goes_on(plain: Path) -> None:
    commit(plain, {"a.py": "1\n"})
    write(plain, {"a.py": "2\n"})
    place = plain / ".git/objects" / git(plain, "hash-object", "a.py")[:2]
    assert not place.exists()
    place.write_text("a file stands where the new blob's folder belongs")
    with pytest.warns(RunWarning, match="what is not committed was not captured"), gitml.run("wine") as run:
        pass
    found = gitml.open().show(run.ref).data["code"]
    assert found["commit"] == git(plain, "rev-parse", "HEAD")
    assert "tree" not in found
    assert found["dirty"] is True
