"""Where a run stands: in a repository, which knows its code and its records, or apart from any, where a job tells."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from gitml.actions import artifacts, capture, flow
from gitml.actions.capture.variables import variables
from gitml.actions.flow import Material
from gitml.actions.values import Tell
from gitml.errors import BadValue, GitFailed, NotFound
from gitml.records.ref import Ref
from gitml.repo.journal import texts
from gitml.repo.journal.folder import FILES, Folder, root
from gitml.repo.repository import Repository
from gitml.repo.snapshot import Snapshot


class Ground(Protocol):
    """What a run asks of the place where it is run."""

    @property
    def journals(self) -> Path:
        """The folder that its journal goes to, among others."""

    def author(self) -> str:
        """Who runs it; empty where nobody has said."""

    def code(self, argv: Sequence[str], script: Path | None, tell: Tell) -> tuple[dict[str, Any], Collection[str]]:
        """Its code but for `dirty`, and the paths that are not committed as they are."""

    def dirty(self, changed: Collection[str], outputs: Mapping[str, Any]) -> bool | None:
        """Whether something was not committed; None where that is not known."""

    def described(self, field: str, material: Material) -> dict[str, Any]:
        """An input or output; NotFound, BadRef where it names nothing."""

    def check_type(self, word: str) -> None:
        """BadValue for a type that no run may have."""

    def environment(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """An environment, with what pins it here."""

    def variables(self) -> dict[str, str]:
        """The variables that are recorded."""

    def knows(self, ref: Ref, *, under_way: bool) -> bool:
        """Whether there is such a run, or, if that will do, one that is under way."""

    def wants_text(self) -> bool:
        """Whether texts of exceptions are recorded."""

    def files(self, ref: Ref) -> tuple[Path, str]:
        """The folder that a run's files are written to, and the path of it that the record gives."""

    def texts(self, ref: Ref) -> Path:
        """The file, on this machine alone, for what a run that failed said last where no texts are recorded."""

    def told(self) -> dict[str, Any]:
        """What the journal begins with of the place."""


@dataclass
class InRepository:
    """A run in a repository; with a spool its journal goes there, and nothing else is written."""

    repository: Repository
    target: Callable[[], Snapshot]
    spool: Path | None = None

    def __post_init__(self) -> None:
        if self.repository.git.root is None:
            raise GitFailed("this repository is bare: no code runs in it", hint="clone it and work there")

    @cached_property
    def snapshot(self) -> Snapshot:
        """The store as it was when it was first asked; a run that names no record asks only at its end."""
        return self.target()

    @property
    def journals(self) -> Path:
        """As of Ground."""
        return self.spool or root(self.repository.git)

    def author(self) -> str:
        """As of Ground."""
        return self.repository.author()

    def code(self, argv: Sequence[str], script: Path | None, tell: Tell) -> tuple[dict[str, Any], Collection[str]]:
        """As of Ground."""
        told, state = capture.code_of(self.repository, argv, script, tell)
        return told, state.changed

    def dirty(self, changed: Collection[str], outputs: Mapping[str, Any]) -> bool | None:
        """As of Ground."""
        return capture.is_dirty(self.repository, changed, outputs.values())

    def described(self, field: str, material: Material) -> dict[str, Any]:
        """As of Ground; what is not in the snapshot may have been recorded since it was taken."""
        try:
            return flow.described(self.repository, self.snapshot, field, material)
        except NotFound:
            del self.snapshot
            return flow.described(self.repository, self.snapshot, field, material)

    def check_type(self, word: str) -> None:
        """As of Ground."""
        found = self.snapshot.schemas.kind("run").violations({"type": word})
        fault = next((one for one in found if one.path == ("type",)), None)
        if fault:
            raise BadValue(f"type: {fault.message}", hint=fault.hint)

    def environment(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """As of Ground."""
        return capture.locked(self.repository, found) if found else found

    def variables(self) -> dict[str, str]:
        """As of Ground: those that the store's settings allow, too."""
        return variables(self.snapshot.settings.capture_variables)

    def knows(self, ref: Ref, *, under_way: bool) -> bool:
        """As of Ground; what is in a spool is for `sync` to see."""
        if self.spool is not None or self.snapshot.find(ref) is not None:
            return True
        return under_way and Folder(self.journals / ref.keys[1]).begin is not None

    def waits(self, parent: str | None) -> bool:
        """Whether a run has to wait for its parent, since that has no record yet."""
        return parent is not None and self.target().find(Ref.parse(parent)) is None

    def wants_text(self) -> bool:
        """As of Ground; a repository that cannot be read wants none, and saving the record says so."""
        try:
            return self.snapshot.settings.capture_text
        except Exception:  # noqa: BLE001 - whatever it is, it must not take the place of the training's own result
            return False

    def files(self, ref: Ref) -> tuple[Path, str]:
        """As of Ground: in a spool beside the journal, for `sync` to take along."""
        prefix, inner = self.repository.prefix, artifacts.place(ref)
        if self.spool is not None:
            return self.spool / ref.keys[1] / FILES, f"{prefix}{inner}"
        store = self.repository.file(prefix)
        artifacts.ignore(store)
        return store / inner, f"{prefix}{inner}"

    def texts(self, ref: Ref) -> Path:
        """As of Ground."""
        return texts.place(self.repository.git, ref.keys[1])

    def told(self) -> dict[str, Any]:
        """As of Ground."""
        return {"place": str(self.repository.git.git_dir), "store": self.repository.prefix}


@dataclass(frozen=True, slots=True)
class Apart:
    """A run where there is no repository: the job that started it says what it is of (GITML_COMMIT and others)."""

    journals: Path

    def author(self) -> str:
        """As of Ground."""
        return capture.job().get("author", "")

    def code(self, argv: Sequence[str], script: Path | None, tell: Tell) -> tuple[dict[str, Any], Collection[str]]:
        """As of Ground: what the job has told."""
        return capture.code_apart(argv, script, tell), ()

    def dirty(self, changed: Collection[str], outputs: Mapping[str, Any]) -> bool | None:  # noqa: ARG002
        """As of Ground: nobody can know."""
        return None

    def described(self, field: str, material: Material) -> dict[str, Any]:  # noqa: ARG002
        """As of Ground; which version a ref or file is, `sync` finds out."""
        return flow.described_apart(material)

    def check_type(self, word: str) -> None:
        """As of Ground: the store is not at hand, and `sync` says what it does not take."""

    def environment(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        """As of Ground: nothing more is known."""
        return found

    def variables(self) -> dict[str, str]:
        """As of Ground: those that change what is computed, no others."""
        return variables()

    def knows(self, ref: Ref, *, under_way: bool) -> bool:  # noqa: ARG002
        """As of Ground: it is for `sync` to see."""
        return True

    def wants_text(self) -> bool:
        """As of Ground: not where nobody has asked for it."""
        return False

    def files(self, ref: Ref) -> tuple[Path, str]:
        """As of Ground: beside the journal, for `sync` to take along."""
        return self.journals / ref.keys[1] / FILES, artifacts.place(ref)

    def texts(self, ref: Ref) -> Path:
        """As of Ground: beside the journal, for `sync` to take along."""
        return self.journals / ref.keys[1] / texts.TEXT

    def told(self) -> dict[str, Any]:
        """As of Ground."""
        return {}
