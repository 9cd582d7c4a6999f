"""What git has said is used again only while it is true: each answer that was kept equals one of a new process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gitml.repo.around import around
from gitml.repo.code import blob_of, code
from gitml.repo.git import Git, kept
from gitml.repo.git.kept import Kept
from gitml.repo.git.session import Session
from gitml.repo.repository import Repository
from gitrepo import commit, git, init, write

RUN = "metadata/runs/wine/7c/01JD.yaml"
MODEL = "metadata/models/wine.yaml"

EDITS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _repo: None,
    "code edited": lambda repo: write(repo, {"a.py": "22\n"}),
    "a new file": lambda repo: write(repo, {"src/new.py": "1\n"}),
    "a new folder": lambda repo: write(repo, {"src/in/side/x.py": "1\n"}),
    "in an empty folder": lambda repo: write(repo, {"empty/x.py": "1\n"}),
    "an ignored file": lambda repo: write(repo, {"out/x": "1\n"}),
    "no longer ignored": lambda repo: write(repo, {".gitignore": "*.pyc\n"}),
    "ignored by another file": lambda repo: write(repo, {"src/.gitignore": "*\n"}),
    "excluded": lambda repo: write(repo, {".git/info/exclude": "*.log\n"}),
    "removed": lambda repo: (repo / "src/b.py").unlink(),
    "renamed": lambda repo: (write(repo, {"src/b.py": "1\n"}), (repo / "src/b.py").rename(repo / "src/c.py")),
    "executable": lambda repo: (repo / "a.py").chmod(0o755),
    "a link": lambda repo: ((repo / "a.py").unlink(), (repo / "a.py").symlink_to("src/b.py")),
    "staged": lambda repo: (write(repo, {"a.py": "333\n"}), git(repo, "add", "a.py")),
    "unstaged": lambda repo: git(repo, "rm", "-q", "--cached", "a.py"),
    "committed": lambda repo: commit(repo, {"a.py": "4444\n"}),
    "a record edited": lambda repo: write(repo, {MODEL: "schema: model/1\npurpose: more\n"}),
    "a record made": lambda repo: write(repo, {RUN: "schema: run/1\n"}),
    "a record staged": lambda repo: (write(repo, {RUN: "schema: run/1\n"}), git(repo, "add", RUN)),
    "a record removed": lambda repo: (repo / MODEL).unlink(),
    "line ends": lambda repo: write(repo, {MODEL: "schema: model/1\r\npurpose: wines\r\n"}),
    "attributes": lambda repo: write(repo, {".gitattributes": "*.yaml -text\n", MODEL: "a: 1\r\n"}),
    "a folder for a record": lambda repo: ((repo / MODEL).unlink(), write(repo, {f"{MODEL}/x": "1\n"})),
    "outside of a sparse checkout": lambda repo: (
        git(repo, "update-index", "--skip-worktree", MODEL), (repo / MODEL).unlink()
    ),
    "a schema": lambda repo: write(repo, {"schemas/run.yaml": "$id: run/1\n"}),
    "detached": lambda repo: git(repo, "checkout", "-q", "--detach"),
}  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    place = init(tmp_path / "repo")
    files = {
        "a.py": "1\n",
        "src/b.py": "1\n",
        ".gitignore": "out/\n*.pyc\n",
        "metadata/store.yaml": "schema: store/1\n",
    }
    commit(place, {**files, MODEL: "schema: model/1\npurpose: wines\n", "schemas/note.yaml": "type: object\n"})
    (place / "empty").mkdir()
    write(place, {"out/model.pkl": "w"})
    return place


@pytest.fixture
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything counts as written long ago, so that all is kept."""
    for margin in ("_FINE", "_COARSE"):
        monkeypatch.setattr(kept, margin, -(10**18))


def merged(repo: Path) -> None:
    """Leave a merge in the middle, with a record that both sides changed."""
    git(repo, "checkout", "-q", "-b", "other")
    commit(repo, {MODEL: "schema: model/1\npurpose: theirs\n"})
    git(repo, "checkout", "-q", "main")
    commit(repo, {MODEL: "schema: model/1\npurpose: ours\n"})
    git(repo, "merge", "-q", "other", check=False)
    write(repo, {MODEL: "schema: model/1\npurpose: ours\n"})


@pytest.mark.usefixtures("at_rest")
def test_the_code_is_what_a_new_process_says(repo: Path) -> None:
    found = Repository.find(repo)
    for name, edit in EDITS.items():
        if name in ("committed", "outside of a sparse checkout", "a schema"):
            shutil.rmtree(repo / MODEL, ignore_errors=True)
            git(repo, "reset", "-q", "--hard")
        edit(repo)
        told, anew = code(found), code(Repository.find(repo))
        assert (told.commit, told.tree, set(told.changed)) == (anew.commit, anew.tree, set(anew.changed)), name
        assert blob_of(found, "a.py") == blob_of(Repository.find(repo), "a.py"), name


@pytest.mark.usefixtures("at_rest")
@pytest.mark.parametrize("name", [*EDITS, "merged"])
def test_the_work_tree_path_by_path_is_the_whole_one(repo: Path, name: str) -> None:
    found = Repository.find(repo)
    paths = [MODEL, RUN, "metadata/store.yaml", "metadata", f"{MODEL}/x", "schemas/run.yaml"]
    folders = ["schemas", "metadata", "metadata/models", "gone"]
    _ask(found, paths, folders)
    edits = {**EDITS, "merged": merged}
    edits[name](repo)
    told, whole = _ask(found, paths, folders), Repository.find(repo).worktree()
    assert told[0] == {path: whole.tree.file(path) for path in paths}
    assert told[1] == {folder: (whole.tree.files(folder), whole.tree.under([folder])) for folder in folders}
    assert told[2] == {path: whole.bytes_at(path) for path in (MODEL, RUN, "schemas/run.yaml")}
    assert set(told[3]) == {one for one in whole.tree_problems if one.path in paths}
    standing = found.standing()
    standing.tree.ready(paths)
    assert {path: standing.tree.file(path) for path in paths} == told[0]
    assert dict(standing.tree.entries) == dict(whole.tree.entries)


def _ask(repository: Repository, paths: list[str], folders: list[str]) -> tuple[object, object, object, object]:
    here = repository.standing()
    files = {path: here.tree.file(path) for path in paths}
    listed = {folder: (here.tree.files(folder), here.tree.under([folder])) for folder in folders}
    held = {path: here.bytes_at(path) for path in (MODEL, RUN, "schemas/run.yaml")}
    return files, listed, held, here.tree_problems


def test_what_was_written_just_now_is_asked_again(tmp_path: Path) -> None:
    file, asked = tmp_path / "a", []
    held = Kept(tmp_path)
    file.write_text("1")
    for _look in range(2):
        held.ask("a", lambda: asked.append(1), lambda _found: [file])
    assert len(asked) == 2


@pytest.mark.usefixtures("at_rest")
def test_an_answer_stands_while_its_files_are_as_they_were(tmp_path: Path) -> None:
    file, link = tmp_path / "a", tmp_path / "link"
    file.write_text("1")
    link.symlink_to(file)
    held = Kept(tmp_path)

    def ask() -> str | None:
        return held.ask("a", lambda: file.read_text() if file.exists() else None, lambda _found: [link, tmp_path / "b"])

    assert ask() == ask() == "1"
    file.write_text("22")
    assert ask() == "22"
    file.unlink()
    assert ask() is None
    assert held.ask("many", lambda: 1, lambda _found: None) == 1
    assert held.ask("many", lambda: 2, lambda _found: None) == 2


@pytest.mark.usefixtures("at_rest")
def test_the_author_is_who_git_says_now(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME", raising=False)
    monkeypatch.setenv("HOME", str(repo.parent))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    found = Repository.find(repo)
    assert found.author() == "Mona"
    git(repo, "config", "user.name", "Nina", env={"HOME": str(repo.parent)})
    assert found.author() == "Nina"
    git(repo, "config", "--unset", "user.name")
    (repo.parent / ".gitconfig").write_text("[include]\n\tpath = more\n")
    (repo.parent / "more").write_text("[user]\n\tname = Olga\n")
    assert found.author() == "Olga"
    (repo.parent / "more").write_text("[user]\n\tname = Petra\n")
    assert found.author() == "Petra"
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Quinn")
    assert found.author() == "Quinn"


@pytest.mark.usefixtures("at_rest")
def test_what_git_ignores_is_what_it_says_now(repo: Path) -> None:
    asking = Session(Git.find(repo)).ignoring
    assert asking.of(["metadata/a.yaml", "out/x", "metadata/x.pyc"]) == ["out/x", "metadata/x.pyc"]
    write(repo, {"metadata/.gitignore": "*.yaml\n!b.yaml\n"})
    assert asking.of(["metadata/a.yaml", "metadata/b.yaml"]) == ["metadata/a.yaml"]
    (repo / "link").symlink_to("src")
    assert asking.of(["link/x.pyc", "metadata/a.yaml"]) == ["metadata/a.yaml"]  # git gives no answer behind a link
    assert asking.of(["a line\nfeed.pyc"]) == ["a line\nfeed.pyc"]


def test_a_fork_asks_git_by_itself(repo: Path) -> None:
    session = Session(Git.find(repo))
    head = session.commit("HEAD")
    child = os.fork()
    if child == 0:
        os._exit(0 if all(session.commit("HEAD") == head for _ in range(50)) else 1)
    assert all(session.commit("HEAD") == head for _ in range(50))
    assert os.waitpid(child, 0)[1] == 0


def test_refs_are_names_and_no_revisions(repo: Path) -> None:
    commit(repo, {"a.py": "2\n"})
    session = Session(Git.find(repo))
    assert session.commit("refs/heads/main") == git(repo, "rev-parse", "HEAD")
    assert session.commit("refs/heads/main~1") is None
    assert session.commit("refs/heads/none") is None
    git(repo, "update-ref", "refs/heads/main", "HEAD~1")
    assert session.commit("refs/heads/main") == git(repo, "rev-parse", "HEAD")


def test_the_repository_around_a_path_is_looked_for_where_it_could_be_another(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = repo / "src"
    first = around(inner)
    assert around(inner) is first
    git(repo, "config", "core.bare", "false")
    git(inner, "init", "-q")
    assert around(inner).git.root == inner.resolve()
    shutil.rmtree(inner / ".git")
    assert around(inner).git.root == repo.resolve()
    write(repo, {"src/metadata/store.yaml": "schema: store/1\n"})
    assert around(inner).prefix == "src/"
    monkeypatch.chdir(repo)
    monkeypatch.setenv("GIT_DIR", str(repo / ".git"))
    assert dict(around(repo).git.settings)["GIT_DIR"] == str(repo / ".git")
