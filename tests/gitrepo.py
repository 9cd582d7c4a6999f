"""Real git repositories for tests: fixed author, fixed dates, nobody's global configuration."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

DATE = "2026-03-01T12:00:00+00:00"


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The process's environment without any GIT_ variable, with fixed author and dates."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    fixed = {
        "GIT_AUTHOR_NAME": "Mona",
        "GIT_AUTHOR_EMAIL": "mona@example.org",
        "GIT_COMMITTER_NAME": "Mona",
        "GIT_COMMITTER_EMAIL": "mona@example.org",
        "GIT_AUTHOR_DATE": DATE,
        "GIT_COMMITTER_DATE": DATE,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    return clean | fixed | dict(extra or {})


def git(
    path: Path, *args: str, text: bytes | None = None, env: Mapping[str, str] | None = None, check: bool = True
) -> str:
    """Run git in `path`; its standard output without the last newline."""
    done = subprocess.run(["git", *args], cwd=path, input=text, env=environment(env), capture_output=True, check=False)
    if check and done.returncode:
        raise AssertionError(f"git {' '.join(args)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode("utf-8", "surrogateescape").removesuffix("\n")


def init(path: Path, *options: str) -> Path:
    """A new repository on branch main, with a user."""
    path.mkdir(parents=True, exist_ok=True)
    git(path, "init", "-q", "-b", "main", *options)
    git(path, "config", "user.name", "Mona")
    git(path, "config", "user.email", "mona@example.org")
    return path


def write(path: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files (relative name to content) below `path`."""
    for name, content in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())


def commit(path: Path, files: Mapping[str, str | bytes], message: str = "change", date: str = DATE) -> str:
    """Write files, add everything, commit; the commit's id."""
    write(path, files)
    git(path, "add", "-A")
    git(path, "commit", "-q", "--allow-empty", "-m", message, env={"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date})
    return git(path, "rev-parse", "HEAD")
