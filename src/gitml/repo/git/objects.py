"""Git's objects: the files of a tree, ids that we compute ourselves, and what a partial clone lacks."""

from __future__ import annotations

from collections.abc import Iterable
from sys import intern
from typing import NamedTuple

from gitml.errors import BadValue, GitFailed
from gitml.repo.git.batch import READING, cat, listing
from gitml.repo.git.command import PARTIAL, Command, failure, items, raw
from gitml.repo.git.environment import quoted


class Entry(NamedTuple):
    """A file of a tree: git's mode (`100644`, `100755`, `120000` link, `160000` submodule) and the blob's id."""

    mode: str
    oid: str


def tree(command: Command, commit: str, inside: Iterable[str] = ()) -> dict[str, Entry]:
    """Every file of a commit or tree, by its path from the top; where folders are named, those `inside` them."""
    if commit.startswith("-"):
        message = f"{commit}: not an object id"
        raise BadValue(message)
    # An item is `100644 blob <oid>\t<path>`; a submodule's says `commit`, two letters more.
    size = command.hash_size
    start, end, name = 12, 12 + size, 13 + size
    limits = [f":(literal){path}" for path in inside]
    listed = items(told(command, "ls-tree", "-r", "-z", "--full-tree", commit, *(["--", *limits] if limits else [])))
    new = tuple.__new__  # a third faster than calling Entry, a hundred thousand times
    found = {item[name:]: new(Entry, (intern(item[:6]), item[start:end])) for item in listed if item[7] == "b"}
    if len(found) != len(listed):
        submodules = (item for item in listed if item[7] == "c")
        found |= {item[name + 2 :]: Entry(item[:6], item[start + 2 : end + 2]) for item in submodules}
    return found


def told(command: Command, *args: str, about: list[str] | None = None) -> bytes:
    """What git says of objects, those that it reads from standard input among them; nothing is fetched."""
    done = command.call(*args, input=None if about is None else listing(about), env=READING)
    if done.code:
        error = failure(args, done)
        # Newer gits do not say any more that a tree is not here because nobody fetched it.
        raise GitFailed(error.message, hint=PARTIAL) if not error.hint and promisor(command) else error
    return done.out


def missing(command: Command, oids: Iterable[str]) -> list[str]:
    """Those of these objects that are not here."""
    return [oid for oid, content in cat(command, oids) if content is None]


def promisor(command: Command) -> str | None:
    """The remote that a partial clone left its objects with; None in a full one."""
    pattern = r"^(remote\..*\.(promisor|partialclonefilter)|extensions\.partialclone)$"
    for item in command.lines0("config", "-z", "--get-regexp", pattern, check=False):
        name, _, value = item.partition("\n")
        if name == "extensions.partialclone":
            return value
        if value not in ("false", "no", "off", "0"):
            return name.removeprefix("remote.").rpartition(".")[0]
    return None


def fetch_missing(command: Command, oids: Iterable[str]) -> None:
    """Fetch objects that a partial clone lacks, all of them at once; GitFailed where the remote does not give them."""
    wanted = list(oids)
    remote = promisor(command)
    if not wanted:
        return
    if remote is None:
        message = f"{len(wanted)} objects are missing and no remote has promised them"
        raise GitFailed(message, hint="run `git fsck`, or fetch from a complete clone")
    options = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin")
    command.run("-c", "fetch.negotiationAlgorithm=noop", "fetch", *options, remote, input=listing(wanted))


def blob_id(content: bytes, object_format: str = "sha1") -> str:
    """The id that git gives a blob of this content."""
    import hashlib

    hasher = hashlib.sha256 if object_format == "sha256" else hashlib.sha1
    return hasher(b"blob %d\0%b" % (len(content), content), usedforsecurity=False).hexdigest()


def hash_paths(command: Command, paths: Iterable[str]) -> dict[str, str]:
    """The blob ids of files of the work tree, cleaned as git cleans new ones; those that cannot be read are left out.

    Only for regular files. A tracked file with line ends that git would leave alone (text=auto over CRLF in the index)
    is the index's business: see worktree.py.
    """
    left = list(paths)
    found: dict[str, str] = {}
    while left:
        lines = raw("\n".join(map(quoted, left)) + "\n")
        done = command.call("hash-object", "--stdin-paths", input=lines)
        ids = done.out.decode("ascii").split()
        found.update(zip(left, ids, strict=False))
        if len(ids) == len(left):
            break
        left = left[len(ids) + 1 :]  # git stops at a file that it cannot read: go on behind it
    return found
