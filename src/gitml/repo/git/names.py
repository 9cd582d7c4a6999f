"""What a folder holds on every branch that has been fetched: a handful of git processes, however many branches."""

from __future__ import annotations

from collections.abc import Iterator

from gitml.repo.git import Git


def names_everywhere(git: Git, folder: str) -> set[str]:
    """The names in a folder (from the repository's root) on all branches, local and remote, in HEAD and the index."""
    tips = git.run("for-each-ref", "--format=%(objectname)", "refs/heads", "refs/remotes").decode().split()
    trees = _trees(git, dict.fromkeys([*tips, "HEAD"]), folder)
    found = {name for _oid, raw in git.cat(trees) for name in _names(raw or b"", git.hash_size // 2)}
    staged = git.lines0("ls-files", "-z", "--", f"{folder}/", env={"GIT_LITERAL_PATHSPECS": "1"})
    return found | {path[len(folder) + 1 :].partition("/")[0] for path in staged}


def _trees(git: Git, tips: dict[str, None], folder: str) -> set[str]:
    """The ids of the trees that the folder is; branches that hold the same one share it."""
    asked = [f"{tip}:{folder}".encode("utf-8", "surrogateescape") for tip in tips]
    zeroed = any(b"\n" in name for name in asked)  # -z came with git 2.38; only a folder with a line feed needs it
    separator = b"\0" if zeroed else b"\n"
    options = ("--batch-check=%(objecttype) %(objectname)", *(["-z"] if zeroed else []))
    answer = git.run("cat-file", *options, input=separator.join([*asked, b""])).decode("utf-8", "replace")
    return {line.removeprefix("tree ") for line in answer.splitlines() if line.startswith("tree ")}


def _names(raw: bytes, size: int) -> Iterator[str]:
    place = 0
    while place < len(raw):
        end = raw.index(b"\0", place)
        yield raw[place:end].partition(b" ")[2].decode("utf-8", "surrogateescape")
        place = end + 1 + size
