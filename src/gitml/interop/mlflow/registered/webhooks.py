"""Webhooks: Git has hooks and a forge has its own, so that a store of records keeps none for MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from mlflow.exceptions import MlflowNotImplementedException
from mlflow.store.entities.paged_list import PagedList

if TYPE_CHECKING:
    from mlflow.entities.webhook import Webhook


class Webhooks:
    """The part of the registry store that webhooks are: there are none, and none can be made."""

    def list_webhooks(self, *_args: Any, **_named: Any) -> PagedList[Webhook]:
        """None."""
        return PagedList([], None)

    def list_webhooks_by_event(self, *_args: Any, **_named: Any) -> PagedList[Webhook]:
        """None: MLflow's server asks at each call whether anybody is to be told."""
        return PagedList([], None)

    def create_webhook(self, *_args: Any, **_named: Any) -> NoReturn:
        """Not here: NOT_IMPLEMENTED."""
        raise MlflowNotImplementedException(
            "a gitml store has no webhooks: its records are files in Git, whose own hooks, or the forge's, tell of them"
        )

    get_webhook = update_webhook = delete_webhook = test_webhook = create_webhook
