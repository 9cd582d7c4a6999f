"""Path templates: every path is computed from the ref by the kind's template, and back.

A template is a path whose segments hold at most one placeholder each, as in
`metadata/runs/{experiment}/{id|shard}/{id}.yaml`. Below `metadata/` a key that is no plain file name is
written `<slug>~<hash>` and stands in full inside the record; elsewhere (adopted files) a key is the file's own name.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import takewhile
from typing import NamedTuple

from gitml.errors import BadRef
from gitml.records.settings import PATH as STORE_FILE
from gitml.records.ulid import is_ulid

OWN_FOLDER = "metadata/"
SERIES = "metadata/series/"
SCHEMAS = "schemas/"
_PLAIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(\..*)?")
_HASHED = re.compile(r"([a-z0-9-]{0,40})~([0-9a-f]{8})")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)(\|shard)?\}")
# Git's, GitHub's and DVC's own; `git~1` is how Windows may call `.git`.
_FORBIDDEN = re.compile(
    r"\.{1,2}|\.git|\.github|\.dvc|\.gitignore|\.gitattributes|\.gitmodules|\.dvcignore|dvc\.(yaml|lock)|.*\.dvc|git~[0-9]+",
    re.IGNORECASE | re.DOTALL,
)
_CAPITAL = re.compile(r"[A-Z]")
_NO_SLUG = re.compile(r"[^a-z0-9]+")
_MAX_SLUG = 40
_MAX_SEGMENT = 255


def is_plain(key: str) -> bool:
    """Whether a key is its own file name below `metadata/`."""
    return bool(_PLAIN.fullmatch(key)) and not _DEVICE.fullmatch(key) and not key.endswith((".", ".yaml"))


def digest8(key: str) -> str:
    """The first 8 hex of the sha256 of a key's NFC form."""
    return hashlib.sha256(unicodedata.normalize("NFC", key).encode("utf-8", "surrogatepass")).hexdigest()[:8]


@lru_cache(maxsize=1 << 12)
def file_name(key: str) -> str:
    """The file name of a key: itself where it is plain, else `<slug>~<hash>`."""
    if is_plain(key):
        return key
    lower = _CAPITAL.sub(lambda found: found[0].lower(), unicodedata.normalize("NFC", key))
    return f"{_NO_SLUG.sub('-', lower).strip('-')[:_MAX_SLUG]}~{digest8(key)}"


def shard(key: str) -> str:
    """The two-hex folder that an event's id falls into."""
    return digest8(key)[:2]


def _is_file_name(text: str) -> bool:
    try:
        size = len(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        return False
    return size <= _MAX_SEGMENT and not {"/", "\0"} & set(text) and not _FORBIDDEN.fullmatch(text)


class _Segment(NamedTuple):
    before: str
    key: str
    shard: bool
    after: str

    @classmethod
    def read(cls, text: str) -> _Segment:
        found = _PLACEHOLDER.search(text)
        if not found:
            return cls(text, "", shard=False, after="")
        return cls(text[: found.start()], found[1], bool(found[2]), text[found.end() :])

    def value(self, text: str) -> str | None:
        """What stands in the placeholder's place, or None where the text does not fit ('' for a literal)."""
        if not self.key:
            return "" if text == self.before else None
        fits = text.startswith(self.before) and text.endswith(self.after)
        inner = text[len(self.before) : len(text) - len(self.after)] if fits else ""
        return inner or None

    def meets(self, other: _Segment) -> bool:
        """Whether one text can fit both."""
        if not self.key:
            return other.value(self.before) is not None
        if not other.key:
            return self.value(other.before) is not None
        starts = self.before.startswith(other.before) or other.before.startswith(self.before)
        ends = self.after.endswith(other.after) or other.after.endswith(self.after)
        return starts and ends


@dataclass(frozen=True, slots=True)
class Template:
    """One kind's path template; `keys` are its placeholders in order of first appearance."""

    text: str
    keys: tuple[str, ...]
    segments: tuple[_Segment, ...]

    @classmethod
    def read(cls, text: str) -> Template:
        """Read a template; `fault` says what is wrong with one."""
        segments = tuple(_Segment.read(part) for part in text.split("/"))
        keys = tuple(dict.fromkeys(part.key for part in segments if part.key and not part.shard))
        return cls(text, keys, segments)

    @classmethod
    def of_derived(cls, keys: tuple[str, ...]) -> Template:
        """What derived records have for a template: their keys, and no path that could fit it."""
        return cls("", keys, ())

    @property
    def adopted(self) -> bool:
        """Whether its files lie outside `metadata/`, where names are raw."""
        return not self.text.startswith(OWN_FOLDER)

    @property
    def folder(self) -> str:
        """The folder in which all its files lie; empty where they may lie anywhere."""
        fixed = list(takewhile(lambda part: not part.key, self.segments[:-1]))
        return "/".join(part.before for part in fixed)

    def fault(self) -> str | None:
        """Why this template cannot be used, or None."""
        text, parts = self.text, self.text.split("/")
        literal = "".join(part.before + part.after for part in self.segments)
        faults = (
            ("is not a relative path", "\\" in text or "\0" in text or text.startswith("/") or ":" in parts[0]),
            ("leaves the repository", not {"", ".", ".."}.isdisjoint(parts)),
            ("reaches into Git's, GitHub's or DVC's own files", any(map(_FORBIDDEN.fullmatch, parts))),
            ("may hold one {placeholder} of lower-case letters in each path segment", {"{", "}"} & set(literal)),
            (
                "shards by what it does not hold",
                any(part.shard and part.key not in self.keys for part in self.segments),
            ),
            ("holds no {placeholder}, so that it is one record's path only", not self.keys and text != STORE_FILE),
            ("lies among the series", text.startswith(SERIES)),
            ("lies among the schemas", text.startswith(SCHEMAS)),
        )
        return next((told for told, wrong in faults if wrong), None)

    def overlaps(self, other: Template) -> bool:
        """Whether one path could belong to both."""
        if not self.segments or len(self.segments) != len(other.segments):
            return False
        return all(a.meets(b) for a, b in zip(self.segments, other.segments, strict=True))

    def path(self, keys: tuple[str, ...]) -> str:
        """The path of the record with these keys; raises BadRef where a raw name cannot be a file name."""
        if not self.segments:
            raise BadRef("a derived record has no file of its own", hint="change the file that it is read from")
        values = dict(zip(self.keys, keys, strict=True))
        return "/".join(
            part.before + (self._name(part, values[part.key]) if part.key else "") + part.after
            for part in self.segments
        )

    def _name(self, part: _Segment, key: str) -> str:
        if part.shard:
            return shard(key)
        if part.key == "id" and is_ulid(key):
            return key
        if not self.adopted:
            return file_name(key)
        if not _is_file_name(part.before + key + part.after):
            raise BadRef(f"{key!r} cannot be a file name in {self.text}", hint="rename it, or use another template")
        return key

    def hides(self, placeholder: str, key: str) -> bool:
        """Whether the file name does not show the key, so that the record itself must hold it."""
        return not self.adopted and file_name(key) != key and not (placeholder == "id" and is_ulid(key))

    def match(self, path: str) -> dict[str, str] | None:
        """The file names that stand in the placeholders' places, or None where the path does not fit."""
        found = _pattern(self).fullmatch(path)
        if found is None or (self.adopted and any(map(_FORBIDDEN.fullmatch, path.split("/")))):
            return None
        return found.groupdict()

    def exact(self, names: Mapping[str, str], data: Mapping[str, object]) -> tuple[str, ...]:
        """The keys behind the file names of `match`: a hashed name is looked up in the record.

        Raises BadRef where the record does not hold the exact name, or one of another hash.
        """
        return tuple(self._exact(key, names[key], data) for key in self.keys)

    def _exact(self, placeholder: str, name: str, data: Mapping[str, object]) -> str:
        if self.adopted or is_plain(name) or (placeholder == "id" and is_ulid(name)):
            return name
        hashed = _HASHED.fullmatch(name)
        if not hashed:
            right = f"`{file_name(name)}`, with `{placeholder}: {name}` inside the record"
            raise BadRef(
                f"{name!r} is no file name for a record's {placeholder}", hint=f"the name {name!r} lies at {right}"
            )
        held = data.get(placeholder)
        if not isinstance(held, str):
            raise BadRef(
                f"the file name {name!r} is a hash and the record does not hold the exact {placeholder}",
                hint=f"add the field `{placeholder}` with the exact text",
            )
        if file_name(held) != name:
            raise BadRef(
                f"the file name {name!r} is not that of {placeholder} {held!r}", hint=f"it lies at {file_name(held)!r}"
            )
        return held


@cache
def _pattern(template: Template) -> re.Pattern[str]:
    """What a path must be to fit: a placeholder is a part of one segment and the same wherever it stands again."""
    seen: set[str] = set()
    parts = []
    for segment in template.segments:
        named = f"(?P={segment.key})" if segment.key in seen else f"(?P<{segment.key}>[^/]+)"
        inner = "[^/]+" if segment.shard else named if segment.key else ""
        parts.append(re.escape(segment.before) + inner + re.escape(segment.after))
        seen |= set() if segment.shard else {segment.key}
    return re.compile("/".join(parts) if parts else "(?!)")
