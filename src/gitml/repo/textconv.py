"""The text that `git diff` compares: canonical, so that it shows nothing but meaning."""

from __future__ import annotations

from gitml.records.canonical import in_order
from gitml.records.edit import fix
from gitml.records.reader import read
from gitml.records.schemas import FOLDER, Schemas, is_schema_path
from gitml.repo.cache import Cache
from gitml.repo.git import Git
from gitml.repo.kinds import read_files, schemas


def canonical(git: Git, raw: bytes) -> bytes:
    """The canonical text of a record of the store at the root, comments kept; other bytes come back as they are."""
    parsed = read(raw)
    tag = parsed.data.get("schema") if parsed.data else None
    if parsed.data is None or not isinstance(tag, str):
        return raw
    name, _slash, major = tag.partition("/")
    kind = schemas_here(git, "").kinds.get((name, int(major) if major.isdecimal() else 0))
    if kind is None or not kind.canonical or (parsed.canonical and in_order(parsed.data, kind.shape.order)):
        return raw
    return fix(raw, kind.shape.order)


def schemas_here(git: Git, prefix: str) -> Schemas:
    """The kinds of the store in a folder, as its files stand now: during a merge, those of our side."""
    folder = git.full(prefix + FOLDER)
    names = [file for file in folder.iterdir() if is_schema_path(FOLDER + file.name)] if folder.is_dir() else []
    raw = {prefix + FOLDER + file.name: file.read_bytes() for file in names if file.is_file() and not file.is_symlink()}
    blobs = {path: git.blob_id(content) for path, content in raw.items()}
    contents = {blobs[path]: content for path, content in raw.items()}
    cache = Cache(git.common_dir)
    own = read_files(blobs, lambda oids: {oid: contents[oid] for oid in oids}, cache)
    return schemas(own, (), cache)
