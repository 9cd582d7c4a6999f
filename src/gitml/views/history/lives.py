"""The life of each record through history: who made it, who changed which field, and what it is called by now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import MISSING, leaves, no_list_key

if TYPE_CHECKING:
    from gitml.errors import Problem
    from gitml.records.record import Record
    from gitml.repo.snapshot import Snapshot
    from gitml.repo.versions import Version

CREATED: Final = "created"
CHANGED: Final = "changed"
RENAMED: Final = "renamed"
DELETED: Final = "deleted"


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a commit did: to a record as a whole (`field` None), or to one field of it.

    `before` and `after` are MISSING where the field was not there; of a rename they are the two refs. `merged`: a merge
    did it itself, so that no commit that it brought in says so. `life` is the same for a record whatever it is called.
    """

    commit: str
    event: str
    version: Version
    life: int
    field: str | None = None
    before: Any = None
    after: Any = None
    old: Version | None = None
    merged: bool = False
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """A record as a commit left it: what stands there (None: nothing any more), as it could last be read.

    By commit: `made` is the one that made or removed it, `wrote` the one whose text it is, `origins` of each field the
    one that changed it last (a field that was removed has one, too). `number` is the same whatever it is called.
    `moved`: nothing stands there any more since it has another name.
    """

    number: int
    version: Version | None
    record: Record | None
    made: str
    wrote: str
    origins: Mapping[str, str] = field(default_factory=dict)
    moved: bool = False

    def origin(self, name: str) -> str:
        """The commit that changed a field last; of one that a schema has split since, that of the list around it."""
        found = self.origins.get(name)
        while found is None and (cut := max(name.rfind("."), name.rfind("["))) > 0:
            name = name[:cut]
            found = self.origins.get(name)
        return found or self.made


class Readings:
    """The fields of records as schemas of their time lead into them; each is worked out once."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, str], tuple[Record, dict[str, Any]]] = {}

    def of(self, record: Record | None, then: Snapshot) -> Mapping[str, Any]:
        """The dotted fields of a record, none where there is no record."""
        if record is None:
            return {}
        kind = then.schemas.latest.get(record.kind)
        key = (id(record), kind.blob if kind else "")
        if key not in self._held:
            self._held[key] = (record, leaves(record.data, kind.list_key if kind else no_list_key))
        return self._held[key][1]


def value(fields: Mapping[str, Any], name: str) -> Any:
    """A field, MISSING where it is not there."""
    return fields.get(name, MISSING)
