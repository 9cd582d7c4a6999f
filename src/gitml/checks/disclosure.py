"""Disclosure: what must not get into Git, since it cannot be taken out again."""

from __future__ import annotations

from collections.abc import Iterator

from gitml.checks.scope import Scope
from gitml.checks.secrets import personal_in, secrets_in
from gitml.errors import Problem


def secrets(scope: Scope) -> Iterator[Problem]:
    """Records in question hold nothing that looks like a secret."""
    for record, _kind in scope.suspects():
        if not scope.counts_old and not scope.is_new(record.path):
            continue
        for at, found in secrets_in(record.data):
            hint = "take it out, and revoke it if it ever left this machine"
            yield scope.problem(record, "secret.found", f"looks like {found}", hint, at=at)


def personal(scope: Scope) -> Iterator[Problem]:
    """Of a column that is personal no value stands in Git: no extremes, no frequent values, no examples."""
    for record, kind in scope.suspects():
        for at in personal_in(record.data, kind.shape.sensitive):
            told = "holds values of a column that is personal"
            hint = "take them out; counts and types may stay"
            yield scope.problem(record, "personal.found", told, hint, at=at, on_key=True)
