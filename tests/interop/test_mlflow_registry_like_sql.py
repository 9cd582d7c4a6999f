"""The registry answers as MLflow's own over SQLite does: the same calls on both, the same answers but for times."""

from __future__ import annotations

import pytest

pytest.importorskip("mlflow", reason="mlflow is not installed")
pytest.importorskip("sqlalchemy", reason="mlflow's server is not installed")

import warnings
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.entities.model_registry import ModelVersion, ModelVersionTag, RegisteredModel, RegisteredModelTag
from mlflow.exceptions import MlflowException
from mlflow.prompt.constants import IS_PROMPT_TAG_KEY
from mlflow.store.entities.paged_list import PagedList

from gitml.interop.mlflow.registry import RegistryStore
from registering import registry

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what MLflow's database layer uses, some is deprecated
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

pytestmark = pytest.mark.filterwarnings("ignore")
Call = tuple[Any, ...]
KEEP, ARCHIVE = False, True  # the versions that stand in a stage already
OURS = ("user_id", "model_id", "deployment_job_id", "creation_timestamp", "last_updated_timestamp")
"""What MLflow's SQL store does not keep, or each store has of its own."""
ONCE: dict[Call, Any] = {
    ("get_model_version_by_alias", "wine", "champion"): "INVALID_PARAMETER_VALUE",  # of a model that is not there
    **{("search_model_versions", f"version_number = {number}", 100): [None] for number in ("1.5", "'a'")},
}
"""What SQL stores of older MLflows answer, by the first words of a call; ours is as strict as the newest."""


class Both:
    """One registry over Git, one over SQLite."""

    def __init__(self, ours: RegistryStore, theirs: SqlAlchemyStore) -> None:
        self.ours, self.theirs = ours, theirs

    def agree(self, method: str, *args: Any) -> Any:
        """The answer of ours, once theirs is seen to be the same."""
        ours, theirs = (_answer(store, method, args) for store in (self.ours, self.theirs))
        assert ours == theirs or theirs == ONCE.get((method, *args[:2])), (method, args)
        return ours

    def touched(self, calls: list[Call]) -> None:
        """The calls, and that what each of them says was updated is the same on both sides."""
        before = [_stamps(store) for store in (self.ours, self.theirs)]
        for method, *args in calls:
            self.agree(method, *args)
            after = [_stamps(store) for store in (self.ours, self.theirs)]
            assert _moved(before[0], after[0]) == _moved(before[1], after[1]), (method, args)
            before = after


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    place = tmp_path_factory.mktemp("registries")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = SqlAlchemyStore(f"sqlite:///{place}/mlflow.db")
    yield Both(registry(place / "repo"), theirs)
    theirs.engine.dispose()


def _answer(store: Any, method: str, args: tuple[Any, ...]) -> Any:
    try:
        return _plain(getattr(store, method)(*args), brief=method.startswith("search"))
    except MlflowException as error:
        return error.error_code


def _plain(answer: Any, *, brief: bool = False) -> Any:
    """An answer without what differs by design; where `brief` without aliases, which SQL does not look up there."""
    if isinstance(answer, PagedList):
        return [*[_plain(one, brief=brief) for one in answer], answer.token]
    if isinstance(answer, list):
        return sorted((_plain(one, brief=brief) for one in answer), key=str)
    if isinstance(answer, RegisteredModel | ModelVersion):
        left = {key: value for key, value in dict(answer).items() if key not in OURS}
        if brief and isinstance(answer, ModelVersion):
            del left["aliases"]
        if "latest_versions" in left:
            left["latest_versions"] = _plain(left["latest_versions"], brief=True)
        return left
    return answer


def _stamps(store: Any) -> dict[Any, int]:
    models = store.search_registered_models(max_results=1000)
    versions = store.search_model_versions(max_results=1000)
    found: dict[Any, int] = {model.name: model.last_updated_timestamp for model in models}
    return found | {(one.name, one.version): one.last_updated_timestamp for one in versions}


def _moved(before: dict[Any, int], after: dict[Any, int]) -> set[Any]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


TAG, OTHER = RegisteredModelTag("team", "cellar"), ModelVersionTag("a.b/c d", "x: y\n#z")


def test_a_life_of_a_model(both: Both) -> None:
    both.touched([
        ("create_registered_model", "wine", [TAG], "Price band."),
        ("create_registered_model", "wine", None, None),
        ("create_model_version", "wine", "s3://cellar/a", "run-a", [OTHER], "http://run", "first"),
        ("create_model_version", "wine", "s3://cellar/b"),
        ("create_model_version", "wine", "models:/wine/1"),
        ("create_model_version", "nowine", "s3://cellar/b"),
        ("update_registered_model", "wine", "Another."),
        ("update_registered_model", "wine", None),
        ("update_model_version", "wine", 1, "again"),
        ("update_model_version", "wine", "1", None),
        ("set_registered_model_tag", "wine", RegisteredModelTag("team", "")),
        ("delete_registered_model_tag", "wine", "team"),
        ("delete_registered_model_tag", "wine", "team"),
        ("set_model_version_tag", "wine", 1, ModelVersionTag("a.b/c d", "new")),
        ("delete_model_version_tag", "wine", 1, "a.b/c d"),
        ("set_registered_model_alias", "wine", "champion", "2"),
        ("set_registered_model_alias", "wine", "Champion", 1),
        ("transition_model_version_stage", "wine", 1, "staging", False),
        ("transition_model_version_stage", "wine", 2, "Production", False),
        ("transition_model_version_stage", "wine", 3, "PRODUCTION", True),
        ("rename_registered_model", "wine", ""),
        ("rename_registered_model", "wine", "Wine, red"),
        ("delete_model_version", "Wine, red", 2),
        ("create_registered_model", "wine"),
        ("rename_registered_model", "Wine, red", "wine"),
        ("delete_registered_model", "wine"),
    ])  # fmt: skip
    for method, *args in [
        ("get_registered_model", "Wine, red"), ("get_registered_model", "wine"), ("get_registered_model", " "),
        ("get_model_version", "Wine, red", 1), ("get_model_version", "Wine, red", 2),
        ("get_model_version", "Wine, red", "x"), ("get_model_version_download_uri", "Wine, red", 3),
        ("get_latest_versions", "Wine, red"), ("get_latest_versions", "Wine, red", ["none", "Production"]),
        ("get_latest_versions", "Wine, red", ["best"]), ("get_latest_versions", "wine"),
        ("get_model_version_by_alias", "Wine, red", "champion"),
        ("get_model_version_by_alias", "Wine, red", "Champion"),
        ("get_model_version_by_alias", "wine", "champion"),
        ("set_registered_model_alias", "Wine, red", "latest", 1), ("set_registered_model_alias", "Wine, red", "v9", 1),
        ("set_registered_model_alias", "Wine, red", "a b", 1), ("set_registered_model_alias", "Wine, red", "new", 2),
        ("delete_registered_model_alias", "Wine, red", "never"), ("delete_model_version", "Wine, red", 2),
        ("transition_model_version_stage", "Wine, red", 1, "Best", False),
        ("set_model_version_tag", "Wine, red", 1, ModelVersionTag("", "x")),
        ("set_model_version_tag", "Wine, red", 1, ModelVersionTag("x", None)),
        ("set_registered_model_tag", "Wine, red", RegisteredModelTag("x" * 251, "x")),
        ("delete_registered_model", "wine"),
    ]:  # fmt: skip
        both.agree(method, *args)
    latest = _answer(both.ours, "get_model_version_by_alias", ("Wine, red", "LATEST"))
    assert latest == both.agree("get_model_version", "Wine, red", 3)  # older ones give that of some stage


@pytest.fixture(scope="module")
def stocked(both: Both) -> Both:
    """Both, with some models and a prompt to search among."""
    for number, name in enumerate(["barrel", "Barrel", "cork_1", "cork-2"]):
        both.agree("create_registered_model", name, [RegisteredModelTag("size", str(number))])
        for version in range(number):
            tags = [ModelVersionTag("fit", "good" if version else "bad")]
            both.agree("create_model_version", name, f"s3://{name}/{version}", f"run{version}", tags)
    both.agree("create_registered_model", "ask", [RegisteredModelTag(IS_PROMPT_TAG_KEY, "true")])
    both.agree("create_model_version", "ask", "-", None, [ModelVersionTag(IS_PROMPT_TAG_KEY, "true")])
    both.agree("transition_model_version_stage", "cork-2", 1, "Staging", KEEP)
    return both


@pytest.mark.parametrize("where", [
    None, "", "name = 'barrel'", "name != 'barrel'", "name LIKE 'cork%'", "name ILIKE 'BARREL'", "name LIKE 'cork_1'",
    "name IN ('barrel', 'cork_1')", "tags.size = '1'", "tag.`size` != '1' AND name LIKE '%arrel'", "tags.size LIKE '%'",
    "tags.none != 'x'", f"tags.`{IS_PROMPT_TAG_KEY}` = 'true'", f"tags.`{IS_PROMPT_TAG_KEY}` != 'false'",
    f"tags.`{IS_PROMPT_TAG_KEY}` = 'false'", "run_id = 'x'", "name > 'a'", "name = barrel", "name = 'a' OR name = 'b'",
    "tags.size > '1'", "name", "version_number = 1",
])  # fmt: skip
def test_models_are_searched_alike(stocked: Both, where: str | None) -> None:
    stocked.agree("search_registered_models", where, 100, ["name ASC"])


@pytest.mark.parametrize("where", [
    None, "name = 'barrel'", "name LIKE 'cork%'", "run_id = 'run1'", "run_id != 'run1'", "run_id IN ('run0', 'run2')",
    "run_id LIKE 'run%' AND version_number > 1", "version_number <= 2", "version_number = 1.5", "version_number = 'a'",
    "source_path = 's3://cork-2/1'", "source_path LIKE '%cork%'", "tags.fit = 'good'", "tags.fit != 'good'",
    "tags.`fit` ILIKE 'GO%' AND name = 'cork-2'", f"tag.`{IS_PROMPT_TAG_KEY}` = 'true'", "source_path > 'a'",
    "version_number LIKE '1'", "name IN ('barrel')", "source_path IN ('s3://cork-2/1')", "stage = 'x'",
    "name = 'x' OR name = 'y'", "run_id = 1",
])  # fmt: skip
def test_versions_are_searched_alike(stocked: Both, where: str | None) -> None:
    stocked.agree("search_model_versions", where, 100, ["name ASC", "version_number ASC"])


@pytest.mark.parametrize("order", [
    ["name DESC"], ["timestamp ASC"], ["last_updated_timestamp DESC", "name"], ["timestamp", "last_updated_timestamp"],
    ["name", "name DESC"], ["size"], ["name UP"], None, [],
])  # fmt: skip
def test_models_are_ordered_alike(stocked: Both, order: list[str] | None) -> None:
    stocked.agree("search_registered_models", None, 100, order)


@pytest.mark.parametrize("order", [
    ["name DESC", "version_number"], ["version_number DESC"], ["creation_timestamp ASC"], ["run_id"], ["name", "name"],
    ["last_updated_timestamp"], None,
])  # fmt: skip
def test_versions_are_ordered_alike(stocked: Both, order: list[str] | None) -> None:
    stocked.agree("search_model_versions", None, 100, order)


@pytest.mark.parametrize("method", ["search_registered_models", "search_model_versions"])
def test_pages_are_alike(stocked: Both, method: str) -> None:
    token, seen = None, 0
    while True:
        *page, token = stocked.agree(method, None, 2, ["name"], token)
        seen += len(page)
        if token is None:
            break
    assert seen == len(stocked.agree(method, None, 100)) - 1
    stocked.agree(method, None, 1_000_000)
    stocked.agree("search_model_versions", None, 0)


NAMES = st.sampled_from(["a", "B", "c d"])
NUMBERS = st.integers(1, 3)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
CALLS = st.one_of(
    st.tuples(st.just("create_registered_model"), NAMES, st.none(), TEXTS),
    st.tuples(st.just("create_model_version"), NAMES, TEXTS.map("s3://b/{}".format)),
    st.tuples(st.just("create_model_version"), NAMES, TEXTS.map("s3://b/{}".format)),
    st.tuples(st.just("update_registered_model"), NAMES, st.none() | TEXTS),
    st.tuples(st.just("update_model_version"), NAMES, NUMBERS, st.none() | TEXTS),
    st.tuples(st.just("rename_registered_model"), NAMES, NAMES),
    st.tuples(st.just("delete_registered_model"), NAMES),
    st.tuples(st.just("delete_model_version"), NAMES, NUMBERS),
    st.tuples(
        st.just("transition_model_version_stage"), NAMES, NUMBERS,
        st.sampled_from(["None", "Staging", "Production", "Archived"]), st.just(KEEP),
    ),
    st.tuples(
        st.just("transition_model_version_stage"), NAMES, NUMBERS,
        st.sampled_from(["Staging", "Production"]), st.just(ARCHIVE),
    ),
    st.tuples(
        st.just("set_registered_model_alias"), NAMES, st.sampled_from(["best", "production", "staging"]), NUMBERS
    ),
    st.tuples(st.just("delete_registered_model_alias"), NAMES, st.sampled_from(["best", "production", "staging"])),
    st.tuples(st.just("set_model_version_tag"), NAMES, NUMBERS, st.builds(ModelVersionTag, st.just("t"), TEXTS)),
    st.tuples(st.just("delete_model_version_tag"), NAMES, NUMBERS, st.just("t")),
)  # fmt: skip


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CALLS, min_size=4, max_size=12))
def test_whatever_is_called(both: Both, calls: list[Call]) -> None:
    for name in ("a", "B", "c d"):  # what the last example left
        both.agree("delete_registered_model", name)
    both.agree("create_registered_model", "a")
    both.agree("create_model_version", "a", "s3://b/1")
    for method, *args in calls:
        both.agree(method, *args)
    for name in ("a", "B", "c d"):
        both.agree("get_registered_model", name)
        both.agree("get_latest_versions", name)
        for number in (1, 2, 3):
            both.agree("get_model_version", name, number)
