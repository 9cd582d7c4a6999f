"""The JSON shapes, format 1: what each answer looks like to a program."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import MISSING

if TYPE_CHECKING:
    from gitml.errors import GitmlError, Problem
    from gitml.records.record import FieldChange, Record
    from gitml.repo.git.revision import At
    from gitml.views.beside.parts import Beside, Data, Range, Version
    from gitml.views.changes import Difference
    from gitml.views.compare import Comparison
    from gitml.views.diff import Diff
    from gitml.views.rows import Rows

FORMAT: Final = 1
# Surrogates (of a path that is no UTF-8), which UTF-8 cannot hold, and controls that a terminal obeys or hides.
_ESCAPED = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

Shape = dict[str, Any]


def to_json(shape: Any) -> str:
    """One line of JSON; NaN and infinities become `{"$float": "nan"}` and so on."""
    try:
        text = json.dumps(shape, ensure_ascii=False, allow_nan=False)
    except ValueError:  # a NaN or an infinity somewhere: rare, so looked for only then
        text = json.dumps(plain(shape), ensure_ascii=False, allow_nan=False)
    return text if text.isprintable() else _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def plain(value: Any) -> Any:
    """The value with its NaN and infinities written as JSON can hold them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": str(value)}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def at_shape(at: At) -> Shape:
    """A snapshot's name."""
    return {"kind": at.kind, "commit": at.commit, "events": at.events}


def list_shape(rows: Rows, at: At, *, complete: bool = True, over: Sequence[str] = ()) -> Shape:
    """The answer of `list`; over history it also says over what, and which records are not among the rows."""
    past = {"over": list(over), "problems": problem_shapes(rows.problems)} if over else {}
    return {
        "format": FORMAT,
        "at": at_shape(at),
        "kind": rows.kind,
        "total": rows.total,
        "complete": complete,
        **past,
        "columns": [{"name": column.name, "type": column.type} for column in rows.columns],
        "rows": list(rows.rows),
    }


def show_shape(record: Record, at: At, problems: Iterable[Problem] = ()) -> Shape:
    """The answer of `show`."""
    return {
        "format": FORMAT,
        "at": at_shape(at),
        "ref": str(record.ref),
        "kind": record.kind,
        "path": record.path,
        "blob": record.blob,
        "derived": record.derived,
        "data": record.data,
        "problems": problem_shapes(problems),
    }


def problem_shape(problem: Problem) -> Shape:
    """One problem."""
    return {
        "code": problem.code,
        "severity": problem.severity,
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "ref": problem.ref,
        "field": problem.field,
        "message": problem.message,
        "hint": problem.hint,
        "commit": problem.commit,
    }


def problem_shapes(problems: Iterable[Problem]) -> list[Shape]:
    """Problems, by path, line, column and code."""
    return [problem_shape(problem) for problem in sorted(problems, key=lambda problem: problem.order)]


def validate_shape(problems: Iterable[Problem], at: At, base: str | None, checked: int) -> Shape:
    """The answer of `validate`; `base` is the commit that changes were judged against."""
    return {
        "format": FORMAT,
        "at": at_shape(at),
        "base": base,
        "checked": checked,
        "problems": problem_shapes(problems),
    }


def compare_shape(comparison: Comparison) -> Shape:
    """The answer of `compare`."""
    return {
        "format": FORMAT,
        "records": [{"ref": str(side.record.ref), "at": at_shape(side.at)} for side in comparison.sides],
        "fields": [
            {
                "field": field.name,
                "same": field.same,
                "present": list(field.present),
                "values": list(field.values),
                "delta": list(field.delta),
                "relative": list(field.relative),
                "verdict": list(field.verdict),
            }
            for field in comparison.fields
        ],
        **(beside_shape(comparison.beside) if comparison.beside else {}),
    }


def beside_shape(beside: Beside) -> Shape:
    """The parts of a comparison beside its fields; arrays parallel to its records, null where nothing is known."""
    code, environment, duration = beside.code, beside.environment, beside.duration
    return {
        "data": [_data_shape(one) for one in beside.data],
        "code": code and {**_plain_parts(code), "ranges": [told and _range_shape(told) for told in code.ranges]},
        "environment": environment
        and {**_plain_parts(environment), "changes": [_fields_or_none(told) for told in environment.changes]},
        "duration": duration and _plain_parts(duration),
    }


def _plain_parts(part: Any) -> Shape:
    """A part as it is, tuples as lists."""
    held = {name: getattr(part, name) for name in part.__dataclass_fields__}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in held.items()}


def _range_shape(told: Range) -> Shape:
    return {"ahead": told.ahead, "behind": told.behind, "files": [one._asdict() for one in told.files]}


def _data_shape(one: Data) -> Shape:
    return {**_plain_parts(one), "versions": [version and _version_shape(version) for version in one.versions]}


def _version_shape(version: Version) -> Shape:
    columns = [
        {"name": name, "op": _column_op(fields), "fields": [_field_shape(field) for field in fields]}
        for name, fields in version.columns.items()
    ]
    figures, profile = ([_field_shape(field) for field in told] for told in (version.figures, version.profile))
    return {"columns": columns, "figures": figures, "profile": profile}


def _column_op(fields: Iterable[FieldChange]) -> str:
    """A column is known by its name: where that came or went, it did."""
    return next((field.op for field in fields if field.field == "name"), "changed")


def _fields_or_none(fields: Iterable[FieldChange] | None) -> list[Shape] | None:
    return None if fields is None else [_field_shape(field) for field in fields]


def change_shape(change: Difference) -> Shape:
    """One changed file."""
    return {
        "op": change.op,
        "ref": change.ref,
        "old_ref": change.old_ref,
        "kind": change.kind,
        "path": change.path,
        "before": change.before,
        "after": change.after,
        "fields": [_field_shape(field) for field in change.fields],
    }


def diff_shape(diff: Diff) -> Shape:
    """The answer of `diff`."""
    return {
        "format": FORMAT,
        "from": at_shape(diff.before.at),
        "to": at_shape(diff.after.at),
        "complete": diff.complete,
        "problems": problem_shapes(diff.problems),
        "changes": [change_shape(change) for change in diff],
    }


def _field_shape(field: FieldChange) -> Shape:
    sides = {"before": field.before, "after": field.after}
    return {"field": field.field, "op": field.op} | {name: held for name, held in sides.items() if held is not MISSING}


def written_shape(commit: str | None, changes: Sequence[Difference], problems: Iterable[Problem] = ()) -> Shape:
    """The answer of every verb that writes; `commit` is None where the commit is left to the person."""
    return {
        "format": FORMAT,
        "commit": commit,
        "changes": [change_shape(change) for change in changes],
        "problems": problem_shapes(problems),
    }


def error_shape(error: GitmlError) -> Shape:
    """A known error, for stderr."""
    held = {"code": error.code, "message": error.message, "hint": error.hint, "near": list(error.near)}
    return {"format": FORMAT, "error": held}
