"""The packages that this Python has, as their installers have noted them beside: few files are opened.

To have the standard library parse the metadata of each takes ten times as long, and its import as long again.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

# A wheel's folder, whose name says it all; an escaped version does not.
_FOLDER: Final = re.compile(r"([A-Za-z0-9][^-]*)-([^-_]+)\.dist-info")
_SAID: Final = re.compile(r"^(Name|Version):[ \t]*(\S+)", re.MULTILINE)
_ENDS: Final = (".dist-info", ".egg-info")


def by_name() -> dict[str, str]:
    """Version by name, in its one normal form; of two of one name that which is imported."""
    found: dict[str, str] = {}
    for place in sys.path:
        for name, version in _in(place or os.curdir):
            found.setdefault(normal(name), version)
    return dict(sorted(found.items()))


def normal(name: str) -> str:
    """A package's name in its one normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _in(place: str) -> Iterator[tuple[str, str]]:
    """Names and versions of the packages in a folder; those that do not say both are left out."""
    try:
        with os.scandir(place) as listed:
            found = [(one.name, one.path) for one in listed if one.name.endswith(_ENDS)]
    except OSError:  # no folder: an archive, or nothing
        return
    for name, where in found:
        told = _FOLDER.fullmatch(name)
        if told and Path(where, "METADATA").exists():
            yield told[1], told[2]
        else:
            yield from _read(where)


def _read(where: str) -> Iterator[tuple[str, str]]:
    for file in (f"{where}/METADATA", f"{where}/PKG-INFO", where):
        with suppress(OSError), open(file, encoding="utf-8", errors="replace") as text:  # noqa: PTH123 - hundreds of them
            said = dict(_SAID.findall(text.read().partition("\n\n")[0]))
            if len(said) == len(("Name", "Version")):
                yield said["Name"], said["Version"]
            return
