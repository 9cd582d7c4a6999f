"""Git's settings for our merge driver and text diff: what `.gitattributes` names, and each clone says for itself.

A clone without these settings merges and shows records as any other text.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from shlex import quote

from gitml.repo.git import Git
from gitml.repo.git.command import raw

NAME = "gitml"
RECORDS = f"metadata/**/*.yaml merge={NAME} diff={NAME}"
DVC = {"dvc.lock": f"dvc.lock merge={NAME}", ".dvc": f"*.dvc merge={NAME}"}

# What goes wrong in git-ml, or with it, leaves git's own merge: only 0 (merged) and 10 (in conflict) are its answers.
_MERGE = (
    "{find}; gitml_run merge-driver %O %A %B %L %P %S %X %Y; case $? in 0) ;; 10) exit 1 ;; "
    "*) git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B ;; esac"
)
_SHOW = '{find}; gitml_show() {{ gitml_run textconv "$1" 2> /dev/null || cat "$1"; }}; gitml_show'
# -P: the repository must not bring modules of its own.
_FIND = 'gitml_run() {{ if command -v git-ml > /dev/null 2>&1; then git-ml "$@"; else {other}; fi; }}'
_OTHER = '{python} -P -m gitml "$@"'


def settings(python: str | None) -> dict[str, str]:
    """The settings; `python` is the one that has gitml, for where git-ml is not on the PATH."""
    find = _FIND.format(other=_OTHER.format(python=quote(python)) if python else "return 127")
    # In a driver `%` begins what git puts there; the text diff is given to the shell as it is.
    return {
        f"merge.{NAME}.name": "records field by field, DVC's files by stage and output",
        f"merge.{NAME}.driver": _MERGE.format(find=find.replace("%", "%%")),
        f"diff.{NAME}.textconv": _SHOW.format(find=find),
    }


def install(git: Git) -> list[str]:
    """Make the settings that this repository does not have yet, or has otherwise; their names. Raises GitFailed."""
    wanted = missing(git)
    for name, value in wanted.items():
        git.run("config", "--local", name, value)
    return list(wanted)


def missing(git: Git) -> dict[str, str]:
    """The settings that this repository does not have yet, or has otherwise."""
    held = dict(
        item.partition("\n")[::2]
        for item in git.lines0("config", "--local", "-z", "--get-regexp", rf"^(merge|diff)\.{NAME}\.", check=False)
    )
    return {name: value for name, value in settings(sys.executable or None).items() if held.get(name) != value}


def named(git: Git, prefix: str) -> bool:
    """Whether git's attributes name our driver for a store's records."""
    told = git.lines0("check-attr", "-z", "merge", "--", f"{prefix}metadata/models/x.yaml", check=False)
    return told[2::3] == [NAME]


def attributes(git: Git, prefix: str) -> Sequence[str]:
    """The lines of `.gitattributes` for a store: for records, and where DVC is used for its files.

    Files of DVC's that have a merge driver already keep it.
    """
    return (RECORDS, *(line for ending, line in DVC.items() if _uses_dvc(git) and not _driven(git, prefix, ending)))


def _uses_dvc(git: Git) -> bool:
    if git.full(".dvc").is_dir():
        return True
    return bool(git.lines0("ls-files", "-z", "--", "*.dvc", "*dvc.lock", "*dvc.yaml"))


def _driven(git: Git, prefix: str, ending: str) -> bool:
    """Whether somebody has set a merge driver for such files, on some or on all of them."""
    found = git.lines0("ls-files", "-z", "--", f"{prefix}*{ending}")
    name = ending.removeprefix(".")
    asked = [*found, f"{prefix}{name if '.' in name else f'x{ending}'}"]
    told = git.lines0("check-attr", "-z", "--stdin", "merge", input=raw("".join(f"{one}\0" for one in asked)))
    return any(value not in ("unspecified", NAME) for value in told[2::3])
