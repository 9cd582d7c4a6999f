"""Nothing that looks like a secret is ever written: it is replaced, and that is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

from gitml.actions.values import Tell
from gitml.checks.secrets import names_a_secret, secret, shape
from gitml.records.record import column

REDACTED = "[redacted]"
_PLAIN = (int, float, bool, type(None))  # of which none looks like a secret by itself
_SAMPLE = "?"  # a value that looks like nothing: what `secret` says of it, it says of the name


def redacted(data: Mapping[str, Any], tell: Tell, at: tuple[str, ...] = ()) -> dict[str, Any]:
    """A record without what looks like a secret."""
    found = {}
    for key, value in data.items():
        name = REDACTED if shape(key) else key
        if name != key:
            tell(f"a name under {column(*at) or 'the record'} looks like {shape(key)}: replaced")
        hidden = names_a_secret(key)
        plain = type(value) in _PLAIN and not hidden
        found[name] = value if plain else _value(value, (*at, name), tell, hidden=hidden)
    return found


def _value(value: Any, at: tuple[str, ...], tell: Tell, *, hidden: bool) -> Any:
    """A value redacted; `hidden` where a name above it says that it is a secret."""
    if isinstance(value, Mapping):
        inner = redacted(value, tell, at)
        return {key: _value(one, (*at, key), tell, hidden=True) for key, one in inner.items()} if hidden else inner
    if isinstance(value, list):
        return [_value(one, at, tell, hidden=hidden) for one in value]
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == REDACTED:
        return value
    why = (secret("password", str(value)) and "a secret by its name") if hidden else shape(str(value))
    if why is None:
        return value
    tell(f"{column(*at)} looks like {why}: replaced by {REDACTED}")
    return REDACTED


def command_line(argv: Sequence[str], tell: Tell) -> str:
    """A command as a person would type it, without what looks like a secret."""
    parts: list[str] = []
    before = ""
    for arg in argv:
        parts.append(_argument(arg, before))
        before = arg
    line = " ".join(parts)
    if shape(line):
        line = REDACTED
    if REDACTED in line:
        tell("the command line holds what looks like a secret: replaced")
    return line


def _argument(arg: str, before: str) -> str:
    flag, equals, value = arg.partition("=")
    if before.startswith("-") and "=" not in before and _names_secret(before):
        return REDACTED
    if equals and (_names_secret(flag) or shape(value)):
        return f"{quote(flag)}={REDACTED}"
    return REDACTED if shape(arg) else quote(arg)


def _names_secret(flag: str) -> bool:
    """Whether the value of an option, or of a variable, would be a secret."""
    return secret(flag.lstrip("-"), _SAMPLE) is not None or shape(f" --{flag.lstrip('-')} abcdefgh") is not None
