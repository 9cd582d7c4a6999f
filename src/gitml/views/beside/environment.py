"""The environments that things were made in, package by package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gitml.records.record import differences, no_list_key
from gitml.views.beside.parts import Environment
from gitml.views.beside.subject import linked
from gitml.views.lineage.makers import resolved

if TYPE_CHECKING:
    from gitml.records.record import FieldChange, Record
    from gitml.views.beside.parts import Subject

_ROLE: Final = "runs_in"
# What names or tells of an environment, and is no part of it.
_ABOUT: Final = frozenset(["schema", "name", "description", "tags", "custom"])


def environment(subjects: Sequence[Subject]) -> Environment | None:
    """How the environments differ from the first one's; None where no record names one."""
    refs = tuple(_ref(each) for each in subjects)
    if not any(refs):
        return None
    records = [resolved(ref, each.snapshot) for ref, each in zip(refs, subjects, strict=True)]
    changes = tuple(
        None if number == 0 else _changes(records[0], record, subjects[number]) for number, record in enumerate(records)
    )
    missing = (ref for ref, record in zip(refs, records, strict=True) if ref and record is None)
    # The name of an environment is the digest of what is in it; what is here is looked at all the same.
    equal = (not told if told is not None else ref == refs[0] for ref, told in zip(refs[1:], changes[1:], strict=True))
    return Environment(all(equal), refs, changes, tuple(dict.fromkeys(missing)))


def _ref(one: Subject) -> str | None:
    found = (link.text for record in one.told for link in linked(record, one.snapshot) if link.role == _ROLE)
    return next(found, None)


def _changes(baseline: Record | None, record: Record | None, one: Subject) -> tuple[FieldChange, ...] | None:
    if baseline is None or record is None:
        return None
    kind = one.snapshot.schemas.latest.get(record.kind)
    sides = [{name: value for name, value in each.data.items() if name not in _ABOUT} for each in (baseline, record)]
    return differences(sides[0], sides[1], kind.list_key if kind else no_list_key)
