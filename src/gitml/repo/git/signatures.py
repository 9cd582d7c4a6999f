"""What git says of the signatures of commits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gitml.repo.git.batch import listing
from gitml.repo.git.command import Command

NONE: Final = "none"
_UNKNOWN: Final = "unknown"
# `%G?`. Expired, or made with an expired key: git's verify-commit does not accept these, nor are they false.
_STATES: Final = {"G": "good", "B": "bad", "R": "bad", "X": _UNKNOWN, "Y": _UNKNOWN, "E": _UNKNOWN, "N": _UNKNOWN}
_FORMAT: Final = "--format=%H%x00%G?%x00%GS"


def signatures(command: Command, signed: Iterable[str]) -> dict[str, str]:
    """Of commits that carry a signature whether it is good, bad, or of somebody whom this clone does not know.

    One process of git for all of them; git starts gpg or ssh-keygen for each.
    """
    asked = list(dict.fromkeys(signed))
    if not asked:
        return {}
    # Only `log` reads the settings that say how signatures are checked.
    args = ("log", "--no-walk=unsorted", "--no-show-signature", "--no-color", "--no-patch", _FORMAT, "--stdin")
    lines = command.run(*args, input=listing(asked)).decode("utf-8", "replace").split("\n")
    found = (line.split("\0") for line in lines)
    return {parts[0]: _state(parts[1], parts[2]) for parts in found if len(parts) == len(_FORMAT.split("%x00"))}


def _state(word: str, signer: str) -> str:
    """`U` is a good signature by a key of unknown trust (gpg names its owner), or by nobody whom ssh knows."""
    if word == "U":
        return "good" if signer else _UNKNOWN
    return _STATES.get(word, _UNKNOWN)
