"""What happened, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gitml.records.record import MISSING
from gitml.repo.load import UNREADABLE
from gitml.views.history.lives import CHANGED, CREATED, DELETED, RENAMED

if TYPE_CHECKING:
    from gitml.views.history.lives import Deed

_METRICS: Final = "metrics"
# What a record of an event kind says of itself, by its kind.
_SAID: Final = {"approval": "decision", "rollout": "status"}


def summary(deed: Deed) -> str:
    """A deed in a few words: registered, alias moved, metric corrected, renamed, retired."""
    of_field = deed.field is not None and deed.event == CHANGED
    told = _broken(deed) or (_of_field(deed, deed.field or "") if of_field else _of_record(deed))
    return f"{told} by the merge" if deed.merged else told


def _broken(deed: Deed) -> str | None:
    """What is said of a version that cannot be read."""
    if deed.problem is None or deed.version.record is not None or deed.event == RENAMED:
        return None
    if deed.problem.code == UNREADABLE:
        return f"{deed.event}, and this clone does not have what it says"
    return f"{deed.event}, and cannot be read"


def _of_record(deed: Deed) -> str:
    kind = deed.version.kind
    if deed.event == RENAMED:
        return "moved" if deed.before == deed.after else f"renamed from {deed.before}"
    if deed.event == DELETED:
        return {"alias": "alias removed", "status": "status removed"}.get(kind, "deleted")
    return _created(deed) if deed.event == CREATED else "readable again"


def _created(deed: Deed) -> str:
    version = deed.version
    data = version.record.data if version.record else {}
    kind = version.then.schemas.latest.get(version.kind)
    if version.kind == "alias":
        return f"alias set to version {data.get('version')}"
    if version.kind == "status":
        return str(data.get("status"))
    if kind is not None and kind.addressing == "version":
        return "registered"
    if kind is not None and kind.addressing == "event":
        said = data.get(_SAID.get(version.kind, ""))
        return f"{version.kind} recorded" + (f": {said}" if isinstance(said, str) else "")
    return "created"


def _of_field(deed: Deed, field: str) -> str:
    kind = deed.version.kind
    if kind == "alias" and field == "version":
        return "alias moved"
    if kind == "status" and field == "status" and isinstance(deed.after, str):
        return deed.after
    done = "added" if deed.before is MISSING else "removed" if deed.after is MISSING else "changed"
    if field.partition(".")[0] == _METRICS:
        return f"metric {'corrected' if done == 'changed' else done}"
    return f"{field} {done}"
