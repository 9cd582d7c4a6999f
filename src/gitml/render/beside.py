"""What stands beside a comparison as text: a block each for data, code, environment and duration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gitml.records.record import MISSING
from gitml.render.cells import number, printable, typed
from gitml.render.changed_values import signed
from gitml.render.page import Page
from gitml.render.problems import counted
from gitml.render.sheet import shortened
from gitml.views.deltas import delta, relative

if TYPE_CHECKING:
    from gitml.records.record import FieldChange
    from gitml.views.beside.parts import Beside, Code, Data, Duration, Environment, Range, Version

_SHORT: Final = 8
_FILES: Final = 12
_MANY: Final = 20
_MINUTE: Final = 60


def beside_lines(beside: Beside, labels: Sequence[str], page: Page, *, everything: bool = False) -> Iterator[str]:
    """The blocks that have something to tell: what differs, or all of it."""
    blocks = [
        ("data", _data([one for one in beside.data if everything or not one.same], labels)),
        ("code", _code(beside.code, labels, everything=everything)),
        ("environment", _environment(beside.environment, labels, everything=everything)),
        ("duration", _duration(beside.duration, labels, everything=everything)),
    ]
    for name, lines in blocks:
        held = list(lines)
        if held:
            yield page.paint(name, "strong")
            yield from (f"  {line if page.width is None else shortened(line, page.width - 2)}" for line in held)


def beside_same(beside: Beside) -> list[str]:
    """The parts that the records tell of, and that are the same."""
    told = [("data", all(one.same for one in beside.data) if beside.data else None)]
    told += [(name, part.same if part else None) for name, part in _parts(beside)]
    return [name for name, same in told if same]


def _parts(beside: Beside) -> list[tuple[str, Code | Environment | None]]:
    return [("code", beside.code), ("environment", beside.environment)]


def _others(labels: Sequence[str]) -> list[tuple[int, str]]:
    """The records after the first; of two nobody needs to be told which one is meant."""
    return [(side, "" if len(labels) == 2 else f"{printable(labels[side])}: ") for side in range(1, len(labels))]  # noqa: PLR2004


def _data(pieces: Iterable[Data], labels: Sequence[str]) -> Iterator[str]:
    for one in pieces:
        names = [_named(ref, held) for ref, held in zip(one.refs, one.hashes, strict=True)]
        told = names[0] if one.same else " -> ".join(names)
        yield f"{printable(one.name)}: {told}" + (" (the same)" if one.same else "")
        for side, label in _others(labels):
            version = one.versions[side]
            if version is not None:
                yield from (f"  {label}{line}" for line in _version(version))


def _named(ref: str | None, held: str | None) -> str:
    """`dataset/wine@2 (md5 9c07e1d2)`."""
    sort, _, digest = (held or "").partition(":")
    told = f"{sort} {digest[:_SHORT]}" if held else ""
    return printable(f"{ref} ({told})" if ref and told else ref or told or "nothing")


def _version(version: Version) -> Iterator[str]:
    came = [name for name, fields in version.columns.items() if _op(fields) == "added"]
    went = [name for name, fields in version.columns.items() if _op(fields) == "removed"]
    if came or went:
        names = [*(f"+ {name}{_type(version, name)}" for name in came), *(f"- {name}" for name in went)]
        yield f"columns: {printable(_few(names))}"
    for name, fields in version.columns.items():
        if _op(fields) == "changed":
            yield f"{printable(name)}: {', '.join(_moved(field) for field in fields)}"
    if version.figures:
        yield _few([_moved(field) for field in version.figures])
    if version.profile:
        yield f"profile: {_few([_moved(field) for field in version.profile])}"


def _op(fields: Iterable[FieldChange]) -> str:
    return next((field.op for field in fields if field.field == "name"), "changed")


def _type(version: Version, name: str) -> str:
    held = next((field.after for field in version.columns[name] if field.field == "type"), MISSING)
    return f" {typed(held)}" if held is not MISSING else ""


def _few(words: Sequence[str]) -> str:
    more = len(words) - _MANY
    return ", ".join(words[:_MANY]) + (f", and {more} more" if more > 0 else "")


def _moved(field: FieldChange) -> str:
    """`rows 178 -> 190 (+12, +6.7 %)`."""
    sides = " -> ".join(typed(value) for value in (field.before, field.after) if value is not MISSING)
    mark = {"added": "+ ", "removed": "- "}.get(field.op, "")
    return f"{mark}{printable(field.field)} {sides}{_by(field.before, field.after)}"


def _by(before: object, after: object) -> str:
    moved = delta(before, after)
    if not moved or not isinstance(before, int | float):
        return ""
    share = relative(moved, before)
    return f" ({signed(moved)}{_percent(share)})"


def _percent(share: float | None) -> str:
    return "" if share is None else f", {share * 100:+.1f} %"


def _code(code: Code | None, labels: Sequence[str], *, everything: bool) -> Iterator[str]:
    if code is None or (code.same and not everything and not code.unreachable):
        return
    for side, label in _others(labels):
        ends = [_commit(code, number) for number in (0, side)]
        told = code.ranges[side]
        yield f"{label}{ends[0]} -> {ends[1]}{f': {_between(told)}' if told else ''}"
        yield from (f"  {line}" for line in (_files(told) if told else ()))
    if code.unreachable:
        ids = ", ".join(oid[:_SHORT] for oid in code.unreachable)
        hint = "git fetch --unshallow brings them" if code.shallow else "no branch or tag here leads to them"
        yield f"not in this clone: {ids}; {hint}"


def _commit(code: Code, side: int) -> str:
    commit = code.commits[side]
    return "unknown" if commit is None else commit[:_SHORT] + (" with changes" if code.dirty[side] else "")


def _between(told: Range) -> str:
    """`2 commits ahead, 1 behind, 3 files`."""
    ways = [(told.ahead, "ahead"), (told.behind, "behind")]
    words = [f"{counted(count, 'commit')} {word}" for count, word in ways if count]
    return ", ".join([*words, counted(len(told.files), "file") if told.files else "no file differs"])


def _files(told: Range) -> Iterator[str]:
    shown = told.files[:_FILES]
    width = max((len(one.path) for one in shown), default=0)
    for one in shown:
        lines = "" if one.added is None else f"+{one.added} -{one.removed}"
        yield f"{printable(one.path):{width}}  {lines}".rstrip()
    if len(told.files) > len(shown):
        yield f"and {counted(len(told.files) - len(shown), 'file')} more: --format json"


def _environment(environment: Environment | None, labels: Sequence[str], *, everything: bool) -> Iterator[str]:
    if environment is None or (environment.same and not everything):
        return
    for side, label in _others(labels):
        names = [printable(environment.refs[number] or "unknown") for number in (0, side)]
        fields = environment.changes[side]
        counts = "" if fields is None else f": {counted(len(fields), 'difference')}"
        yield f"{label}{' -> '.join(dict.fromkeys(names))}{counts}"
        yield from (f"  {_moved(field)}" for field in (fields or ())[:_MANY])
        if fields and len(fields) > _MANY:
            yield f"  and {len(fields) - _MANY} more: --format json"
    yield from (f"{printable(ref)} is not here" for ref in environment.missing)


def _duration(duration: Duration | None, labels: Sequence[str], *, everything: bool) -> Iterator[str]:
    if duration is None or (not any(duration.delta) and not everything):
        return
    for side, label in _others(labels):
        ends = [_time(duration.seconds[number]) for number in (0, side)]
        moved = duration.delta[side]
        by = f" ({signed(moved).removesuffix('.0')} s{_percent(duration.relative[side])})" if moved else ""
        yield f"{label}{ends[0]} -> {ends[1]}{by}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 2 * _MINUTE:
        return f"{number(float(seconds)).removesuffix('.0')} s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
