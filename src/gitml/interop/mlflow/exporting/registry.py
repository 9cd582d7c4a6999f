"""Registered models, their versions, stages and aliases, as MLflow's registry takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException

from gitml.errors import BadRef
from gitml.interop.mlflow.exporting.target import REF, Target
from gitml.interop.mlflow.words import custom
from gitml.records.record import Record
from gitml.records.ref import Ref
from gitml.repo.snapshot import Snapshot

_KIND = "model"
_MOST = 100
"""Numbers that may be missing before a version: each is made there, and deleted again."""
Said = Mapping[str, Any]


def export_models(snapshot: Snapshot, target: Target, runs: Mapping[str, str], models: Mapping[str, str]) -> None:
    """Write every registered model that MLflow's registry does not have yet; `runs`, `models`: new ids by ours."""
    versions: dict[str, list[Record]] = {}
    for record in snapshot.records("model-version"):
        versions.setdefault(record.ref.keys[0], []).append(record)
    heads = {record.ref.keys[0]: record.data for record in snapshot.records(_KIND) if not record.derived}
    for key in {**heads, **versions}:
        head = heads.get(key, {})
        if "deleted" in custom(head):
            continue
        _Model(key, head, target, runs, models).write(versions.get(key, []), list(_slots(snapshot, key)))


def _slots(snapshot: Snapshot, key: str) -> Iterator[Record]:
    return (record for record in snapshot.records("alias") if record.ref.keys[:2] == (_KIND, key))


class _Model:
    """One model on its way."""

    def __init__(
        self, key: str, head: Said, target: Target, runs: Mapping[str, str], models: Mapping[str, str]
    ) -> None:
        self.key = key
        self.name = str(head.get("title") or key)
        self.head = head
        self.target = target
        self.runs = runs
        self.models = models
        self.later: Said = custom(head).get("versions") or {}

    def write(self, versions: list[Record], slots: list[Record]) -> None:
        """The model with all that belongs to it."""
        there = self._there()
        self.target.count("models", is_new=there is None)
        if there is None and self._lost("", self._made) is None:
            return
        numbered = {}
        for record in versions:
            word = record.ref.keys[1]
            if word.isascii() and word.isdigit():
                numbered[int(word)] = record
            else:
                self.target.losses.add("model-version", str(record.ref), "", "MLflow's versions are numbers")
        done = {
            int(one.version): one for one in self.target.client.search_model_versions(f"name = {_quoted(self.name)}")
        }
        last = max(done, default=0)
        for number in sorted(numbered):
            last = self._version(number, numbered[number], done.get(number), last)
        for slot in slots:
            self._slot(slot)

    def _there(self) -> Any | None:
        try:
            return self.target.registry.get_registered_model(self.name)
        except MlflowException:
            return None

    def _made(self) -> Any:
        tags = [RegisteredModelTag(key, text) for key, text in (self.head.get("tags") or {}).items()]
        tags.append(RegisteredModelTag(REF, str(Ref(_KIND, (self.key,)))))
        return self.target.registry.create_registered_model(self.name, tags, self.head.get("description"))

    def _version(self, number: int, record: Record, stood: Any | None, last: int) -> int:
        """One version, with its number; the last number that is taken then."""
        later = self.later.get(str(number)) or {}
        name = f"{self.name}@{number}"
        if stood is not None:
            if stood.tags.get(REF) != str(record.ref):
                self.target.losses.add("model-version", name, "", "another version stands there")
            else:
                self.target.count("model versions", is_new=False)
            return last
        if "deleted" in later:
            return last
        if number <= last or number > last + _MOST:
            self.target.losses.add("model-version", name, "", f"its number is not free: {last} is the last there")
            return last
        for gap in range(last + 1, number):  # MLflow counts by itself
            self.target.registry.create_model_version(self.name, "gitml:none")
            self.target.registry.delete_model_version(self.name, gap)
        made = self._lost(f"versions.{number}", lambda: self._created(record, later))
        if made is None:
            return number - 1
        self.target.count("model versions", is_new=True)
        if later.get("stage") not in (None, "None"):
            stage = str(later["stage"])
            self._lost(f"versions.{number}.stage", lambda: self.target.registry.transition_model_version_stage(
                self.name, number, stage, archive_existing_versions=False))  # fmt: skip
        return number

    def _created(self, record: Record, later: Said) -> Any:
        told, data = custom(record.data), record.data
        tags = {**(data.get("tags") or {}), **(later.get("tags") or {}), REF: str(record.ref)}
        run = told.get("run_id") or _run(data)
        model = self.models.get(str(told.get("model_id")))
        pointer = data.get("pointer") or {}
        source = str(told.get("source") or pointer.get("uri") or pointer.get("path") or "gitml:none")
        if source == f"models:/{told.get('model_id')}" and model:
            source = f"models:/{model}"
        return self.target.registry.create_model_version(
            self.name, source, self.runs.get(str(run), run),
            [ModelVersionTag(key, str(text)) for key, text in tags.items() if text is not None],
            told.get("run_link"), later.get("description", data.get("description")), model_id=model,
        )  # fmt: skip

    def _slot(self, record: Record) -> None:
        """An alias; of a slot that is a stage's, the alias beside it."""
        told = custom(record.data)
        version = told.get("alias") if "stage" in told else record.data.get("version")
        if version is None:
            return
        alias = record.ref.keys[2]
        there = self._there()
        if there is not None and str(dict(there.aliases).get(alias)) == str(version):
            self.target.count("aliases", is_new=False)
            return
        self.target.count("aliases", is_new=True)
        self._lost(f"aliases.{alias}", lambda: self.target.registry.set_registered_model_alias(
            self.name, alias, str(version)))  # fmt: skip

    def _lost(self, within: str, deed: Callable[[], Any]) -> Any | None:
        return self.target.lost(_KIND, self.name, within, deed)


def _run(data: Said) -> str | None:
    try:
        return Ref.parse(str(data["run"])).keys[1] if "run" in data else None
    except BadRef:
        return None


def _quoted(name: str) -> str:
    return f'"{name}"' if "'" in name else f"'{name}'"
