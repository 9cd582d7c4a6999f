"""YAML of other tools, read as plain text values: what a hash looks like to a number reader never matters.

Their files may hold anchors and comments, and every scalar stays text (`1e46…` is a hash, not infinity). The C parser
recurses, and 200,000 brackets would end the process: anything that could be deep is measured first, event by event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitml.errors import Problem

if TYPE_CHECKING:
    from yaml import Mark, MarkedYAMLError, Node
    from yaml._yaml import Mark as CMark

SIZE = 64 << 20
DEPTH = 100
_LINE = 300

_OPENS = ("MappingStartEvent", "SequenceStartEvent")
_CLOSES = ("MappingEndEvent", "SequenceEndEvent")


class Unreadable(ValueError):
    """Why a file could not be read, and the line where that shows."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line

    def problem(self, reader: str, path: str) -> Problem:
        """The fault as a problem of a reader."""
        return Problem(f"read.{reader}", path, str(self), "mend the file", line=self.line)


def load(raw: bytes) -> Any:
    """The one document: mappings, lists and strings (None when empty); Unreadable."""
    import yaml

    if len(raw) > SIZE:
        raise Unreadable(f"the file is larger than {SIZE >> 20} MiB")
    try:
        _measure(raw)
        return yaml.load(raw, Loader=yaml.CBaseLoader)  # noqa: S506 - the base loader makes nothing but text
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_said(error), _line(error.problem_mark or error.context_mark)) from error
    except yaml.YAMLError as error:  # not UTF-8, or characters that YAML forbids
        raise Unreadable(f"not YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise Unreadable("nested too deep") from error


def line_of(raw: bytes, *way: str | int) -> int | None:
    """The line (from 1) of the value at the end of this way of keys and indices, or of the last part that exists."""
    return line_at(tree_of(raw), *way)


def tree_of(raw: bytes) -> Node | None:
    """A readable document as nodes, which know their lines; None where it is empty."""
    import yaml

    return yaml.compose(raw, Loader=yaml.CBaseLoader)


def line_at(node: Node | None, *way: str | int) -> int | None:
    """The same as `line_of`, of a document that is asked more than once."""
    for step in way:
        inner = _step(node, step)
        if inner is None:
            break
        node = inner
    return _line(node.start_mark) if node else None


def _step(node: Node | None, step: str | int) -> Node | None:
    import yaml

    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return next(iter(node.value[step : step + 1]), None)
    return None


def _measure(raw: bytes) -> None:
    """Raise Unreadable where the document is too deep to be read by recursion."""
    import yaml

    # Depth needs either brackets or columns: block levels start at growing columns, two to a column at most.
    if raw.count(b"[") + raw.count(b"{") < DEPTH and max(map(len, raw.split(b"\n"))) < _LINE:
        return
    depth = 0
    for event in yaml.parse(raw, Loader=yaml.CBaseLoader):
        name = type(event).__name__
        depth += (name in _OPENS) - (name in _CLOSES)
        if depth > DEPTH:
            raise Unreadable("nested too deep", _line(event.start_mark))


def _said(error: MarkedYAMLError) -> str:
    return f"not YAML: {error.problem or error.context or 'it cannot be read'}"


def _line(mark: Mark | CMark | None) -> int | None:
    return mark.line + 1 if mark else None
