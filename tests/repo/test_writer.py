"""What is written, what is left alone, what is refused."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitml.errors import BadValue, Conflict, NotFound, Refused
from gitml.repo.change import Change
from gitml.repo.git import Git
from gitml.repo.writing import writer
from gitml.repo.writing.writer import Written
from gitrepo import commit, git, write

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RUN = "metadata/runs/wine/7c/01JD.yaml"
MODEL = "metadata/models/wine.yaml"


def new(repo: Git, path: str, text: str = "schema: run/1\n") -> Change:
    return Change(path, None, repo.blob_id(text.encode()), text.encode())


def edit(repo: Git, path: str, before: str, after: str | None) -> Change:
    change = Change(path, repo.blob_id(before.encode()), None)
    return change if after is None else replace(change, after=repo.blob_id(after.encode()), content=after.encode())


def put(repo: Git, *changes: Change, commit: bool = True, branch: str | None = None, wait: float = 5.0) -> Written:
    return writer.write(repo, changes, commit=commit, branch=branch, now=NOW, wait=wait)


@pytest.fixture
def begun(repo: Path) -> Path:
    """A repository with a commit, and every kind of work that is not committed."""
    files = {MODEL: "a\n", "metadata/models/old.yaml": "o\n", "kept.py": "1\n", "staged.py": "1\n", "gone.py": "1\n"}
    commit(repo, {**files, ".gitignore": "*.log\n"})
    write(repo, {"staged.py": "2\n", "new.py": "new\n", "both.py": "staged\n"})
    git(repo, "add", "staged.py", "new.py", "both.py")
    git(repo, "rm", "-q", "--cached", "gone.py")
    write(repo, {"both.py": "unstaged\n", "kept.py": "unstaged\n", "untracked.txt": "u\n", "x.log": "log\n"})
    return repo


def state(repo: Path, *ours: str) -> dict[str, object]:
    """The user's work: the index, the files and what git says of both, without our paths."""
    files = {
        path.relative_to(repo).as_posix(): path.read_bytes()
        for path in repo.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(repo).parts
    }
    left = [f":(exclude){path}" for path in ours]
    told = ("ls-files -s -v", "diff", "diff --cached", "ls-files --others")
    return {
        "files": {path: content for path, content in files.items() if path not in ours},
        **{args: git(repo, *args.split(), "--", ".", *left) for args in told},
    }


def test_without_commit_files_are_written_and_the_index_is_not_touched(begun: Path) -> None:
    repo = Git.find(begun)
    before, index = state(begun, RUN), git(begun, "ls-files", "-s")
    told = put(repo, new(repo, RUN), commit=False)
    assert told.commit is None
    assert told.warnings == ()
    assert (begun / RUN).read_text() == "schema: run/1\n"
    assert state(begun, RUN) == before
    assert git(begun, "ls-files", "-s") == index
    assert git(begun, "log", "--format=%s") == "change"


def test_a_commit_holds_exactly_its_paths_and_leaves_all_other_work_alone(begun: Path) -> None:
    repo = Git.find(begun)
    head, before = git(begun, "rev-parse", "HEAD"), state(begun, RUN, MODEL, "metadata/models/old.yaml")
    changes = [new(repo, RUN), edit(repo, MODEL, "a\n", "b\n"), edit(repo, "metadata/models/old.yaml", "o\n", None)]
    told = put(repo, *changes)
    assert told.commit == git(begun, "rev-parse", "HEAD")
    assert git(begun, "rev-parse", "HEAD^") == head
    named = git(begun, "diff", "--name-status", "--no-renames", "HEAD^", "HEAD")
    assert named == f"D\tmetadata/models/old.yaml\nM\t{MODEL}\nA\t{RUN}"
    assert state(begun, RUN, MODEL, "metadata/models/old.yaml") == before
    assert git(begun, "status", "--porcelain", "metadata") == ""
    assert git(begun, "fsck", "--strict", "--no-dangling") == ""
    assert not list((begun / ".git/gitml/drafts").iterdir())


def test_the_commit_says_who_when_and_of_what(repo: Path) -> None:
    found = Git.find(repo)
    refs = [("Gitml-Ref", "run/wine/01JD")]
    writer.write(found, [new(found, RUN)], commit=True, now=NOW, trailers=refs, author="Ines <ines@example.org>")
    shown = git(repo, "log", "-1", "--format=%an <%ae>|%cn <%ce>|%aI|%cI|%B")
    who = "Ines <ines@example.org>|Mona <mona@example.org>"
    when = "2026-03-02T09:30:00+00:00|2026-03-02T09:30:00+00:00"
    assert shown == f"{who}|{when}|gitml: add run/wine/01JD\n\nGitml-Ref: run/wine/01JD\n"
    assert git(repo, "log", "-1", "--format=%(trailers:key=Gitml-Ref,valueonly)").strip() == "run/wine/01JD"
    assert git(repo, "reflog", "-1", "--format=%gs") == "commit (initial): gitml: add run/wine/01JD"


@pytest.mark.parametrize(
    ("message", "trailers"),
    [
        ("subject", {"Gitml-Ref": "run/wine/01JD"}),
        ("area: looks like a trailer", {"Gitml-Ref": "run/wine/01JD"}),
        ("subject\n\nbody\nof two lines\n", {"Gitml-Ref": "run/wine/01JD"}),
        ("subject\n\nbody\n\nReviewed-by: Ines\n", {"Reviewed-by": "Ines", "Gitml-Ref": "run/wine/01JD"}),
    ],
)
def test_trailers_stand_in_the_last_block(repo: Path, message: str, trailers: dict[str, str]) -> None:
    found = Git.find(repo)
    refs = [("Gitml-Ref", "run/wine/01JD")]
    writer.write(found, [new(found, RUN)], message=message, commit=True, now=NOW, trailers=refs)
    shown = git(repo, "log", "-1", "--format=%(trailers:only,unfold)").splitlines()
    assert dict(line.split(": ", 1) for line in shown if line) == trailers
    assert git(repo, "log", "-1", "--format=%s") == message.partition("\n")[0]


def test_default_messages_name_one_record_and_count_many(repo: Path) -> None:
    found = Git.find(repo)
    put(found, new(found, RUN), new(found, MODEL))
    put(found, edit(found, MODEL, "schema: run/1\n", "b\n"))
    put(found, edit(found, MODEL, "b\n", None), new(found, "metadata/models/c.yaml"))
    put(found, edit(found, RUN, "schema: run/1\n", None))
    subjects = git(repo, "log", "--format=%s", "--reverse").splitlines()
    changed, removed = f"gitml: change {MODEL}", f"gitml: remove {RUN}"
    assert subjects == ["gitml: add 2 records", changed, "gitml: write 2 records", removed]


def test_what_is_wrong_with_the_words_is_said_before_anything_is_written(repo: Path) -> None:
    found = Git.find(repo)
    with pytest.raises(BadValue, match="Name <mail>"):
        writer.write(found, [new(found, RUN)], commit=True, now=NOW, author="Ines")
    with pytest.raises(BadValue, match="time zone"):
        writer.write(found, [new(found, RUN)], commit=True, now=datetime(2026, 3, 2))  # noqa: DTZ001
    assert not (repo / RUN).exists()


def test_no_changes_are_no_commit(repo: Path) -> None:
    assert put(Git.find(repo)) == Written(None, ())


def test_a_file_that_is_there_already_can_be_committed_as_it_is(begun: Path) -> None:
    repo = Git.find(begun)
    blob = repo.blob_id(b"u\n")
    told = put(repo, Change("untracked.txt", blob, blob, b"u\n"))
    assert git(begun, "show", f"{told.commit}:untracked.txt") == "u"
    assert git(begun, "status", "--porcelain", "untracked.txt") == ""


def test_what_head_holds_already_is_no_commit_and_says_so(begun: Path) -> None:
    repo = Git.find(begun)
    told = put(repo, edit(repo, "kept.py", "unstaged\n", "1\n"))
    assert told.commit is None
    assert told.warnings == ("nothing to commit: the last commit holds this already",)
    assert (begun / "kept.py").read_text() == "1\n"


def test_stored_blobs_need_no_content_and_unknown_ones_are_said(begun: Path) -> None:
    repo = Git.find(begun)
    kept = repo.blob_id(b"1\n")
    put(repo, Change("copy.py", None, kept))
    assert (begun / "copy.py").read_text() == "1\n"
    with pytest.raises(NotFound, match="not in this clone"):
        put(repo, Change("c.py", None, "1" * 40))
    with pytest.raises(BadValue, match="not that of blob"):
        put(repo, Change("c.py", None, kept, b"other\n"))
    with pytest.raises(BadValue, match="same path"):
        put(repo, new(repo, "c.py"), new(repo, "c.py"))


@pytest.mark.parametrize("with_commit", [False, True])
@pytest.mark.parametrize(
    ("path", "before", "after", "said"),
    [
        (MODEL, "moved\n", "b\n", "was expected to be"),
        (MODEL, "moved\n", None, "was expected to be"),
        ("metadata/models/none.yaml", "a\n", "b\n", "is gone"),
        (MODEL, None, "b\n", "exists already"),
        ("untracked.txt", None, "b\n", "exists already"),
    ],
)
def test_a_path_that_has_moved_on_is_a_conflict_and_nothing_is_written(
    begun: Path, path: str, before: str | None, after: str | None, said: str, *, with_commit: bool
) -> None:
    repo = Git.find(begun)
    change = new(repo, path, after or "") if before is None else edit(repo, path, before, after)
    was = state(begun)
    with pytest.raises(Conflict, match=said):
        put(repo, new(repo, RUN), change, commit=with_commit)
    assert state(begun) == was
    assert not (begun / "metadata/runs").exists()


def test_what_the_user_staged_differently_is_a_conflict_for_a_commit_only(begun: Path) -> None:
    repo = Git.find(begun)
    was = state(begun)
    for path, before in (("both.py", "unstaged\n"), ("gone.py", "1\n")):
        with pytest.raises(Conflict, match=f"{path}: staged differently"):
            put(repo, edit(repo, path, before, "ours\n"))
        assert state(begun) == was
        put(repo, edit(repo, path, before, "ours\n"), commit=False)
        put(repo, edit(repo, path, "ours\n", before), commit=False)
        assert state(begun) == was


def test_what_the_user_staged_of_this_very_record_goes_in(begun: Path) -> None:
    repo = Git.find(begun)
    put(repo, edit(repo, "staged.py", "2\n", "3\n"))
    assert git(begun, "show", "HEAD:staged.py") == "3"
    assert git(begun, "status", "--porcelain", "staged.py") == ""


def test_a_path_announced_with_add_n_is_not_staged_yet(begun: Path) -> None:
    write(begun, {RUN: "mine\n"})
    git(begun, "add", "-N", RUN)
    repo = Git.find(begun)
    put(repo, edit(repo, RUN, "mine\n", "ours\n"))
    assert git(begun, "status", "--porcelain", RUN) == ""


def test_the_file_written_while_we_look_is_not_replaced(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = Git.find(begun)
    build = writer.build

    def meanwhile(*args: object) -> str | None:
        write(begun, {MODEL: "the user's\n"})
        return build(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "build", meanwhile)
    with pytest.raises(Conflict, match="somebody wrote this file just now"):
        put(repo, new(repo, RUN), edit(repo, MODEL, "a\n", "b\n"))
    assert (begun / MODEL).read_text() == "the user's\n"
    assert not (begun / "metadata/runs").exists()
    assert git(begun, "log", "--format=%s") == "change"


@pytest.mark.parametrize(
    "path",
    ["../out.yaml", "/etc/x.yaml", "a/../b.yaml", "./a.yaml", "a//b.yaml", "", "a/", "a\0b", ".git/config",
     "sub/.GIT/hooks/x", ".git./x", ".g\u200cit/x", "git~1/x", ".git::$INDEX_ALLOCATION/x"],
)  # fmt: skip
def test_paths_that_leave_the_repository_or_enter_git_are_refused(repo: Path, path: str) -> None:
    found = Git.find(repo)
    for branch in (None, "other"):
        with pytest.raises(Refused):
            put(found, new(found, path), branch=branch)
    assert git(repo, "status", "--porcelain", "--ignored") == ""
    assert git(repo, "for-each-ref") == ""


def test_the_way_to_a_path_leads_through_plain_folders_only(begun: Path, tmp_path: Path) -> None:
    repo = Git.find(begun)
    (tmp_path / "outside").mkdir()
    (begun / "link").symlink_to(tmp_path / "outside")
    (begun / "link.yaml").symlink_to("kept.py")
    (begun / "folder.yaml").mkdir()
    git(begun, "init", "-q", "nested")
    cases = {
        "link/a.yaml": "link is a symlink",
        "link.yaml": "a symlink stands here",
        "folder.yaml": "a folder stands here",
        "kept.py/a.yaml": "kept.py is a file where a folder must be",
        "nested/a.yaml": "nested is another git repository",
    }
    for path, said in cases.items():
        for with_commit in (False, True):
            with pytest.raises(Refused, match=said):
                put(repo, new(repo, path), commit=with_commit)
    assert list((tmp_path / "outside").iterdir()) == []
    with pytest.raises(Refused, match="mode 120000"):
        put(repo, replace(new(repo, "a"), mode="120000"))


def test_a_file_of_the_last_commit_where_a_folder_must_be_is_a_conflict(begun: Path) -> None:
    git(begun, "reset", "-q", "--hard")
    (begun / "kept.py").unlink()
    repo = Git.find(begun)
    with pytest.raises(Conflict, match=r"kept\.py is a file in the last commit"):
        put(repo, new(repo, "kept.py/a.yaml"))
    (begun / MODEL).unlink()
    (begun / "metadata/models/old.yaml").unlink()
    (begun / "metadata/models").rmdir()
    with pytest.raises(Conflict, match="a folder in the last commit"):
        put(repo, new(repo, "metadata/models"))
    assert git(begun, "diff", "--cached", "--name-only") == ""
    assert not (begun / "kept.py").exists()


def test_emptied_folders_go_and_the_last_file_of_a_tree_may(repo: Path) -> None:
    found = Git.find(repo)
    put(found, new(found, RUN))
    put(found, edit(found, RUN, "schema: run/1\n", None))
    assert not (repo / "metadata").exists()
    assert git(repo, "ls-tree", "-r", "HEAD") == ""
    assert git(repo, "ls-files") == ""
    assert git(repo, "fsck", "--strict", "--no-dangling") == ""


def test_executables_and_the_permissions_of_old_files_stay(begun: Path) -> None:
    repo = Git.find(begun)
    (begun / MODEL).chmod(0o640)
    put(repo, edit(repo, MODEL, "a\n", "b\n"), replace(new(repo, "tool.sh"), mode="100755"))
    assert (begun / MODEL).stat().st_mode & 0o777 == 0o640
    assert os.access(begun / "tool.sh", os.X_OK)
    assert git(begun, "ls-tree", "HEAD", "tool.sh").startswith("100755")
    assert git(begun, "status", "--porcelain", "tool.sh", MODEL) == ""


@pytest.mark.parametrize("name", ["a b", "quo\"te'", "ünï", "tab\there", "new\nline", "中文", "-dash", ":(top)x", "*"])
def test_any_file_name_git_can_hold(repo: Path, name: str) -> None:
    found = Git.find(repo)
    path = f"metadata/{name}/{name}.yaml"
    put(found, new(found, path, "1\n"))
    put(found, edit(found, path, "1\n", "2\n"))
    assert git(repo, "ls-tree", "-r", "-z", "--name-only", "HEAD") == f"{path}\0"
    assert git(repo, "status", "--porcelain") == ""
    put(found, edit(found, path, "2\n", "3\n"), branch="other")
    assert git(repo, "cat-file", "-p", f"other:{path}") == "3"


def test_an_ignored_path_is_committed_and_told(begun: Path) -> None:
    repo = Git.find(begun)
    told = put(repo, new(repo, "metadata/run.log"), new(repo, RUN))
    assert told.warnings == ("path.ignored: metadata/run.log is ignored by git; git add passes it by",)
    assert git(begun, "ls-tree", "--name-only", "HEAD", "metadata/run.log") == "metadata/run.log"


def test_line_ends_and_filters_of_the_work_tree_are_seen_as_git_sees_them(repo: Path) -> None:
    git(repo, "config", "core.autocrlf", "true")
    commit(repo, {".gitattributes": "metadata/** text eol=lf\n", "plain.yaml": "a\r\nb\r\n", MODEL: "a\n"})
    found = Git.find(repo)
    told = put(found, edit(found, "plain.yaml", "a\nb\n", "c\n"), edit(found, MODEL, "a\n", "b\n"), new(found, RUN))
    assert told.commit
    assert git(repo, "status", "--porcelain") == ""
    assert (repo / RUN).read_bytes() == b"schema: run/1\n"


def test_a_path_outside_a_sparse_checkout_is_what_the_index_says(begun: Path) -> None:
    git(begun, "reset", "-q", "--hard")
    git(begun, "sparse-checkout", "set", "--no-cone", "/*", "!/metadata/")
    assert not (begun / MODEL).exists()
    repo = Git.find(begun)
    with pytest.raises(Conflict, match="exists already"):
        put(repo, new(repo, MODEL))
    put(repo, edit(repo, MODEL, "a\n", "b\n"), edit(repo, "metadata/models/old.yaml", "o\n", None), new(repo, RUN))
    assert git(begun, "ls-tree", "-r", "--name-only", "HEAD", "metadata").split() == [MODEL, RUN]
    assert git(begun, "status", "--porcelain", "metadata") == ""


def test_a_thousand_records_are_one_commit_of_few_processes(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Git.find(repo)
    call, started = Git.call, []
    monkeypatch.setattr(Git, "call", lambda self, *args, **more: started.append(args) or call(self, *args, **more))
    changes = [new(found, f"metadata/runs/wine/{n % 256:02x}/{n}.yaml", f"n: {n}\n") for n in range(1000)]
    told = put(found, *changes)
    assert len(started) <= 13
    assert git(repo, "ls-tree", "-r", "--name-only", "HEAD").count("\n") == 999
    assert git(repo, "log", "-1", "--format=%s", str(told.commit)) == "gitml: add 1000 records"
    assert git(repo, "status", "--porcelain") == ""


def test_names_that_differ_by_case_alone_are_a_conflict_where_the_disk_says_so(begun: Path) -> None:
    if not (begun / MODEL.upper()).exists():
        pytest.skip("this disk tells upper from lower case")
    repo = Git.find(begun)
    with pytest.raises(Conflict, match=r"exists already as wine\.yaml"):
        put(repo, new(repo, MODEL.replace("wine", "Wine")))
