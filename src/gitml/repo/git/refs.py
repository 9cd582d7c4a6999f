"""Names of commits: HEAD, branches, the main line, and what git is in the middle of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from gitml.repo.git.command import Command, failure

_BRANCH: Final = "ref: refs/heads/"
# What HEAD's file says where refs lie in tables.
_NOT_HERE: Final = "ref: refs/heads/.invalid"
_OID: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NAMES = "%(objectname) %(*objectname) %(objecttype) %(*objecttype) %(refname)"


def head(command: Command) -> str | None:
    """The commit that is checked out; None before the first one."""
    args = ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    done = command.call(*args)
    if done.code > 1:
        raise failure(args, done)
    return done.out.decode("ascii").strip() or None


def branch(command: Command) -> str | None:
    """The branch that is checked out (it may have no commit yet); None on a detached HEAD."""
    said = _read_head(command)
    if _OID.fullmatch(said):
        return None
    name = said.removeprefix("ref: ") if said.startswith(_BRANCH) and said != _NOT_HERE else _symbolic(command, "HEAD")
    return name.removeprefix("refs/heads/") if name else None


def head_files(command: Command) -> list[Path] | None:
    """The files that tell which commit HEAD is; None where one of them names yet another."""
    found = [command.git_dir / "HEAD", command.common_dir / "packed-refs"]
    found += [place / "reftable" / "tables.list" for place in {command.git_dir, command.common_dir}]
    said = _read_head(command)
    if not said.startswith(_BRANCH):
        return found if _OID.fullmatch(said) else None
    file = command.common_dir / said.removeprefix("ref: ")
    is_link = file.is_file() and file.read_bytes().startswith(b"ref:")
    return None if is_link else [*found, file]


def _read_head(command: Command) -> str:
    """What HEAD's file says: to read it saves a process."""
    try:
        return (command.git_dir / "HEAD").read_bytes().decode("utf-8", "surrogateescape").strip()
    except OSError:
        return ""


def _symbolic(command: Command, ref: str) -> str | None:
    out = command.run("symbolic-ref", "--quiet", ref, check=False)
    return out.decode("utf-8", "surrogateescape").strip() or None


def refs(command: Command, prefix: str = "refs/") -> dict[str, str]:
    """Refs below a prefix (`refs/tags/`) and the commits that they name; one that names anything else is left out."""
    found: dict[str, str] = {}
    out = command.run("for-each-ref", f"--format={_NAMES}", prefix.rstrip("/"))
    for line in out.decode("utf-8", "surrogateescape").splitlines():
        oid, peeled, kind, peeled_kind, name = line.split(" ", 4)
        if peeled_kind == "tag":  # a tag of a tag: git before 2.45 looks one step far
            peeled = command.run("rev-parse", "--verify", "--quiet", f"{oid}^{{commit}}", check=False).decode().strip()
            peeled_kind = "commit" if peeled else ""
        if "commit" in (kind, peeled_kind):
            found[name] = peeled or oid
    return found


def short(ref: str) -> str:
    """A ref as people write it: `refs/tags/v1` is `v1`, `refs/remotes/origin/main` is `origin/main`."""
    for prefix in ("refs/heads/", "refs/tags/", "refs/remotes/"):
        if ref.startswith(prefix):
            return ref.removeprefix(prefix)
    return ref


def main_ref(command: Command, name: str) -> str | None:
    """The full ref of the main line: its remote-tracking branch first, else the local branch, else None."""
    name = name.removeprefix("refs/heads/")
    local = f"refs/heads/{name}"
    options = ("--format=%(refname) %(upstream)", local, f"refs/remotes/*/{name}")
    out = command.run("for-each-ref", *options).decode("utf-8", "surrogateescape")
    upstreams = dict(line.split(" ", 1) for line in out.splitlines())
    upstream = upstreams.get(local, "")
    # for-each-ref matches whole folders too: refs/heads/main and refs/heads/main/x cannot both exist, remotes' can.
    tracking = [ref for ref in upstreams if ref.startswith("refs/remotes/") and ref.endswith(f"/{name}")]
    if upstream.startswith("refs/remotes/") and (upstream in tracking or refs(command, upstream).get(upstream)):
        return upstream
    origin = f"refs/remotes/origin/{name}"
    if origin in tracking or len(tracking) == 1:
        return origin if origin in tracking else tracking[0]
    return local if local in upstreams else None


def operation_in_progress(command: Command) -> str | None:
    """What git has begun and not ended: merge, rebase, am, cherry-pick, revert; None."""
    place = command.git_dir
    if (place / "rebase-merge").is_dir():
        return "rebase"
    if (place / "rebase-apply").is_dir():
        return "am" if (place / "rebase-apply" / "applying").exists() else "rebase"
    for file, name in (("MERGE_HEAD", "merge"), ("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert")):
        if (place / file).exists():
            return name
    # Between two commits of a longer pick only its list is left.
    todo = place / "sequencer" / "todo"
    if todo.is_file():
        return "revert" if todo.read_text(encoding="utf-8", errors="replace").startswith("revert") else "cherry-pick"
    return None
