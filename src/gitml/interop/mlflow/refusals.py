"""What MLflow has for traces, gateways, scorers and the like, and a store of metadata has not: said in one sentence.

A client is told 501, and does not try again; where MLflow's pages ask for a list, there is an empty one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlflow.exceptions import MlflowNotImplementedException
from mlflow.store.entities.paged_list import PagedList

_EMPTY = ("list_", "search_", "find_", "batch_get_", "query_", "get_active_", "get_online_scoring_configs",
          "get_dataset_experiment_ids")  # fmt: skip
"""How the names of methods begin that give lists."""
_PAIRS = ("search_traces", "search_spans", "_load_dataset_records")
"""Methods that give a list and the token of its next page."""
_BESIDE = ("deprecated_start_trace_v2", "deprecated_end_trace_v2")
"""What MLflow's server asks of every store of runs, though its abstract one does not name it."""


def refusing(cls: type, *, own: str = "gitml.") -> type:
    """A class decorator: every public method that no class of ours defines answers as this module says."""
    ours = {name for part in cls.__mro__ if part.__module__.startswith(own) for name in vars(part)}
    for part in cls.__mro__:
        if part.__module__.startswith(own) or part is object:
            continue
        for name, method in vars(part).items():
            is_asked = not name.startswith("_") or name in _PAIRS or _has_no_body(method)
            if name not in ours and is_asked and callable(method) and _is_left_open(method):
                setattr(cls, name, _answer(name, method.__doc__))
    for name in _BESIDE if hasattr(cls, "start_trace") else ():
        setattr(cls, name, _answer(name, "As of older clients."))
    return cls


def _has_no_body(method: Any) -> bool:
    """Whether it says itself that it is not implemented."""
    return "NotImplementedError" in getattr(getattr(method, "__code__", None), "co_names", ())


def _is_left_open(method: Callable[..., Any]) -> bool:
    """Whether MLflow leaves it to a store to do this: its own answer is none, or that it is not implemented."""
    code = getattr(method, "__code__", None)
    names = set(code.co_names) if code else set()
    calls = names - {"NotImplementedError", "MlflowNotImplementedException", "__class__", "__name__"}
    return bool(code) and (not calls or _has_no_body(method))


def _answer(name: str, told: str | None) -> Callable[..., Any]:
    if name.startswith(_EMPTY) or name in _PAIRS:

        def nothing(self: object, *_args: Any, **_kwargs: Any) -> Any:  # noqa: ARG001
            return ([], None) if name in _PAIRS else PagedList([], None)

        answer: Callable[..., Any] = nothing
    else:

        def refused(self: object, *_args: Any, **_kwargs: Any) -> Any:  # noqa: ARG001
            raise MlflowNotImplementedException(
                f"a gitml store keeps experiments, runs, models and their metadata; it has no {name.lstrip('_')}: "
                "keep traces, gateways and scorers in a database that MLflow runs"
            )

        answer = refused
    answer.__name__, answer.__doc__ = name, told
    return answer


__all__ = ["refusing"]
