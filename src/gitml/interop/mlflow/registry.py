"""MLflow's model registry over a gitml store: `mlflow.set_registry_uri("gitml:///path/to/repository")`."""

from __future__ import annotations

from mlflow.store.model_registry.abstract_store import AbstractStore

from gitml.interop.mlflow.address import Address
from gitml.interop.mlflow.faults import speaking, spoken
from gitml.interop.mlflow.opened import Opened, opened
from gitml.interop.mlflow.refusals import refusing
from gitml.interop.mlflow.registered.aliases import Aliases
from gitml.interop.mlflow.registered.models import Models
from gitml.interop.mlflow.registered.versions import Versions
from gitml.interop.mlflow.registered.webhooks import Webhooks


@speaking
@refusing
class RegistryStore(Models, Versions, Aliases, Webhooks, AbstractStore):
    """Registered models, their versions and aliases as the records that gitml itself writes.

    Prompts are registered models with a tag of their own, and work as MLflow's own class has them.
    """

    def __init__(self, store_uri: str, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)
        self.tracking_uri = tracking_uri
        self.opened = _opened(store_uri)


@spoken
def _opened(uri: str) -> Opened:
    return opened(Address.of(uri))
