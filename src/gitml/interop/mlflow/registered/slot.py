"""A slot as MLflow sees it: an alias, a stage's place, or both, for `production` may be the name of either."""

from __future__ import annotations

from typing import NamedTuple, Self

from gitml.interop.mlflow.words import CUSTOM, custom
from gitml.records.record import MISSING, Record, column
from gitml.records.ref import VERSION, Ref
from gitml.store.writing import Writing

STAGES = {"Staging": "staging", "Production": "production"}
"""The slot of each stage that has one."""
_MODEL = "model"
_MARKS = column("custom", CUSTOM)


class Slot(NamedTuple):
    """Which version stands in a stage by it, and which one an alias of its name chooses."""

    name: str
    stage: int | None = None
    alias: int | None = None

    @classmethod
    def of(cls, record: Record) -> Self | None:
        """What a slot's record says; None where it chooses a version that has no number."""
        told, name, version = custom(record.data), record.ref.keys[2], _number(record.data.get("version"))
        if version is None:
            return None
        return cls(name, version, _number(told.get("alias"))) if "stage" in told else cls(name, None, version)

    def without(self, version: int) -> Self:
        """The slot once a version has left it."""
        return self._replace(
            stage=None if self.stage == version else self.stage, alias=None if self.alias == version else self.alias
        )

    def write(self, store: Writing, key: str, before: Slot | None) -> None:
        """Make a model's slot say this; `before` is what it said, None where it was not there."""
        if self == before or (before is None and self.stage is None and self.alias is None):
            return
        ref = Ref("alias", (_MODEL, key, self.name))
        chosen = self.alias if self.stage is None else self.stage
        if chosen is None:
            store.rm(ref, force=True)  # who deletes an alias means it, whether it was ever committed or not
            return
        store.promote(Ref(_MODEL + VERSION, (key, str(chosen))), self.name)
        if self.stage is not None:
            beside = MISSING if self.alias is None else str(self.alias)
            store.set(ref, {f"{_MARKS}.stage": self.name.capitalize(), f"{_MARKS}.alias": beside})
        elif before is not None and before.stage is not None:
            others = (store.show(ref).data.get("custom") or {}).keys() - {CUSTOM}
            store.set(ref, {_MARKS if others else "custom": MISSING})


def _number(version: object) -> int | None:
    text = str(version)
    return int(text) if text.isascii() and text.isdigit() else None
