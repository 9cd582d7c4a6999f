"""Where a commit may go: any kind of repository, what is checked out, and branches that are not."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitml.errors import BadValue, Conflict, GitFailed, Refused
from gitml.repo.change import Change
from gitml.repo.git import Git
from gitml.repo.writing import commit as commits
from gitml.repo.writing import writer
from gitml.repo.writing.writer import Written
from gitrepo import commit, git, init, write

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RUN = "metadata/runs/wine/7c/01JD.yaml"


def put(
    repo: Path, path: str = RUN, text: str = "n: 1\n", *, before: str | None = None, branch: str | None = None,
    commit: bool = True, wait: float = 5.0,
) -> Written:  # fmt: skip
    found = Git.find(repo)
    old = None if before is None else found.blob_id(before.encode())
    change = Change(path, old, found.blob_id(text.encode()), text.encode())
    return writer.write(found, [change], commit=commit, branch=branch, now=NOW, wait=wait)


def clean(repo: Path) -> bool:
    return git(repo, "status", "--porcelain") == "" and git(repo, "fsck", "--strict", "--no-dangling") == ""


def test_before_the_first_commit(repo: Path) -> None:
    told = put(repo)
    assert git(repo, "rev-list", "main") == told.commit
    assert clean(repo)


def test_before_the_first_commit_on_another_branch(repo: Path) -> None:
    told = put(repo, branch="events")
    assert git(repo, "rev-list", "--all") == told.commit
    assert git(repo, "status", "--porcelain") == ""
    assert not (repo / "metadata").exists()


@pytest.mark.parametrize("author", [None, "Olga <olga@example.org>", " .Odd, Näme; <odd@example.org>"])
def test_a_commit_is_the_one_that_git_makes(repo: Path, author: str | None) -> None:
    commit(repo, {"a.py": "1\n"})
    found = Git.find(repo)
    change = Change(RUN, None, found.blob_id(b"n: 1\n"), b"n: 1\n")
    told = writer.write(found, [change], commit=True, now=NOW, author=author, message="größer\n\nmore\n")
    at = f"@{int(NOW.timestamp())} +0000"
    name, _, mail = (author or "Mona <mona@example.org>").strip(">").partition(" <")
    env = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": mail, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    text = git(repo, "log", "-1", "--format=%B").encode() + b"\n"
    made = git(repo, "commit-tree", "HEAD^{tree}", "-p", "HEAD^", "-F", "-", text=text.rstrip() + b"\n", env=env)
    assert told.commit == made


def test_sha256(tmp_path: Path) -> None:
    repo = init(tmp_path / "repo", "--object-format=sha256")
    commit(repo, {"a.py": "1\n"})
    told = put(repo)
    assert told.commit is not None
    assert len(told.commit) == 64
    put(repo, text="n: 2\n", before="n: 1\n")
    put(repo, "x.yaml", branch="events")
    assert clean(repo)


def test_a_detached_head_moves_and_no_branch_does(repo: Path) -> None:
    main = commit(repo, {"a.py": "1\n"})
    git(repo, "checkout", "-q", "--detach")
    told = put(repo)
    assert git(repo, "rev-parse", "HEAD") == told.commit
    assert git(repo, "rev-parse", "main", "HEAD^") == f"{main}\n{main}"
    assert clean(repo)


def test_a_linked_work_tree_has_its_own_files_and_index(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"a.py": "1\n"})
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    put(tmp_path / "side")
    assert git(repo, "log", "-1", "--format=%s", "side") == f"gitml: add {RUN}"
    assert clean(tmp_path / "side")
    assert clean(repo)
    assert not (repo / "metadata").exists()


def test_from_a_sub_folder_paths_are_the_repositorys(repo: Path) -> None:
    commit(repo, {"sub/a.py": "1\n"})
    put(repo / "sub")
    assert (repo / RUN).exists()
    assert clean(repo)


@pytest.mark.parametrize("doing", ["merge", "rebase", "cherry-pick", "revert", "am"])
def test_in_the_middle_of_something_only_files_are_written(repo: Path, doing: str) -> None:
    commit(repo, {"a.py": "1\n"})
    git(repo, "checkout", "-q", "-b", "side")
    side = commit(repo, {"a.py": "side\n"})
    patch = git(repo, "format-patch", "-1", "--stdout") + "\n"
    git(repo, "checkout", "-q", "main")
    commit(repo, {"a.py": "main\n"})
    commit(repo, {"a.py": "later\n"})
    asked = {"am": ["-3"], "revert": ["HEAD^"], "rebase": ["side"], "merge": ["side"], "cherry-pick": [side]}
    git(repo, doing, *asked[doing], text=patch.encode() if doing == "am" else None, check=False)
    with pytest.raises(Conflict, match=f"a {doing} is in progress"):
        put(repo)
    assert not (repo / "metadata").exists()
    if doing == "rebase":
        with pytest.raises(Conflict, match="main is being rebased"):
            put(repo, branch="main")
    assert put(repo, commit=False).commit is None
    assert (repo / RUN).exists()
    assert put(repo, "elsewhere.yaml", branch="events").commit
    git(repo, doing, "--abort")
    assert git(repo, "status", "--porcelain") == "?? metadata/"


def test_an_unresolved_conflict_of_the_path_itself(repo: Path) -> None:
    commit(repo, {"a.yaml": "1\n"})
    write(repo, {"a.yaml": "stash\n"})
    git(repo, "stash")
    commit(repo, {"a.yaml": "main\n"})
    git(repo, "stash", "pop", check=False)
    with pytest.raises(Conflict, match="its merge conflict is not resolved"):
        put(repo, "a.yaml", "n: 1\n", before=(repo / "a.yaml").read_text())
    told = put(repo)
    assert git(repo, "show", "--format=", "--name-only", str(told.commit)) == RUN
    assert git(repo, "status", "--porcelain") == "UU a.yaml"


def test_a_branch_checked_out_elsewhere_is_not_moved(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"a.py": "1\n"})
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    with pytest.raises(Conflict, match=r"side is checked out in .*/side"):
        put(repo, branch="side")
    with pytest.raises(Conflict, match=r"main is checked out in .*/repo"):
        put(tmp_path / "side", branch="main")
    git(tmp_path / "side", "checkout", "-q", "--ignore-other-worktrees", "main")
    with pytest.raises(Conflict, match="main is checked out"):
        put(repo)
    assert clean(repo)
    assert clean(tmp_path / "side")


def test_another_branch_gets_the_commit_and_nothing_else_is_touched(repo: Path) -> None:
    commit(repo, {"a.py": "1\n", "b.py": "1\n"})
    git(repo, "branch", "events")
    write(repo, {"a.py": "staged\n", "u.txt": "u\n"})
    git(repo, "add", "a.py")
    write(repo, {"b.py": "unstaged\n"})
    index, status = (repo / ".git/index").read_bytes(), git(repo, "status", "--porcelain")
    for number in range(3):
        put(repo, f"metadata/{number}.yaml", branch="events")
    put(repo, "metadata/1.yaml", "n: 2\n", before="n: 1\n", branch="events")
    assert (repo / ".git/index").read_bytes() == index
    assert git(repo, "status", "--porcelain") == status
    assert git(repo, "log", "--format=%s", "main..events").count("\n") == 3
    assert git(repo, "ls-tree", "-r", "--name-only", "events").split() == [
        "a.py", "b.py", "metadata/0.yaml", "metadata/1.yaml", "metadata/2.yaml",
    ]  # fmt: skip
    assert git(repo, "fsck", "--strict", "--no-dangling") == ""
    with pytest.raises(Conflict, match="exists already on events"):
        put(repo, "metadata/1.yaml", branch="events")
    with pytest.raises(Conflict, match=r"was expected to be .* on events"):
        put(repo, "metadata/1.yaml", before="n: 7\n", branch="events")
    told = put(repo, "metadata/1.yaml", "n: 2\n", before="n: 2\n", branch="events")
    assert told == Written(None, told.changes, ("nothing to commit: events holds this already",))


def test_a_new_branch_begins_at_head_or_where_its_remote_namesake_is(repo: Path, tmp_path: Path) -> None:
    head = commit(repo, {"a.py": "1\n"})
    put(repo, branch="gitml/events")
    assert git(repo, "rev-parse", "gitml/events^") == head
    git(tmp_path, "clone", "-q", "repo", "clone")
    put(tmp_path / "clone", "metadata/2.yaml", branch="gitml/events")
    tracked = git(tmp_path / "clone", "rev-parse", "gitml/events^", "origin/gitml/events").split()
    assert tracked[0] == tracked[1]


@pytest.mark.parametrize("name", ["a b", "-x", "@{-1}", "a..b", "", "x.lock"])
def test_what_is_no_name_for_a_branch(repo: Path, name: str) -> None:
    commit(repo, {"a.py": "1\n"})
    with pytest.raises(BadValue, match="no name for a branch"):
        put(repo, branch=name)


def test_naming_the_branch_that_is_checked_out_is_committing(repo: Path) -> None:
    commit(repo, {"a.py": "1\n"})
    put(repo, branch="main", commit=False)
    assert git(repo, "ls-tree", "-r", "--name-only", "main").split() == ["a.py", RUN]
    assert clean(repo)


def test_a_bare_repository_takes_commits_to_a_named_branch(repo: Path, tmp_path: Path) -> None:
    commit(repo, {"a.py": "1\n"})
    git(tmp_path, "clone", "-q", "--bare", "repo", "bare.git")
    bare = tmp_path / "bare.git"
    with pytest.raises(Refused, match="no work tree"):
        put(bare)
    put(bare, branch="main")
    assert git(bare, "ls-tree", "-r", "--name-only", "main").split() == ["a.py", RUN]
    assert git(bare, "fsck", "--strict", "--no-dangling") == ""


def test_somebody_elses_commit_in_between_stays(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repo, {"a.py": "1\n"})
    other = commit(repo, {"a.py": "2\n"}, "theirs")
    git(repo, "reset", "-q", "--soft", "HEAD^")
    git(repo, "reset", "-q", "--hard")
    build = writer.build

    def meanwhile(*args: object) -> str | None:
        made = build(*args)  # type: ignore[arg-type]
        monkeypatch.setattr(writer, "build", build)
        git(repo, "update-ref", "refs/heads/main", other)
        return made

    monkeypatch.setattr(writer, "build", meanwhile)
    told = put(repo)
    assert git(repo, "log", "--format=%s") == f"gitml: add {RUN}\ntheirs\nchange"
    assert git(repo, "rev-parse", "HEAD") == told.commit
    assert git(repo, "status", "--porcelain", "metadata") == ""


def test_somebody_elses_commit_of_the_same_path_is_a_conflict_and_all_is_set_back(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(repo, {"a.yaml": "1\n"})
    other = commit(repo, {"a.yaml": "2\n"}, "theirs")
    git(repo, "reset", "-q", "--hard", "HEAD^")
    build = writer.build

    def meanwhile(*args: object) -> str | None:
        made = build(*args)  # type: ignore[arg-type]
        git(repo, "update-ref", "refs/heads/main", other)
        return made

    monkeypatch.setattr(writer, "build", meanwhile)
    index = git(repo, "ls-files", "-s")
    with pytest.raises(Conflict, match="somebody committed it just now"):
        put(repo, "a.yaml", "3\n", before="1\n")
    assert (repo / "a.yaml").read_text() == "1\n"
    assert git(repo, "ls-files", "-s") == index
    assert git(repo, "rev-parse", "HEAD") == other


def test_a_user_who_commits_what_we_staged_has_committed_it(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repo, {"a.py": "1\n"})
    move = commits.move

    def meanwhile(*args: object) -> bool:
        monkeypatch.setattr(writer, "move", move)
        git(repo, "commit", "-q", "-m", "theirs")
        return move(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "move", meanwhile)
    told = put(repo)
    assert git(repo, "log", "--format=%s %H").splitlines()[0] == f"theirs {told.commit}"
    assert git(repo, "ls-tree", "-r", "--name-only", "HEAD").split() == ["a.py", RUN]
    assert clean(repo)


def test_an_interrupt_after_the_branch_has_moved_takes_nothing_back(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = commits.move

    def interrupted(*args: object) -> bool:
        move(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "move", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(repo)
    assert clean(repo)
    assert git(repo, "log", "--format=%s") == f"gitml: add {RUN}"

    monkeypatch.setattr(writer, "move", lambda *_args: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        put(repo, "metadata/2.yaml")
    assert clean(repo)
    assert not (repo / "metadata/2.yaml").exists()


def test_without_a_name_git_is_asked_for_one_and_nothing_is_written(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    git(repo, "config", "--unset", "user.name")
    git(repo, "config", "--unset", "user.email")
    git(repo, "config", "user.useConfigOnly", "true")
    with pytest.raises(GitFailed, match=r"git config user\.name") as caught:
        put(repo)
    assert "\n" not in str(caught.value)
    assert not (repo / "metadata").exists()
    assert git(repo, "ls-files") == ""


def test_commits_are_signed_where_git_says_so(repo: Path, tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is absent")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (tmp_path / "signers").write_text(f"mona@example.org {key.with_suffix('.pub').read_text()}")
    settings = {
        "commit.gpgsign": "yes", "gpg.format": "ssh", "user.signingkey": str(key),
        "gpg.ssh.allowedSignersFile": str(tmp_path / "signers"),
    }  # fmt: skip
    for name, value in settings.items():
        git(repo, "config", name, value)
    put(repo)
    put(repo, "2.yaml", branch="events")
    assert git(repo, "log", "--format=%G?", "--branches").split() == ["G", "G"]
    git(repo, "config", "user.signingkey", str(tmp_path / "none"))
    with pytest.raises(GitFailed):
        put(repo, "3.yaml")
    assert not (repo / "3.yaml").exists()


def refuse(repo: Path, *hooks: str) -> None:
    for name in hooks:
        hook = repo / ".git/hooks" / name
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)


def test_no_commit_hook_is_run(repo: Path) -> None:
    refuse(repo, "pre-commit", "commit-msg", "prepare-commit-msg", "post-commit")
    assert put(repo).commit


def test_a_branch_that_git_will_not_move_sets_everything_back(repo: Path) -> None:
    commit(repo, {"a.py": "1\n"})
    index = git(repo, "ls-files", "-s")
    refuse(repo, "reference-transaction")
    with pytest.raises(GitFailed, match="aborted by hook"):
        put(repo)
    assert git(repo, "ls-files", "-s") == index
    assert not (repo / "metadata").exists()
