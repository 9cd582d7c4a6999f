"""MLflow's tracking store: experiments and runs as records, live runs as journals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlflow.entities import (
    Run,
)
from mlflow.store.tracking.abstract_store import AbstractStore
from mlflow.utils.search_utils import SearchUtils

from gitml.interop.mlflow import words
from gitml.interop.mlflow.asked import check_most
from gitml.interop.mlflow.collecting import Collecting
from gitml.interop.mlflow.faults import speaking
from gitml.interop.mlflow.of_models import OfModels
from gitml.interop.mlflow.refusals import refusing
from gitml.interop.mlflow.search import Pool, clauses, orders


@speaking
@refusing
class TrackingStore(Collecting, OfModels, AbstractStore):
    """A gitml store, as MLflow's clients and server talk to one."""

    DEFAULT_EXPERIMENT_ID = words.DEFAULT_ID

    def _search_runs(
        self, experiment_ids: Iterable[str], filter_string: str | None, run_view_type: int, max_results: int | None,
        order_by: Sequence[str] | None, page_token: str | None,
    ) -> tuple[list[Run], str | None]:  # fmt: skip
        """The runs of some experiments that a filter finds, in an order, a page at a time."""
        if max_results is not None:
            check_most(max_results)
        live = self._live()
        used = self._used()
        names = {one.id: key for key, one in self._experiments.known(used).items()}
        keys = [names[str(one)] for one in experiment_ids if str(one) in names]
        pool = Pool.of(self._rows(), live, keys, run_view_type)
        for clause in clauses(filter_string):
            pool = pool.where(clause)
        places = pool.sorted(orders(order_by))
        start = SearchUtils.parse_start_offset_from_page_token(page_token)
        end = len(places) if max_results is None else start + max_results
        token = SearchUtils.create_page_token(end) if end < len(places) else None
        return [self._entity(told) for told in pool.told(places[start:end])], token
