"""Searches of the registry: MLflow's own filter, order and page tokens over what the records say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException
from mlflow.prompt.registry_utils import add_prompt_filter_string
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry import (
    SEARCH_MODEL_VERSION_MAX_RESULTS_THRESHOLD,
    SEARCH_REGISTERED_MODEL_MAX_RESULTS_THRESHOLD,
)
from mlflow.utils.search_utils import SearchModelUtils, SearchModelVersionUtils, SearchUtils

from gitml.interop.mlflow.faults import invalid

T = TypeVar("T", RegisteredModel, ModelVersion)
_NEWEST_FIRST = ("last_updated_timestamp DESC", "name ASC", "version_number DESC")
_NUMBER = "version_number"
_ONE_MODEL = ("attribute", "name", "=")


def model_page(
    models: Iterable[RegisteredModel], where: str | None, limit: int, order: Sequence[str] | None, token: str | None
) -> PagedList[RegisteredModel]:
    """A page of the registered models that a filter chooses; INVALID_PARAMETER_VALUE."""
    _check_most(limit, SEARCH_REGISTERED_MODEL_MAX_RESULTS_THRESHOLD)
    _check_least(limit)
    named = [_stamped(clause) for clause in order or ()]
    _check_order(named, _model_key)
    found = _filtered(SearchModelUtils.filter, [*models, RegisteredModel("", 0, 0)], where)
    return _page(SearchModelUtils.sort([one for one in found if one.name], named), limit, token)


def version_page(
    versions: Iterable[ModelVersion], where: str | None, limit: int, order: Sequence[str] | None, token: str | None
) -> PagedList[ModelVersion]:
    """A page of the versions that a filter chooses, those changed last first; INVALID_PARAMETER_VALUE."""
    _check_least(limit)
    _check_most(limit, SEARCH_MODEL_VERSION_MAX_RESULTS_THRESHOLD)
    named = list(order or _NEWEST_FIRST)
    _check_order(named, lambda clause: SearchModelVersionUtils.parse_order_by_for_search_model_versions(clause)[1])
    for clause in SearchModelVersionUtils.parse_search_filter(where):
        _check_number(clause)
    nobody = ModelVersion("", 0, 0)
    found = _filtered(SearchModelVersionUtils.filter, [*versions, nobody], where)
    return _page(SearchModelVersionUtils.sort([one for one in found if one.name], named), limit, token)


def name_asked(where: str | None) -> str | None:
    """The one model whose versions a filter asks for; None where it may be any."""
    clauses = SearchModelVersionUtils.parse_search_filter(where)
    names = (one["value"] for one in clauses if (one["type"], one["key"], one["comparator"]) == _ONE_MODEL)
    return next(names, None)


def _filtered(choose: Callable[[list[T], str | None], list[T]], things: list[T], where: str | None) -> list[T]:
    """Those that a filter chooses; the last thing is nobody's, so that a wrong filter is noticed where there are none.

    Prompts are models to MLflow, and are left out where the filter does not speak of them.
    """
    return choose(things, add_prompt_filter_string(where, is_prompt=False))


def _page(things: Sequence[T], limit: int, token: str | None) -> PagedList[T]:
    start = SearchUtils.parse_start_offset_from_page_token(token)
    end = start + limit
    return PagedList(list(things[start:end]), SearchUtils.create_page_token(end) if end < len(things) else None)


def _check_least(limit: object) -> None:
    if not isinstance(limit, int) or limit < 1:
        invalid(f"Invalid value for max_results. It must be a positive integer, but got {limit}")


def _check_most(limit: float, most: int) -> None:
    if limit > most:
        invalid(
            f"Invalid value for request parameter max_results. It must be at most {most}, but got value {limit}: "
            "ask for the next page"
        )


def _stamped(clause: str) -> str:
    """`timestamp`, which MLflow's documentation recommends, is the time of the last update."""
    word, space, rest = clause.strip().partition(" ")
    return f"last_updated_timestamp{space}{rest}" if word == "timestamp" else clause


def _model_key(clause: str) -> str:
    """What models are ordered by: a field that they have, and one of those that a database allows."""
    SearchModelUtils.parse_order_by_for_search_registered_models(clause)
    return str(SearchUtils.parse_order_by_for_search_registered_models(clause)[0])


def _check_order(order: Sequence[str], parse: Callable[[str], str]) -> None:
    keys = [parse(clause) for clause in order]
    if len(set(keys)) < len(keys):
        raise MlflowException(f"order_by names a field twice: {', '.join(order)}")


def _check_number(clause: dict[str, object]) -> None:
    """A version's number is compared with whole numbers."""
    value = clause.get("value")
    if clause.get("key") != _NUMBER or clause.get("type") != "attribute":
        return
    if not isinstance(value, int) and not (isinstance(value, str) and value.strip().lstrip("-").isdigit()):
        invalid(f"{_NUMBER} is a whole number, and {value!r} is none")
