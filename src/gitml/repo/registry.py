"""GTO's registry as derived records: its tags, and what the commits that they name say of each artifact."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitml.repo.data.plain import Unreadable
from gitml.repo.git.tags import Tag, tags
from gitml.repo.readers.derived import Unit, record

if TYPE_CHECKING:
    from gitml.repo.git import Git
    from gitml.repo.git.batch import Blobs
    from gitml.repo.readers.gto import Version

_STAGES, _LOCK, _OLD = "dvc.yaml", "dvc.lock", "artifacts.yaml"


class Registry:
    """The model registry that a repository's tags tell of."""

    def __init__(self, git: Git, blobs: Blobs) -> None:
        self._git = git
        self._blobs = blobs
        self._annotated: dict[tuple[str, str], Mapping[str, Any]] = {}

    @cached_property
    def _tags(self) -> list[Tag]:
        return tags(self._git) if self._git.refs("refs/tags/") else []

    def unit(self, until: int | None = None) -> Unit:
        """The records as of a time in seconds since 1970 (None: now), by the tags that were set no later."""
        if not self._tags:
            return Unit()
        from gitml.repo.readers.gto import registry
        from gitml.repo.readers.gto_records import registry_records

        found = registry(tag for tag in self._tags if until is None or tag.time.timestamp() <= until)
        made = registry_records(found, self._pointer, self._annotation)
        return Unit(
            tuple(record(ref.kind, ref.keys, f"refs/tags/{_tag(data)}", data) for ref, data in made), reader="gto"
        )

    def _annotation(self, version: Version) -> Mapping[str, Any] | None:
        from gitml.repo.readers.gto import place

        folder, name = place(version.artifact)
        found = self._artifacts(version.commit, folder).get(name)
        return found if isinstance(found, Mapping) else None

    def _artifacts(self, commit: str, folder: str) -> Mapping[str, Any]:
        """What the dvc.yaml in a folder (and the artifacts.yaml of old) says of artifacts at a commit."""
        key = (commit, folder)
        if key not in self._annotated:
            self._annotated[key] = dict(self._said(commit, folder))
        return self._annotated[key]

    def _said(self, commit: str, folder: str) -> Iterator[tuple[str, Any]]:
        from gitml.repo.readers.gto_records import artifacts_yaml
        from gitml.repo.readers.values import load_values

        for file in (_OLD, _STAGES):
            raw = self._file(commit, posixpath.join(folder, file))
            if raw is None:
                continue
            try:
                whole = artifacts_yaml(raw) if file == _OLD else load_values(raw, file)
            except Unreadable:
                continue  # what is malformed is told where the file itself is read
            said = whole.get("artifacts") if file == _STAGES and isinstance(whole, dict) else whole
            yield from (said.items() if isinstance(said, dict) else ())

    def _pointer(self, version: Version) -> Mapping[str, Any] | None:
        """Where the bytes of a version are, as DVC's files say at its commit."""
        from gitml.repo.data.pointers import tracked
        from gitml.repo.readers.gto import place

        path = (self._annotation(version) or {}).get("path")
        if not isinstance(path, str):
            return None
        folder, _name = place(version.artifact)
        path = posixpath.normpath(posixpath.join(folder, path))
        names = (f"{path}.dvc", posixpath.join(folder, _LOCK), posixpath.join(folder, _STAGES))
        files = {name: raw for name in names if (raw := self._file(version.commit, name)) is not None}
        found = tracked(files).pointers.get(path)
        if found is None:
            return None
        told = {"type": "dvc", "path": path, "md5": found.md5, "size": found.size, "tracked_at": version.commit}
        return {name: value for name, value in told.items() if value is not None}

    def _file(self, commit: str, path: str) -> bytes | None:
        # A tag's own text may name any place; git ends at one that is no path of a repository.
        place = posixpath.normpath(path)
        is_inside = not place.startswith(("/", "../")) and not set(place) & {"\n", "\0"}
        return self._blobs.get(f"{commit}:{place}") if is_inside else None


def _tag(data: Mapping[str, Any]) -> str:
    return str(data["custom"]["gto"]["tag"])
