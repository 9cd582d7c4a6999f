"""Where a model's bytes are: addresses inside the store are kept relative to it, so that they hold in every clone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

OWN = "gitml:"
"""What the kept form of an address inside the store begins with: `gitml:artifacts/wine/7c/…/model`."""


def kept(source: str, root: Path) -> str:
    """A source as records keep it; one outside the store stays as it is."""
    path = _local(source)
    if path is None or not path.is_relative_to(root):
        return source
    return OWN + quote(path.relative_to(root).as_posix())


def given(source: str | None, root: Path) -> str | None:
    """A kept source as an address that can be read here."""
    if source is None or not source.startswith(OWN):
        return source
    return (root / unquote(source.removeprefix(OWN))).as_uri()


def pointed(pointer: Mapping[str, Any], top: Path) -> str | None:
    """The address that a pointer of a record stands for; `top` is the repository's folder."""
    path, uri = pointer.get("path"), pointer.get("uri")
    if uri:
        return str(uri)
    return (top / str(path)).as_uri() if path and "repository" not in pointer else None


def _local(source: str) -> Path | None:
    """The absolute path that a source names on this machine; None where it names something else."""
    parts = urlsplit(source)
    is_uri = parts.scheme == "file" and parts.netloc in ("", "localhost")
    path = Path(unquote(parts.path) if is_uri else source)
    return path if path.is_absolute() and ".." not in path.parts else None
