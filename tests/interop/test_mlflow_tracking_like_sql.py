"""The tracking store answers as MLflow's own over SQLite does: the same calls on both, the same answers but for ids."""

from __future__ import annotations

import pytest

pytest.importorskip("mlflow", reason="mlflow is not installed")
pytest.importorskip("sqlalchemy", reason="mlflow's server is not installed")

import math
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mlflow.entities import (
    Dataset,
    DatasetInput,
    Experiment,
    ExperimentTag,
    InputTag,
    Metric,
    Param,
    Run,
    RunInfo,
    RunStatus,
    RunTag,
    ViewType,
)
from mlflow.exceptions import MlflowException
from mlflow.store.entities.paged_list import PagedList

import gitml
from gitml.interop.mlflow.tracking import TrackingStore
from gitrepo import commit, init
from mlflow_stores import calls
from registering import address

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what MLflow's database layer uses, some is deprecated
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

pytestmark = pytest.mark.filterwarnings("ignore")
START = 1_771_264_991_123
MOST = 50


class Of(NamedTuple):
    """The so many-th experiment or run of an example, in whichever store."""

    kind: str
    number: int


class Call(NamedTuple):
    """A method of a store, and what it is given."""

    method: str
    args: tuple[Any, ...]


@dataclass
class Side:
    """A store, and the ids that it has given to an example's experiments and runs."""

    store: Any
    ids: dict[Of, str] = field(default_factory=dict)

    def answer(self, call: Call) -> Any:
        """What the store answers, or the code of what it refuses with; its ids as `Of`."""
        try:
            found = getattr(self.store, call.method)(*[self._given(one) for one in call.args])
        except MlflowException as error:
            return error.error_code
        return self._plain(found)

    def made(self, kind: str, number: int, made: str) -> None:
        """Remember an id."""
        self.ids[Of(kind, number)] = made

    def _given(self, value: Any) -> Any:
        if isinstance(value, Of):
            return self.ids.get(value, "7" * 9)
        return [self._given(one) for one in value] if isinstance(value, list) else value

    def _plain(self, found: Any) -> Any:
        if isinstance(found, PagedList):
            return [*[self._plain(one) for one in found], found.token]
        if isinstance(found, Run):
            data = found.data
            points = {key: _number(value) for key, value in data.metrics.items()}
            latest = sorted((one.key, one.timestamp, one.step) for one in data._metric_objs)
            inputs = sorted((str(dict(one.dataset)), sorted((tag.key, tag.value) for tag in one.tags))
                            for one in (found.inputs.dataset_inputs if found.inputs else ()))  # fmt: skip
            return self._plain(found.info), data.params, data.tags, points, latest, inputs
        if isinstance(found, RunInfo):
            named = (found.run_name, found.status, found.lifecycle_stage, found.user_id)
            return self._of(found.run_id), self._of(found.experiment_id), *named, found.start_time, found.end_time
        if isinstance(found, Experiment):
            return self._of(found.experiment_id), found.name, found.lifecycle_stage, found.tags
        if isinstance(found, Metric):
            return found.key, _number(found.value), found.timestamp, found.step
        return found

    def _of(self, made: str) -> Any:
        return next((token for token, one in self.ids.items() if one == made), "another")


def _number(value: float) -> str:
    """A value, which compares; for an infinite one SQL has the greatest that is finite."""
    return repr(math.copysign(math.inf, value) if abs(value) == sys.float_info.max else value)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TrackingStore, SqlAlchemyStore]]:
    place = tmp_path_factory.mktemp("tracking")
    init(place / "repo")
    gitml.init(place / "repo")
    commit(place / "repo", {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = SqlAlchemyStore(f"sqlite:///{place}/mlflow.db", (place / "files").as_uri())
    yield TrackingStore(address(place / "repo")), theirs
    theirs.engine.dispose()


# ── what is asked ─────────────────────────────────────────────────────────────────────────────────────────────────

EXPERIMENTS, RUNS = (
    st.builds(Of, st.just("experiment"), st.integers(0, 2)),
    st.builds(Of, st.just("run"), st.integers(0, 3)),
)
KEYS = st.sampled_from(["acc", "val/loss", "a.b", "odd key", "é_1", ""])
NAMES = st.sampled_from(["wine", "Wine", "été: no", "a/b", "x" * 300, "y" * 501, ""])
NEW_NAMES = NAMES if calls(SqlAlchemyStore.rename_experiment, "_validate_experiment_name") else st.just("été: no")
TEXTS = st.sampled_from(["", "1", "1.0", "1e3", "True", "None", "007", "a: b\n#c", "é", " x ", "nan", "z" * 6001])
VALUES = st.sampled_from([0.0, -1.5, 1, 2.0**62, math.inf, -math.inf, 1e-12])
STEPS, TIMES = st.sampled_from([0, 1, 2, -3, 2**62]), st.sampled_from([0, START, START + 1])
# Of several values at one step and time SQL takes what is no number for 0, and ours for less than any.
METRIC = st.builds(Metric, KEYS, VALUES, TIMES, STEPS) | st.builds(Metric, KEYS, st.just(math.nan), TIMES, st.just(5))
METRICS = st.lists(METRIC, max_size=4)
PARAMS, TAGS = (
    st.lists(st.builds(Param, KEYS, TEXTS), max_size=3),
    st.lists(st.builds(RunTag, KEYS, TEXTS), max_size=3, unique_by=lambda one: one.key),
)
OWN = st.sampled_from(["mlflow.runName", "mlflow.note.content", "mlflow.user", "team"])
DATA = st.sampled_from([
    Dataset(name, digest, "local", "{}", schema)  # of one name and digest SQL keeps one schema an experiment
    for name, digest, schema in (("train", "d1", "[]"), ("train", "d2", None), ("test set", "d1", None))
])  # fmt: skip
INPUTS = st.builds(
    DatasetInput,
    DATA,
    st.lists(st.builds(InputTag, st.sampled_from(["mlflow.data.context", "k"]), st.just("v")), max_size=1),
)
TAGGED = st.builds(ExperimentTag, KEYS, TEXTS)
if not calls(SqlAlchemyStore.create_experiment, "_validate_experiment_tag"):
    TAGGED = st.just(ExperimentTag("team", "x"))
STATUSES = st.sampled_from([None, *RunStatus.all_status()])
ENDS = st.sampled_from([None, START + 9_999])
FILTERS = st.sampled_from([
    "", "metrics.acc > 0.5", "metrics.acc != 1", "metrics.`val/loss` <= 1", "metrics.`a.b` = 0", "params.acc = '1'",
    "params.acc != '1'", "params.`odd key` LIKE '%1%'", "params.acc ILIKE 'TRUE'", "tags.team = 'x'", "tags.acc != ''",
    "tags.team IS NULL", "tags.acc IS NOT NULL", "params.acc IS NULL", "attributes.status = 'RUNNING'",
    "attributes.status != 'FINISHED'", "status IN ('FINISHED', 'FAILED')", "run_name LIKE 'n%'", "run_name = 'n1'",
    "attributes.start_time > 1771264991124", "end_time != 0", "dataset.name = 'train'", "dataset.digest = 'd2'",
    "dataset.context = 'v'", "datasets.name LIKE '%set'", "user_id = 'mona'", "tags.`mlflow.runName` = 'n0'",
    "metrics.acc > 0 and params.acc = '1' and status = 'RUNNING'", "metrics.acc > 'a'", "nothing = 1", "params.acc > 1",
    "attributes.bogus = '1'", "metrics.acc", "run_id IN ('a')", "status LIKE 'F%'", "start_time LIKE '1'",
    "params.acc = 1", "tags.acc = 'a' or tags.acc = 'b'", "metrics.acc = 1e-12",
])  # fmt: skip
ORDERS = st.lists(st.sampled_from([
    "metrics.acc", "metrics.acc DESC", "metrics.`val/loss` ASC", "params.acc DESC", "params.acc", "tags.team",
    "attributes.end_time", "attributes.end_time DESC", "run_name", "status DESC", "start_time",
    "attribute.start_time desc",
    "bogus.x", "metrics.acc SIDEWAYS",
]), max_size=2, unique_by=lambda one: one.lower().split()[0].rpartition(".")[2])  # fmt: skip
COUNTS = st.sampled_from([1, 2, MOST, 0])
VIEWS = st.sampled_from([ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL])


def called(method: str, *args: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    """Calls of a method with what strategies find."""
    return st.builds(Call, st.just(method), st.tuples(*args))


CALLS = st.one_of(
    called("create_experiment", NAMES, st.none(), st.lists(TAGGED, max_size=1)),
    called("rename_experiment", EXPERIMENTS, NEW_NAMES),
    called("delete_experiment", EXPERIMENTS), called("restore_experiment", EXPERIMENTS),
    called("set_experiment_tag", EXPERIMENTS, st.builds(ExperimentTag, KEYS | st.just("mlflow.note.content"), TEXTS)),
    called("delete_experiment_tag", EXPERIMENTS, KEYS),
    called("create_run", EXPERIMENTS, st.just("mona"), st.none(), TAGS, st.sampled_from(["n0", "n1"])),
    called("update_run_info", RUNS, STATUSES, ENDS, st.sampled_from([None, "n1", "n2"])),
    called("delete_run", RUNS), called("restore_run", RUNS), called("get_run", RUNS),
    called("log_batch", RUNS, METRICS, PARAMS, TAGS),
    called("log_metric", RUNS, METRIC),
    called("log_param", RUNS, st.builds(Param, KEYS, TEXTS)),
    called("set_tag", RUNS, st.builds(RunTag, KEYS | OWN, TEXTS)),
    called("delete_tag", RUNS, KEYS), called("log_inputs", RUNS, st.lists(INPUTS, max_size=2)),
    called("get_metric_history", RUNS, KEYS),
    called("search_runs", st.lists(EXPERIMENTS, min_size=1, max_size=3), FILTERS, VIEWS, COUNTS, ORDERS),
)  # fmt: skip
BEGUN = [
    Call("create_experiment", ("wine", None, [])),
    Call("create_experiment", ("été: no", None, [ExperimentTag("team", "x")])),
    *[Call("create_run", (Of("experiment", one), "mona", None, [], f"n{one}")) for one in (0, 0, 1)],
    Call(
        "log_batch", (Of("run", 0), [Metric("acc", 1, START, 0), Metric("acc", 2, START, 1)], [Param("acc", "1")], [])
    ),
    Call("log_batch", (Of("run", 1), [Metric("acc", math.nan, START, 0)], [], [RunTag("team", "x")])),
]


class Examples:
    """So that the names of one example are not another's."""

    count = 0


# A failing example is told as it is: to find the smallest takes minutes. Each run sees the same ones.
@settings(
    max_examples=8, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(CALLS, min_size=6, max_size=16))
def test_a_sequence_of_calls(stores: tuple[TrackingStore, SqlAlchemyStore], calls: list[Call]) -> None:
    """Each answer, and at the end all that there is."""
    Examples.count += 1
    sides = [Side(store) for store in stores]
    numbers = {"create_experiment": 0, "create_run": 0}
    for number, call in enumerate([*BEGUN, *calls]):
        _agree(sides, _own(call, number), numbers)
    every = [Of("experiment", number) for number in range(numbers["create_experiment"])]
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL):
        _agree(sides, Call("search_runs", (every, "", view, MOST)), numbers)
    for one in every:
        _agree(sides, Call("get_experiment", (one,)), numbers)
    for run in range(numbers["create_run"]):
        for key in ("acc", "val/loss", "a.b"):
            _agree(sides, Call("get_metric_history", (Of("run", run), key)), numbers)


def _own(call: Call, number: int) -> Call:
    """A call with a name of this example's, and a start that no other run has."""
    if call.method == "create_experiment":
        return call._replace(args=(_named(call.args[0]), *call.args[1:]))
    if call.method == "rename_experiment":
        return call._replace(args=(call.args[0], _named(call.args[1])))
    if call.method == "create_run":
        return call._replace(args=(*call.args[:2], START + number, *call.args[3:]))
    return call


def _named(name: str) -> str:
    return f"{Examples.count} {name}" if name.strip() else name


def _agree(sides: list[Side], call: Call, numbers: dict[str, int]) -> None:
    """Both sides answer alike; what is made has a number from then on."""
    if call.method in numbers:
        _made(sides, call, numbers)
        return
    if call.method == "get_metric_history" and call.args[0] not in sides[0].ids:
        return  # of a run that is not there SQL tells an empty history
    ours, theirs = (side.answer(call) for side in sides)
    if call.method == "rename_experiment" and theirs == "BAD_REQUEST":
        theirs = "RESOURCE_ALREADY_EXISTS"  # SQL says no more than that a constraint failed
    is_full = call.method == "search_runs" and isinstance(ours, list) and len(ours) > call.args[3]
    if is_full and ours[-1] is None and isinstance(theirs, list):
        theirs[-1] = None  # of a full page older ones do not know whether it is the last
    assert ours == theirs, call


def _made(sides: list[Side], call: Call, numbers: dict[str, int]) -> None:
    kind = call.method.removeprefix("create_")
    found = []
    for side in sides:
        try:
            made = getattr(side.store, call.method)(*[side._given(one) for one in call.args])
            side.made(kind, numbers[call.method], made if kind == "experiment" else made.info.run_id)
            found.append(side._plain(made) if kind == "run" else "made")
        except MlflowException as error:
            found.append(error.error_code)
    assert found[0] == found[1], call
    if Of(kind, numbers[call.method]) in sides[0].ids:
        numbers[call.method] += 1
