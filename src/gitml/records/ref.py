"""Refs: a record's name in text, `model/wine@3`, `alias/model/wine/production`, `v1.0:run/wine/01JD…`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitml.errors import BadRef

VERSION = "-version"
_HINT = "write kind/name, kind/name@version, alias/kind/name/slot or run/experiment/id"
_UNSAFE = re.compile(r"[%/@:#\s\x00-\x1f\x7f-\x9f]")
_ESCAPED = re.compile(r"((?:%[0-9A-Fa-f]{2})+)")
_KIND = re.compile(r"[a-z][a-z0-9-]*")
_VERSION_KEYS = 2


def encode(name: str) -> str:
    """A name as it stands in a ref: `%`, `/`, `@`, `:`, `#`, spaces and controls percent-encoded in UTF-8."""
    return _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)


def decode(text: str) -> str:
    """The name that an encoded segment stands for; raises BadRef where it is not UTF-8."""
    try:
        return _ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode(), text)
    except UnicodeDecodeError:
        raise BadRef(f"{text!r} holds percent codes that are not UTF-8", hint="encode the name as UTF-8") from None


@dataclass(frozen=True, slots=True)
class Ref:
    """The name of one record: its kind, the keys of that kind's template in order, and perhaps a revision.

    `dataset/wine@2` is `Ref("dataset-version", ("wine", "2"))`. `Ref.parse(str(ref)) == ref`.
    """

    kind: str
    keys: tuple[str, ...]
    rev: str | None = None

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read a ref; raises BadRef."""
        rev, colon, name = text.rpartition(":")
        kind, slash, rest = name.partition("/")
        if (colon and not rev) or not slash or not _KIND.fullmatch(kind):
            raise BadRef(f"{text!r} is not a ref", hint=_HINT)
        head, at, version = rest.rpartition("@")
        parts = [head, version] if at else rest.split("/")
        if at and ("/" in rest or "@" in head):
            raise BadRef(f"{text!r} is not a ref", hint="a / or @ inside a name is written %2F or %40")
        keys = tuple(decode(part) for part in parts)
        if not all(keys):
            raise BadRef(f"{text!r} is not a ref: a name is empty", hint=_HINT)
        return cls(kind + VERSION if at else kind, keys, rev or None)

    def __str__(self) -> str:
        names = [encode(key) for key in self.keys]
        if self.kind.endswith(VERSION) and len(names) == _VERSION_KEYS:
            text = f"{self.kind.removesuffix(VERSION)}/{names[0]}@{names[1]}"
        else:
            text = "/".join([self.kind, *names])
        return f"{self.rev}:{text}" if self.rev else text

    @property
    def bare(self) -> Ref:
        """The same record, without the revision."""
        return Ref(self.kind, self.keys)
