"""`git ml export mlflow`: what is recorded here, written to a store of MLflow's through its own client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.errors import MissingExtra

if TYPE_CHECKING:
    from gitml.interop.exchange import Exported
    from gitml.store import Store


def export_mlflow(store: Store, target: str) -> Exported:
    """Export to a tracking URI of MLflow's; done twice, it writes nothing. Raises MissingExtra, BadValue."""
    try:
        import mlflow  # noqa: F401  (whether it is there)
    except ImportError:
        raise MissingExtra("mlflow", "mlflow") from None
    from gitml.interop.mlflow.exporting.work import exported

    return exported(store, target)
