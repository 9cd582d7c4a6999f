r"""Templates: `${a.b[0]}` is looked up in a scope and put in; `\${` stays as it is.

What DVC does is done here, oddities included: a text that is one template becomes the value itself with its type,
inside a longer text a boolean is `true`, and a mapping is unfolded into options, in `cmd` only (`--lr 0.1 --net.n 3`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitml.repo.readers.dvc.scope import Leaf, Node, Scope, Unresolved, plain, weight

STEPS = 2_000_000
"""What the templates of one file may cost: values looked at, and characters written by the hundred."""

# One that is not closed in its line is found too, so that a line of nothing but `${` takes no more than its length.
_FOUND = re.compile(r"(?<!\\)\$\{([^}\n]*)(\}?)")
_WORD = r"[^.\[\]]+"
_EXPRESSION = re.compile(rf"{_WORD}(?:\.{_WORD}|\[{_WORD}\]\s*)*")
_COMMAND = "cmd"
_LETTERS = 100


@dataclass(slots=True)
class Work:
    """What the templates of one file share: how mappings become options, and how much may still be done.

    `options`: what DVC's configuration says under `[parsing]` (`bool`, `list`); asked for once, where it matters.
    """

    options: Callable[[], Mapping[str, str]] = dict
    left: int = STEPS
    _options: Mapping[str, str] | None = None

    def option(self, name: str) -> str | None:
        """One setting of how mappings become options."""
        if self._options is None:
            self._options = self.options()
        return self._options.get(name)

    def spend(self, steps: int) -> None:
        """Count work; Unresolved where it is too much."""
        self.left -= steps
        if self.left < 0:
            raise Unresolved("the templates of this file unfold into too much")


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills templates from one scope."""

    scope: Scope
    work: Work

    def values(self, value: Any, key: str | None = None) -> Any:
        """A value with all templates in it filled, in keys too; `key` is the field of the stage. Unresolved."""
        return self._each(value, lambda text: self.text(text, key))

    def nodes(self, value: Any) -> Any:
        """The same, but a text that is one template becomes the node that it names."""
        return self._each(value, lambda text: self._whole(text) or self.text(text, None))

    def text(self, text: str, key: str | None = None) -> Any:
        """One text: the value where it is one template and no more, else a text."""
        if "${" not in text:
            return text
        whole = self._whole(text)
        if whole is not None:
            return _allowed(plain(whole), key)
        parts: list[str] = []
        at = 0
        for found in _found(text):
            said = self.said(_allowed(plain(self._find(found[1])), key))
            self.work.spend(1 + len(said) // _LETTERS)
            parts += [text[at : found.start()], said]
            at = found.end()
        return "".join([*parts, text[at:]]).replace(r"\${", "${")

    def said(self, value: Any) -> str:
        """A value as it stands inside a text."""
        if isinstance(value, dict):
            return "".join(self._option(name, inner) for name, inner in _flat(value, ())).rstrip()
        return told(value)

    def _each(self, value: Any, fill: Callable[[str], Any]) -> Any:
        self.work.spend(1)
        if isinstance(value, str):
            return fill(value)
        if isinstance(value, Mapping):
            return {_key(self._each(name, fill)): self._each(inner, fill) for name, inner in value.items()}
        return [self._each(inner, fill) for inner in value] if isinstance(value, list) else value

    def _whole(self, text: str) -> Node | None:
        found = _FOUND.match(text)
        return self._find(found[1]) if found and found[2] and found.end() == len(text) else None

    def _find(self, expression: str) -> Node:
        if not _EXPRESSION.fullmatch(expression):
            raise Unresolved(f"${{{expression}}} is no name of a var")
        found = self.scope.find(expression)
        self.work.spend(weight(found))
        return found

    def _option(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            no = f"--no-{name} " if self.work.option("bool") == "boolean_optional" else ""
            return f"--{name} " if value else no
        if not isinstance(value, list):
            return f"--{name} {shlex.quote(value) if isinstance(value, str) else value} "
        if any(isinstance(inner, list | dict) for inner in value):
            raise Unresolved(f"{name} is a list of lists or mappings, which cannot stand in a command")
        words = [shlex.quote(inner) if isinstance(inner, str) else str(inner) for inner in value]
        if self.work.option("list") == "append":
            return "".join(f"--{name} {word} " for word in words)
        return f"--{name} {' '.join(words)} " if words else ""


def told(value: Any) -> str:
    """A value as text: `true` for a boolean, but `True` for one that comes from a var as a list's item."""
    if isinstance(value, Leaf):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def is_templated(value: Any) -> bool:
    """Whether a template stands anywhere in a value."""
    if isinstance(value, str):
        return "${" in value and any(_found(value))
    if isinstance(value, Mapping):
        return any(is_templated(name) or is_templated(inner) for name, inner in value.items())
    return isinstance(value, list) and any(map(is_templated, value))


def _found(text: str) -> Iterator[re.Match[str]]:
    return (found for found in _FOUND.finditer(text) if found[2])


def _allowed(value: Any, key: str | None) -> Any:
    """Collections stand in a command only, and there only mappings."""
    if key is None or not isinstance(value, list | dict) or (key == _COMMAND and isinstance(value, dict)):
        return value
    raise Unresolved(f"a {'list' if isinstance(value, list) else 'mapping'} cannot stand in {key}")


def _key(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    raise Unresolved("a list, a mapping or a var's value cannot be a key here")


def _flat(value: dict[str, Any], way: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The innermost values of nested mappings, by dotted name; empty mappings have none."""
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, (*way, name))
        else:
            yield ".".join((*way, name)), inner
