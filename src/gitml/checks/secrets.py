"""Secrets: nothing that looks like a key or a password belongs into Git, which never forgets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from gitml.checks.scope import Scope
from gitml.errors import Problem
from gitml.records.annotations import find
from gitml.records.record import Path, flatten, segments

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
_SHAPE = re.compile(
    "|".join(f"(?P<s{number}>{shape})" for number, shape in enumerate(_SHAPES.values())).replace("(?i)", "")
)
_KEY = re.compile(
    r"(?i)(?:^|[_.-])(?:password|passwd|pwd|secret|secret[_-]?key|api[_-]?key|access[_-]?token|auth[_-]?token"
    r"|private[_-]?key)$"
)
_HARMLESS = re.compile(
    r"(?i)\s*|\*+|x+|<.*>|\$\{?.*\}?|none|null|true|false|redacted|\[redacted\]|changeme|your[-_ ].*"
)
# Only a text that holds one of these is worth the full look.
_HINTS = re.compile(
    r"-----BEGIN|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|AIza|hf_|sk-|k_live_|eyJ|AccountKey|://|--?[a-zA-Z]"
)


def shape(text: str) -> str | None:
    """What a text looks like, where it looks like a secret."""
    if not _HINTS.search(text):
        return None
    found = _SHAPE.search(text)
    return list(_SHAPES)[int((found.lastgroup or "s0")[1:])] if found else None


def secret(key: str, value: object) -> str | None:
    """Why a field looks like a secret, by its value's shape or its name; None where it does not."""
    if not isinstance(value, str):
        return None
    if _KEY.search(key) and not _HARMLESS.fullmatch(value):
        return f"the value of a field named {key!r}"
    return shape(value)


def secrets(scope: Scope) -> Iterator[Problem]:
    """Records in question hold nothing that looks like a secret."""
    for record, _kind in scope.records():
        if not scope.whole and not scope.is_new(record.path):
            continue
        for path, value in _texts(record.data):
            found = secret(str(path[-1]), value)
            if found:
                yield scope.problem(
                    record,
                    "secret.found",
                    f"looks like {found}",
                    "take it out, and revoke it if it ever left this machine",
                    at=path,
                )


def _texts(data: Any) -> Iterator[tuple[Path, str]]:
    for name, value in flatten(data).items():
        path: Path = segments(name)
        if isinstance(value, str):
            yield path, value
        elif isinstance(value, list):
            yield from _in_list(value, path)


def _in_list(values: list[Any], path: Path) -> Iterator[tuple[Path, str]]:
    for index, value in enumerate(values):
        if isinstance(value, str):
            yield (*path[:-1], path[-1], index), value
        elif isinstance(value, dict):
            yield from (((*path, index, *inner), text) for inner, text in _texts(value))
        elif isinstance(value, list):
            yield from _in_list(value, (*path, index))


def personal(scope: Scope) -> Iterator[Problem]:
    """Of a column that is personal no value stands in Git: no extremes, no frequent values, no examples."""
    for record, kind in scope.records():
        for pattern in kind.shape.sensitive:
            for at, _value in find(record.data, pattern):
                if _is_personal(record.data, at):
                    told = "holds values of a column that is personal"
                    hint = "take them out; counts and types may stay"
                    yield scope.problem(record, "personal.found", told, hint, at=at, on_key=True)


def _is_personal(data: Any, at: Path) -> bool:
    """Whether a mapping on the way to a field is classified as personal."""
    for step in at:
        if isinstance(data, dict) and data.get("classification") == PERSONAL:
            return True
        data = data[step]
    return False
