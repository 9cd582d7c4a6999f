"""What git answers from its configuration alone, kept while no file of it, and no variable for it, has changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gitml.repo.git.command import Command, Done, items
from gitml.repo.git.kept import Kept

_VARIABLES: Final = frozenset({"HOME", "XDG_CONFIG_HOME", "EMAIL", "USER", "LOGNAME", "USERNAME", "HOSTNAME", "PATH"})
_LISTED: Final = ("config", "--list", "--show-origin", "-z")
_SYSTEM: Final = "/etc/gitconfig"


def configured(command: Command, kept: Kept, *args: str, env: Mapping[str, str] | None = None) -> Done:
    """What a git command does whose answer hangs on the configuration alone."""
    asked = (args, tuple((env or {}).items()), _variables())
    if kept.is_first(asked):  # to find out which files it hangs on takes another process, and many ask but once
        return command.call(*args, env=env)
    return kept.ask(asked, lambda: command.call(*args, env=env), lambda _done: files_of(command, kept))


def files_of(command: Command, kept: Kept) -> tuple[str, ...]:
    """Every file that the configuration is read from, or would be if it were there."""
    return kept.ask(("config", _variables()), lambda: _files(command), lambda found: found)


def _variables() -> tuple[tuple[str, str], ...]:
    named = (name for name in os.environ if name in _VARIABLES or name.startswith("GIT_"))
    return tuple((name, os.environ[name]) for name in named)


def _files(command: Command) -> tuple[str, ...]:
    home = Path(os.path.expanduser("~"))
    above = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git"
    found = [command.git_dir / "HEAD", command.git_dir / "config.worktree", command.common_dir / "config",
             home / ".gitconfig", above / "config", above / "ignore", above / "attributes", Path(_SYSTEM)]  # fmt: skip
    told = items(command.run(*_LISTED, check=False))
    for origin, said in zip(told[::2], told[1::2], strict=False):
        file = command.folder / origin.removeprefix("file:")
        found += [file] if origin.startswith("file:") else []
        key, _, value = said.partition("\n")
        if key.endswith(".path") or key in ("core.excludesfile", "core.attributesfile"):  # include, includeIf
            found.append(file.parent / os.path.expanduser(value))
    return tuple(dict.fromkeys(map(os.fspath, found)))
