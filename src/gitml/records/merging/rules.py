"""What a merge has to know of a file's fields: which are sets, which lists have keys, what stands or falls together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitml.records.annotations import Pattern
from gitml.records.canonical import ALPHABETICAL, KeyOrder
from gitml.records.record import ListKey, no_list_key
from gitml.records.schema import Kind, fits

SET, MAX, MIN, REPLACE = "set", "max", "min", "replace"
_MOVED = frozenset(["version", "status", "id", "since", "by", "reason"])
# What DVC's users write beside an output; all else is what DVC found.
_ANNOTATIONS = frozenset(["desc", "type", "labels", "meta", "remote", "push", "cache", "persist"])


def _nothing(_at: Pattern) -> Mapping[str, Any]:
    return {}


def _unbound(_at: Pattern, _keys: frozenset[str]) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """How the fields of one file are merged.

    `word` gives a field's annotation, `list_key` the key of a list of mappings, and `bound` those keys of a mapping
    that name one thing: changed on both sides, they are in conflict together. `grafts` is true where another program
    has its own way of writing the file, so that lines are taken over as they stand.
    """

    word: Callable[[Pattern], Mapping[str, Any]] = _nothing
    list_key: ListKey = no_list_key
    bound: Callable[[Pattern, frozenset[str]], frozenset[str]] = _unbound
    order: KeyOrder = field(default=ALPHABETICAL)
    grafts: bool = False

    def rule(self, at: Pattern) -> str | None:
        """`set`, `max`, `min`, `replace`, or None."""
        found = self.word(at).get("merge")
        return found if isinstance(found, str) else None

    def curated(self, at: Pattern) -> bool:
        """Whether people write the field, and no program does."""
        return self.word(at).get("origin") == "curated"


PLAIN = Rules()


def rules_of(kind: Kind) -> Rules:
    """The rules that a kind's schema gives: a pointer, a `{ref, id}` and a slot's choice are one thing each."""
    words = dict(kind.shape.annotations)
    refs = {one.pattern for one in kind.shape.refs}

    def word(at: Pattern) -> Mapping[str, Any]:
        return words.get(at) or next((held for pattern, held in words.items() if fits(pattern, at)), {})

    def bound(at: Pattern, keys: frozenset[str]) -> frozenset[str]:
        if not at:
            return keys & _MOVED if kind.addressing == "slot" else frozenset()
        if word(at).get("pointer"):
            return keys
        named = "ref" in keys and any(fits(pattern, (*at, "ref")) for pattern in refs)
        return frozenset(key for key in keys if word((*at, key)).get("origin") != "curated") if named else frozenset()

    return Rules(word, kind.list_key, bound, kind.shape.order)


def _lock_word(at: Pattern) -> Mapping[str, Any]:
    # A stage of which one half comes from here and one from there was never run: DVC would call it up to date.
    return {"merge": REPLACE} if len(at) == 2 and at[0] == "stages" else {}  # noqa: PLR2004


def _old_lock_word(at: Pattern) -> Mapping[str, Any]:
    return {"merge": REPLACE} if len(at) == 1 else {}


def _pointer_key(at: Pattern) -> str | None:
    return "path" if at in (("outs",), ("deps",)) else None


def _pointer_bound(at: Pattern, keys: frozenset[str]) -> frozenset[str]:
    if at in (("outs", "[]"), ("deps", "[]")):
        return keys - _ANNOTATIONS
    return keys & {"md5", "frozen", "cmd", "wdir"} if not at else frozenset()


def dvc_rules(path: str, data: Mapping[str, Any]) -> Rules:
    """The rules of `dvc.lock` (by stage) and of `.dvc` files (by output)."""
    if path.endswith(".dvc"):
        return Rules(list_key=_pointer_key, bound=_pointer_bound, grafts=True)
    return Rules(word=_lock_word if "stages" in data else _old_lock_word, grafts=True)
