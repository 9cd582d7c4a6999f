"""Whether other tools' files give a kind nothing: kept, so that who lists its records need not list the whole tree."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from gitml.repo.index.table import Table
from gitml.repo.index.tables import is_alone, table
from gitml.repo.readers import KINDS
from gitml.repo.readers.derived import Derived
from gitml.repo.readers.dvc import is_plain_pointer, is_pointer_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitml.repo.snapshot import Snapshot

_VERSION: Final = 1
ASKED: Final = f"underived/{_VERSION}/"
"""How all keys begin that this version asks the cache for."""

_OUTPUT: Final = "dvc-output"
_DERIVED: Final = "derived"


def derived(snapshot: Snapshot, kind: str) -> Derived:
    """What readers make of a kind, as `Snapshot.derived` says; quick where that is known to be nothing."""
    found: Derived | None = snapshot.worked_out.get((_DERIVED, kind))
    if found is None:
        asked = _Asked(snapshot, kind)
        if asked.known():
            found = Derived()
        else:
            found = snapshot.derived(kind)
            asked.learn(found)
        snapshot.worked_out[_DERIVED, kind] = found
    return found


def everything(snapshot: Snapshot, kind: str) -> Table:
    """The table of a kind, its derived records too; a record hides the derived one of its name."""
    stored = table(snapshot, kind)
    made = [record for record in derived(snapshot, kind).of(kind) if snapshot.find(record.ref) is None]
    return stored.beside(Table.of(made)) if made else stored


class _Asked:
    """What is known of one kind at one snapshot.

    Only of trees in which DVC keeps no pipeline: there each of its files tells of itself alone, so that no other file
    counts, and a commit that adds records leaves what is known as it was.
    """

    def __init__(self, snapshot: Snapshot, kind: str) -> None:
        self._snapshot = snapshot
        self._kind = kind
        self._key = self._outside() if self._is_askable() else ""

    def known(self) -> bool:
        """Whether it is known that there is nothing."""
        cache = self._snapshot.cache
        return bool(self._key and cache and cache.get([self._key]).get(self._key))

    def learn(self, found: Derived) -> None:
        """Keep it, where it was found that there is nothing."""
        if not self._key or not self._snapshot.cache or found.problems:
            return
        if any(record.kind != _OUTPUT for record in found.of(None)):
            return
        if all(is_plain_pointer(path) for path in self._snapshot.seen.starts if is_pointer_file(path)):
            self._snapshot.cache.put({self._key: True})

    def _is_askable(self) -> bool:
        snapshot = self._snapshot
        only_dvc = all(self._kind not in kinds for name, kinds in KINDS.items() if name != "dvc")
        return only_dvc and is_alone(snapshot, self._kind) and not any(map(is_pointer_file, snapshot.tree.changes))

    def _outside(self) -> str:
        """A digest of the commit's tree without the folders in which records of the kind lie."""
        tree = self._snapshot.tree
        said = hashlib.sha256(repr((self._snapshot.prefix, self._kind)).encode())

        def beside(folder: str) -> Iterator[str]:
            above, _, name = folder.rpartition("/")
            if above:
                yield from beside(above)
            yield from (f"{above}/{other} {entry.oid}" for other, entry in tree.within(above).items() if other != name)

        for folder in self._snapshot.folders_of(self._kind):
            said.update("\0".join(beside(folder)).encode("utf-8", "surrogateescape"))
        return f"{ASKED}{said.hexdigest()}"
