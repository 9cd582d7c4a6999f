"""What looks like a secret, and what is personal: neither belongs into Git, which never forgets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Final

from gitml.records.annotations import ANY_KEY, Pattern, find
from gitml.records.record import Path

PERSONAL = "personal"
# The shapes that issuers document for their own tokens. By shape, not by entropy: hashes are everywhere here.
_SHAPES = {
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})",
    "a GitLab token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "a Slack token": r"\bxox[abposr]-[A-Za-z0-9-]{10,}",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
    "an OpenAI or Anthropic key": r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{20,}",
    "a Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "a JSON web token": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "an Azure storage key": r"\bAccountKey=[A-Za-z0-9+/]{40,}",
    "a password in a URL": r"\b[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s:@<>{}$*]{3,}@",
    "a password in a command": r"(?i)(?:^|\s)--?(?:password|passwd|secret|token|api[-_]?key)[= ][^\s$<{*\[]{4,}",
}
_KEY = re.compile(
    r"(?i)(?:^|[_.-])(?:password|passwd|pwd|secret|secret[_-]?key|api[_-]?key|access[_-]?token|auth[_-]?token"
    r"|private[_-]?key)$"
)
_HARMLESS = re.compile(
    r"(?i)\s*|\*+|x+|<.*>|\$\{?.*\}?|none|null|true|false|redacted|\[redacted\]|changeme|your[-_ ].*"
)
HINTS: Final = re.compile(
    r"-----BEGIN|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|AIza|hf_|sk-|k_live_|eyJ|AccountKey|://"
    r"|-(?:pass|secret|token|api)"
)
"""Only a text that holds one of these is worth the full look."""
SHORTEST: Final = 8
"""Up to this length no text has a shape: the shortest that has one is `a://b:c@` with a password of three."""


def shape(text: str) -> str | None:
    """What a text looks like, where it looks like a secret."""
    if not HINTS.search(text):
        return None
    found = _any_shape().search(text)
    return list(_SHAPES)[int((found.lastgroup or "s0")[1:])] if found else None


@cache
def _any_shape() -> re.Pattern[str]:
    """Compiled when first needed: that takes longer than most records do, and few hold a hint."""
    return re.compile(
        "|".join(f"(?P<s{number}>{shape})" for number, shape in enumerate(_SHAPES.values())).replace("(?i)", "")
    )


def secret(key: str, value: object) -> str | None:
    """Why a field looks like a secret, by its value's shape or its name; None where it does not."""
    if not isinstance(value, str):
        return None
    if names_a_secret(key) and not _HARMLESS.fullmatch(value):
        return f"the value of a field named {key!r}"
    return shape(value)


@lru_cache(maxsize=1 << 12)
def names_a_secret(key: str) -> bool:
    """Whether a field of this name would hold a secret."""
    return _KEY.search(key) is not None


def secrets_in(data: Any) -> Iterator[tuple[Path, str]]:
    """The fields of a record that look like secrets, each with what it looks like."""
    for path, value in texts(data):
        found = secret(str(path[-1]), value)
        if found:
            yield path, found


def texts(data: Any, at: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in a record, with its place."""
    for step, value in data.items() if isinstance(data, dict) else enumerate(data):
        if isinstance(value, str):
            yield (*at, step), value
        elif isinstance(value, dict | list):
            yield from texts(value, (*at, step))


def personal_in(data: Any, sensitive: Iterable[Pattern]) -> Iterator[Path]:
    """The sensitive fields inside a mapping that is classified as personal."""
    for pattern in sensitive:
        if pattern[0] not in data and pattern[0] != ANY_KEY:
            continue  # sooner seen than searched
        for at, _value in find(data, pattern):
            if _is_personal(data, at):
                yield at


def _is_personal(data: Any, at: Path) -> bool:
    """Whether a mapping on the way to a field is classified as personal."""
    for step in at:
        if isinstance(data, dict) and data.get("classification") == PERSONAL:
            return True
        data = data[step]
    return False
