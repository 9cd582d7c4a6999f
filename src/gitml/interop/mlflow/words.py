"""MLflow's words and ours: statuses, times, params, tags, the ids and names of experiments. Each way loses nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from typing import Any

from gitml.records.canonical import INT_MAX, INT_MIN

CUSTOM = "mlflow"
"""Where a record keeps what MLflow says and we have no place for: `custom.mlflow`."""
ORIGIN = "mlflow"
"""The `origin` of a run that MLflow's clients have recorded."""
COLLECTED = "collected"
"""Since when MLflow sees a run no more: removed by `mlflow gc`, its record stands on as something cites it."""

RUN_NAME, NOTE, USER = "mlflow.runName", "mlflow.note.content", "mlflow.user"
PARENT, COMMIT, SOURCE = "mlflow.parentRunId", "mlflow.source.git.commit", "mlflow.source.name"
HOMES: Mapping[str, str] = {RUN_NAME: "name", NOTE: "description"}
"""Tags of MLflow that are fields of a run here, and stand nowhere else."""

_STATUSES = {
    "RUNNING": "running", "SCHEDULED": "scheduled", "FINISHED": "finished", "FAILED": "failed", "KILLED": "killed",
}  # fmt: skip
_WORDS = {ours: theirs for theirs, ours in _STATUSES.items()} | {"crashed": "FAILED"}

UNTAGGED = "untagged"
"""What a run says for MLflow whose name stays, though the tag that tells it was taken away."""

DEFAULT_ID, DEFAULT_KEY, DEFAULT_NAME = "0", "default", "Default"


def status(word: str) -> str:
    """MLflow's word for how far a run came, as ours."""
    return _STATUSES[word]


def status_word(ours: str) -> str:
    """Ours, as MLflow's."""
    return _WORDS[ours]


def time_text(milliseconds: int) -> str:
    """A time of MLflow's (milliseconds since 1970, UTC) as records hold it: no more digits than it needs."""
    at = datetime.fromtimestamp(milliseconds // 1000, UTC)
    rest = milliseconds % 1000
    return f"{at:%Y-%m-%dT%H:%M:%S}" + (f".{rest:03}Z" if rest else "Z")


def milliseconds(text: str) -> int:
    """A record's time in milliseconds since 1970."""
    return epoch(datetime.fromisoformat(text))


def param(text: str) -> Any:
    """A param, which MLflow holds as text, as the number or truth value that Python prints in just that way."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            found = kind(text)
        except ValueError:
            continue
        if str(found) == text and (kind is float or INT_MIN <= found <= INT_MAX) and abs(found) < float("inf"):
            return found
    return text


def param_text(value: Any) -> str:
    """A param as MLflow holds it."""
    return str(value)


def experiment_id(key: str, data: Mapping[str, Any]) -> str:
    """The id that MLflow knows an experiment by: as imported, else of its key: the same in every clone."""
    told = custom(data).get("experiment_id")
    if told is not None:
        return str(told)
    if key == DEFAULT_KEY:
        return DEFAULT_ID
    return str(int(hashlib.sha256(f"experiment/{key}".encode()).hexdigest()[:15], 16))


def experiment_name(key: str, data: Mapping[str, Any]) -> str:
    """The name that MLflow shows: the title, else the key."""
    return str(data.get("title") or (DEFAULT_NAME if key == DEFAULT_KEY else key))


def free_key(name: str, taken: Container[str]) -> str:
    """The key of something new: its name, numbered where one of that key is there already (renamed, or deleted)."""
    key, number = name, 1
    while key in taken:
        number += 1
        key = f"{name}-{number}"
    return key


def custom(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a record keeps for MLflow alone."""
    kept = data.get("custom")
    found = kept.get(CUSTOM) if isinstance(kept, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def tags_of(data: Mapping[str, Any], parent: str | None = None) -> dict[str, str]:
    """A run's tags as MLflow has them; of one that gitml itself recorded also what MLflow says in tags."""
    tags = {str(key): str(value) for key, value in (data.get("tags") or {}).items()}
    if data.get("origin") != ORIGIN:
        code = data.get("code") or {}
        told = {USER: data.get("by"), COMMIT: code.get("commit"), SOURCE: code.get("path"), PARENT: parent}
        tags = {key: str(value) for key, value in told.items() if value} | tags
    gone = RUN_NAME if custom(data).get(UNTAGGED) else None
    return tags | {tag: str(data[at]) for tag, at in HOMES.items() if data.get(at) is not None and tag != gone}


def epoch(at: datetime) -> int:
    """A moment in milliseconds since 1970."""
    return int(at.replace(microsecond=0).timestamp()) * 1000 + at.microsecond // 1000


def now(at: datetime) -> str:
    """A moment as records hold it for MLflow: to the millisecond."""
    return time_text(epoch(at))
