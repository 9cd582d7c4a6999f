"""A store of MLflow's that is written to: what stands there from an earlier export, and how much was written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

from gitml.errors import BadValue
from gitml.interop.exchange import Losses
from gitml.interop.mlflow.importing.said import LARGEST

T = TypeVar("T")
REF, BLOB = "gitml.ref", "gitml.blob"
"""The tags that tell which record of ours something is, and as which bytes it was written."""
_SWITCH = "MLFLOW_ALLOW_FILE_STORE"
_PAGE = 1000


class Target:
    """A store by its tracking URI. Raises BadValue where MLflow cannot open it."""

    def __init__(self, uri: str, losses: Losses) -> None:
        self.losses = losses
        self.written: dict[str, int] = {}
        self.standing: dict[str, int] = {}
        with _opened(losses):
            self.client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            self.tracking: Any = self.client._tracking_client.store
            self.registry: Any = self.client._get_registry_client().store
            self.client.search_experiments(max_results=1)

    def count(self, kind: str, *, is_new: bool) -> None:
        """One thing of a kind, written or met as it stands."""
        held = self.written if is_new else self.standing
        held[kind] = held.get(kind, 0) + 1

    def runs(self, experiment: str) -> Iterator[Any]:
        """The runs of an experiment that an export has written, the deleted ones too."""
        token = None
        while True:
            page = self.client.search_runs([experiment], "", ViewType.ALL, _PAGE, page_token=token)
            yield from (run for run in page if REF in run.data.tags)
            token = page.token
            if not token:
                return

    def lost(self, kind: str, name: str, within: str, deed: Callable[[], T]) -> T | None:
        """Do something; what MLflow refuses is a loss."""
        try:
            return deed()
        except MlflowException as error:
            self.losses.add(kind, name, within, str(error.message).splitlines()[0][:300])
        return None

    def takes(self, deed: Callable[[], object]) -> bool:
        """Whether something goes through whole; where MLflow refuses it, its parts are told one by one."""
        try:
            deed()
        except MlflowException:
            return False
        return True

    def each(self, kind: str, name: str, items: Sequence[T], size: int, deed: Callable[[list[T]], object]) -> None:
        """Give items by portions; where one is refused, one by one, so that one odd name is all that is lost."""
        for some in (list(items[start : start + size]) for start in range(0, len(items), size)):
            for one in some if not self.takes(partial(deed, some)) else ():
                self.lost(kind, name, str(getattr(one, "key", "")), partial(deed, [one]))


@contextmanager
def _opened(losses: Losses) -> Iterator[None]:
    """What MLflow cannot open is told in its own words, in a line."""
    try:
        yield
    except MlflowException as error:
        told, hint = str(error.message).splitlines()[0], ""
        if _SWITCH in told:
            told, hint = "MLflow's own switch for folders is off", f"set {_SWITCH}=true, or export to sqlite:///FILE"
        raise BadValue(f"{losses.source}: {told[:300]}", hint=hint) from error
    except Exception as error:  # a driver's own, for a database that is none
        raise BadValue(f"{losses.source}: {type(error).__name__}: {str(error).splitlines()[0][:200]}") from error


def is_same(left: float, right: float) -> bool:
    """Whether two values of a metric are the same there, where infinity may be the largest number."""
    return repr(_finite(left)) == repr(_finite(right))


def _finite(value: float) -> float:
    return value if math.isnan(value) else max(-LARGEST, min(LARGEST, value))
