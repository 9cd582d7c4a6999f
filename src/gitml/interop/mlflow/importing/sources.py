"""What a path or URI names: a folder of MLflow's file store, a database of its SQL store, a server."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from gitml.errors import BadValue
from gitml.interop.exchange import Losses
from gitml.interop.mlflow.importing.files import files
from gitml.interop.mlflow.importing.folder import Folder
from gitml.interop.mlflow.importing.said import Source

_HINT = "name an mlruns folder, sqlite:///FILE, or the http:// address of a server"


def source_of(text: str, *, artifacts: bool = False) -> Source:
    """The source that a text names; with `artifacts` the files of runs are looked for. Raises NotFound, BadValue."""
    losses = Losses(text)
    scheme = text.partition("://")[0] if "://" in text else ""
    if scheme in ("http", "https"):
        from gitml.interop.mlflow.importing.server import Server

        return Server(text, losses, artifacts=artifacts)
    if scheme not in ("", "file", "sqlite"):
        raise BadValue(f"{text}: no import knows how to read {scheme}://", hint=_HINT)
    path = _path(text, scheme)
    if path.is_file() or scheme == "sqlite":
        from gitml.interop.mlflow.importing.sqlite import Database

        return Database(path, losses)
    inner = path / "mlruns"
    if inner.is_dir() and not any(path.glob("*/meta.yaml")):
        path = inner
    folder = Folder(files(path, artifacts=artifacts), losses)
    if not folder.is_store:
        raise BadValue(f"{text} holds no experiments of MLflow's", hint=_HINT)
    return folder


def _path(text: str, scheme: str) -> Path:
    """The path that a URI names: SQLAlchemy's for a database, three slashes and then the path itself."""
    if scheme == "sqlite":
        return Path(text.removeprefix("sqlite://").removeprefix("/").partition("?")[0])
    return Path(unquote(urlsplit(text).path)) if scheme else Path(text)
