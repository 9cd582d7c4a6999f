"""Model indexes as derived records: `model/<Name>` with its results, `model-collection/<Name>` with its models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from gitml.records.ref import Ref
from gitml.repo.readers.model_index import Data, ModelIndex, free, get, listed

COLLECTION = "model-collection"

_WORDS = {None: "null", True: "true", False: "false"}


def records(index: ModelIndex) -> list[tuple[Ref, dict[str, Any]]]:
    """The records of one file, values as written; README and paper that a model leaves out are its collection's."""
    collections = dict(index.collections)
    models = [(Ref("model", (name,)), _model(index.path, model, collections)) for name, model in index.models]
    found = list(models)
    for name, collection in index.collections:
        ref = Ref(COLLECTION, (name,))
        own = [str(model) for model, said in models if said.get("collection") == str(ref)]
        found.append((ref, _present({**_shared(index.path, collection), "models": own})))
    return found


def metrics(results: Iterable[Data]) -> dict[str, Any]:
    """Metrics by data set and name; by task between the two where results on one data set have one name in common."""
    by_dataset: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for result in results:
        values, task = plain(get(result, "metrics")), _joined(get(result, "task"))
        if isinstance(values, dict):
            by_dataset.setdefault(_joined(get(result, "dataset")) or task, []).append((task, values))
    found = {name: _together(said) for name, said in by_dataset.items() if name}
    for name, value in _together(by_dataset.get("", [])).items():  # results of nothing in particular
        found[free(name, found)] = value
    return found


def _together(said: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    counts = Counter(name for _task, values in said for name in values)
    if all(count == 1 for count in counts.values()):
        return {name: value for _task, values in said for name, value in values.items()}
    found: dict[str, Any] = {}
    for task, values in said:
        found[free(task or "result", found)] = values
    return found


def _model(path: str, model: Data, collections: Mapping[str, Data]) -> dict[str, Any]:
    only = next(iter(collections)) if len(collections) == 1 else ""
    collection = _joined(get(model, "in collection")) or only
    shared = _shared(path, collections.get(collection, {}))
    results = [result for result in listed(get(model, "results")) if isinstance(result, dict)]
    tasks = list(dict.fromkeys(filter(None, (_joined(get(result, "task")) for result in results))))
    weights = get(model, "weights")
    said = {
        "collection": str(Ref(COLLECTION, (collection,))) if collection else None,
        "aliases": [plain(alias) for alias in listed(get(model, "alias"))],
        "task": tasks[0] if len(tasks) == 1 else None,
        "tasks": tasks if len(tasks) > 1 else None,
        "config": plain(get(model, "config")),
        "metrics": metrics(results),
        "results": plain(get(model, "results")),
        "pointer": {"type": "uri", "uri": weights} if isinstance(weights, str) else None,
        "weights": None if isinstance(weights, str) else plain(weights),
    }
    left: dict[str, Any] = {name: shared[name] for name in ("readme", "paper") if name in shared}
    return _present(left | _shared(path, model) | said)


def _shared(path: str, data: Data) -> dict[str, Any]:
    """What models and collections both have."""
    metadata = get(data, "metadata")
    return _present(
        {
            "metadata": plain(metadata),
            "training_data": plain(get(metadata, "training data")) if isinstance(metadata, dict) else None,
            "paper": plain(get(data, "paper")),
            "readme": plain(get(data, "readme")),
            "code_link": plain(get(data, "code")),
            "source": path,
        }
    )


def plain(value: Any) -> Any:
    """The same value with text for every key, as a record has it."""
    if isinstance(value, dict):
        return {_word(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def _word(key: Any) -> str:
    return _WORDS[key] if key is None or isinstance(key, bool) else str(key)


def _joined(value: Any) -> str:
    return ", ".join(_word(part) for part in listed(value))


def _present(said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None and value not in ([], {})}
