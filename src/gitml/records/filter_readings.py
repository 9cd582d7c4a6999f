"""Readings: a record's value in the words of another tool, so that a filter in those words can be compared with it.

The MLflow dialect is made of them; a gitml filter may use them too: `text(params.depth) like '1_'`.
Each turns one present value into the values to compare; the comparison holds if it holds for any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from gitml.errors import BadRef
from gitml.records.filter_values import instant
from gitml.records.record import segments
from gitml.records.ref import VERSION, Ref

Values = tuple[object, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVENTS = {"run", "evaluation"}
_STATUSES = {
    "scheduled": "SCHEDULED",
    "running": "RUNNING",
    "finished": "FINISHED",
    "failed": "FAILED",
    "crashed": "FAILED",  # MLflow has no word for a run whose process died
    "killed": "KILLED",
}


def _text(value: object) -> Values:
    return () if isinstance(value, Mapping) and value else (str(value),)


def _mlflow_status(value: object) -> Values:
    return (_STATUSES[value],) if isinstance(value, str) and value in _STATUSES else ()


def _epoch_ms(value: object) -> Values:
    moment = instant(value) if isinstance(value, str) else None
    return () if moment is None else ((moment - _EPOCH) // timedelta(milliseconds=1),)


def _ref(value: object) -> Ref | None:
    try:
        return Ref.parse(value) if isinstance(value, str) else None
    except BadRef:  # a text that is no ref has no keys to compare: checks/ are the ones who complain
        return None


def _run_id(value: object) -> Values:
    ref = _ref(value)
    return ref.keys[-1:] if ref and ref.kind in _EVENTS else ()


def _experiment(value: object) -> Values:
    ref = _ref(value)
    return ref.keys[:1] if ref and ref.kind in {*_EVENTS, "experiment"} else ()


def _key(value: object) -> Values:
    ref = _ref(value)
    return ref.keys[:1] if ref and (len(ref.keys) == 1 or ref.kind.endswith(VERSION)) else ()


def _version(value: object) -> Values:
    ref = _ref(value)
    number = ref.keys[-1] if ref and ref.kind.endswith(VERSION) else ""
    return (int(number),) if number.isascii() and number.isdecimal() else ()


def _inputs(value: object) -> Iterator[tuple[str, str, object]]:
    for name, inner in value.items() if isinstance(value, Mapping) else ():
        match segments(name):
            case (_, key, part):
                yield key, part, inner


def _dataset_name(value: object) -> Values:
    refs = [_ref(inner) for _, part, inner in _inputs(value) if part == "ref"]
    return tuple(ref.keys[0] for ref in refs if ref and ref.kind.removesuffix(VERSION) == "dataset")


def _dataset_digest(value: object) -> Values:
    return tuple(inner for _, part, inner in _inputs(value) if part in {"md5", "sha256"})


def _dataset_context(value: object) -> Values:
    return tuple(dict.fromkeys(name for name, _, _ in _inputs(value)))


READINGS: Final[Mapping[str, Callable[[object], Values]]] = {
    "text": _text,  # as Python prints it, which is how MLflow stores parameters and tags
    "mlflow_status": _mlflow_status,
    "epoch_ms": _epoch_ms,  # of an ISO date or time
    "run_id": _run_id,  # of a ref to a run or an evaluation
    "experiment": _experiment,  # of a ref to a run, an evaluation or an experiment
    "key": _key,  # the name in a ref of the form kind/name or kind/name@version
    "version": _version,  # the number in a ref to a version
    "dataset_name": _dataset_name,  # of a mapping of inputs
    "dataset_digest": _dataset_digest,
    "dataset_context": _dataset_context,
}
