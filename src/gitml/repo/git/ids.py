"""The ids of objects: what git's hash makes of a kind and a content."""

from __future__ import annotations


def object_id(kind: str, content: bytes, object_format: str = "sha1") -> str:
    """The id that git gives a blob, tree or commit of this content."""
    import hashlib

    hasher = hashlib.sha256 if object_format == "sha256" else hashlib.sha1
    return hasher(b"%b %d\0%b" % (kind.encode(), len(content), content), usedforsecurity=False).hexdigest()
