"""How alike two records are, and whether that tells anything: one may be the other under another name.

Git asks for half of a file's bytes. A small record is mostly what all of its kind say, so that half of it proves
nothing: there must also be a text that both have, or three values that nobody is bound to choose, or one of these and
names that are alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import column, leaves, same

if TYPE_CHECKING:
    from gitml.records.record import Record
    from gitml.records.schema import Kind

KIN: Final = 0.3
"""As alike must names be to tell which of several is meant."""

_ALIKE: Final = 0.5
_FEWEST: Final = 3
_WORDS, _LETTERS = 3, 12  # of a text that is no mere word
_LONGEST: Final = 80  # letters that a field counts for at most
_MADE: Final = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|[0-7][0-9A-HJKMNP-TV-Z]{25}")


@dataclass(frozen=True, slots=True)
class Said:
    """What a record says, and the fields that say little: a choice of few, what a machine wrote."""

    fields: Mapping[str, Any]
    dull: frozenset[str]

    @classmethod
    def of(cls, record: Record | None, kind: Kind | None) -> Said:
        """A record's fields, but for the name of its kind, which all of that kind have."""
        held = {name: value for name, value in leaves(record.data).items() if name != "schema"} if record else {}
        chosen = _choices(kind) if kind else frozenset()
        return cls(held, frozenset(name for name, value in held.items() if name in chosen or _is_made(value)))


def _choices(kind: Kind) -> frozenset[str]:
    """The fields for which a schema leaves a choice of few."""
    fields = kind.shape.fields.items()
    return frozenset(column(*pattern) for pattern, schema in fields if "enum" in schema or "const" in schema)


def _is_made(value: Any) -> bool:
    """Whether a value is a switch, nothing, a time or an id."""
    return value is None or isinstance(value, bool) or (isinstance(value, str) and _MADE.fullmatch(value) is not None)


def likeness(old: Said, new: Said, kin: float) -> float:
    """Which part of two records is the same, from 0.5 to 1; 0 where that is less, or tells nothing.

    `kin` is how alike their names are.
    """
    equal = [name for name in old.fields.keys() & new.fields.keys() if same(old.fields[name], new.fields[name])]
    texts = {name: share for name in old.fields.keys() & new.fields.keys() if (share := _shared(old, new, name))}
    telling = sum(1 for name in equal if name not in old.dull)
    if not (texts or telling >= _FEWEST or (telling and kin >= KIN)):
        return 0.0
    kept = sum(_size(new, name) * (1.0 if name in equal else texts[name]) for name in {*equal, *texts})
    part = kept / max(sum(_size(one, name) for name in one.fields) for one in (old, new))
    if telling >= _FEWEST:
        part = max(part, len(equal) / max(len(old.fields), len(new.fields)))
    return min(part, 1.0) if part >= _ALIKE else 0.0


def _size(said: Said, name: str) -> int:
    return min(len(name) + len(str(said.fields[name])), _LONGEST)


def _shared(old: Said, new: Said, name: str) -> float:
    """Which part of a text's words two records share; 0 where it is none, or they share too little."""
    before, after = (list(_words(one.fields[name])) for one in (old, new))
    both = Counter(before) & Counter(after)
    share = both.total() / max(len(before), len(after), 1)
    enough = both.total() >= _WORDS and sum(map(len, both.elements())) + both.total() > _LETTERS
    return share if enough and share >= _ALIKE else 0.0


def _words(value: Any) -> Iterator[str]:
    yield from value.split() if isinstance(value, str) else ()
