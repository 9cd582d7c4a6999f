"""Which record each experiment of a source is: the one that was made of it before, else one of its name, else a new."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from unicodedata import normalize

from gitml.interop.mlflow.importing.said import Experiment
from gitml.interop.mlflow.words import DEFAULT_ID, DEFAULT_KEY, DEFAULT_NAME, experiment_id, experiment_name, free_key
from gitml.repo.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class _There:
    key: str
    id: str
    name: str
    created: Any


class Place(NamedTuple):
    """An experiment's key; whether a record stands there that is of another experiment with the same name."""

    key: str
    is_others: bool = False


def places(snapshot: Snapshot, experiments: Iterable[Experiment], created: dict[str, str | None]) -> dict[str, Place]:
    """The place of each experiment by MLflow's id; `created` tells when each was made, as a record holds it."""
    there = [
        _There(
            record.ref.keys[0],
            experiment_id(record.ref.keys[0], record.data),
            experiment_name(record.ref.keys[0], record.data),
            record.data.get("created"),
        )
        for record in snapshot.records("experiment")
    ]
    found: dict[str, Place] = {}
    rest = list(experiments)
    rules: tuple[tuple[Callable[[Experiment, _There], bool], bool], ...] = (
        (lambda one, it: (it.id, it.name) == (one.id, one.name) and it.created in (None, created[one.id]), False),
        (lambda one, it: it.id == one.id and it.created is not None and it.created == created[one.id], False),
        (lambda one, it: it.name == one.name, True),
    )
    for fits, is_others in rules:
        left = []
        for one in rest:
            taken = {place.key for place in found.values()}
            key = next((it.key for it in there if it.key not in taken and fits(one, it)), None)
            if key is None:
                left.append(one)
            else:
                found[one.id] = Place(key, is_others)
        rest = left
    used = {normalize("NFC", it.key) for it in there}
    for one in rest:
        found[one.id] = Place(_new(one, used))
        used.add(normalize("NFC", found[one.id].key))
    return found


def _new(one: Experiment, used: set[str]) -> str:
    """The key of an experiment that nobody has recorded."""
    if one.id == DEFAULT_ID and one.name == DEFAULT_NAME:
        return free_key(DEFAULT_KEY, used)
    name = normalize("NFC", one.name.encode("utf-8", "replace").decode())
    return free_key(name or f"experiment-{one.id}", used)
