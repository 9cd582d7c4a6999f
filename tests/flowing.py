"""A store whose events flow on a line of their own, laid down by git alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gitml.records.template import shard
from gitrepo import DATE, git

LINE = "gitml/events"
STORE = f"schema: store/1\nmain: main\nevents: {LINE}\nreaders:\n- dvc\n"


def run_path(number: int, experiment: str = "wine") -> str:
    """Where the run of a number lies."""
    name = run_id(number)
    return f"metadata/runs/{experiment}/{shard(name)}/{name}.yaml"


def run_id(number: int) -> str:
    """The id of the run of a number."""
    return f"01JD7K{number:020}"


def run(auc: float, more: str = "") -> str:
    """The record of a run."""
    return f'schema: run/1\nstatus: finished\ncreated: "2026-02-16T18:03:11Z"\n{more}metrics:\n  auc: {auc}\n'


def laid(
    repo: Path, files: Mapping[str, str | None], date: str = DATE, *, branch: str = LINE, parents: tuple[str, ...] = ()
) -> str:
    """A commit on the line, by plumbing; None removes a file."""
    env = {"GIT_INDEX_FILE": str(repo / ".git" / "laid"), "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    tip = git(repo, "rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", check=False)
    git(repo, "read-tree", tip or "--empty", env=env)
    for path, text in files.items():
        if text is None:
            git(repo, "update-index", "--force-remove", path, env=env)
            continue
        blob = git(repo, "hash-object", "-w", "--stdin", text=text.encode())
        git(repo, "update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=env)
    tree = git(repo, "write-tree", env=env)
    before = [word for one in (*([tip] if tip else []), *parents) for word in ("-p", one)]
    made = git(repo, "commit-tree", tree, *before, "-m", "events", env=env)
    git(repo, "update-ref", f"refs/heads/{branch}", made)
    return made
