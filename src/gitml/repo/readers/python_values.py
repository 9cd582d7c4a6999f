"""Parameters written as Python: the assignments of literals in a module, as DVC finds them; nothing is run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable
from typing import Any

from gitml.repo.data.plain import Unreadable


def load_python(text: str) -> dict[str, Any]:
    """Names to literals; a class is a mapping of its own assignments and its `__init__`'s to `self`. Unreadable."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in somebody's text is no matter of ours
            tree = ast.parse(text)
        return _assigned(tree.body)
    except SyntaxError as error:
        raise Unreadable(f"not Python: {error.msg}", error.lineno) from error
    except (ValueError, MemoryError, RecursionError) as error:  # zero bytes, thousands of brackets
        raise Unreadable("not Python that can be read") from error


def _assigned(body: Iterable[ast.stmt], *, own: bool = False) -> dict[str, Any]:
    """What a body assigns; `own`: only what it assigns to `self`."""
    found: dict[str, Any] = {}
    for line in body:
        if isinstance(line, ast.ClassDef):
            found[line.name] = _assigned(line.body)
        elif isinstance(line, ast.FunctionDef) and line.name == "__init__":
            found |= _assigned(line.body, own=True)
        elif isinstance(line, ast.AnnAssign):
            _assign(found, line.target, line.value, own=own)
        elif isinstance(line, ast.Assign) and len(line.targets) == 1:
            _assign(found, line.targets[0], line.value, own=own)
    return found


def _assign(found: dict[str, Any], target: ast.expr, value: ast.expr | None, *, own: bool) -> None:
    """Note an assignment of a literal to a name; what is not one is passed over."""
    if isinstance(target, ast.Name) and not own:
        name = target.id
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        name = target.attr
    else:
        return
    if value is not None:
        try:
            found[name] = _plain(ast.literal_eval(value))
        except (ValueError, TypeError):  # no literal, or a key that cannot be one
            return


def _plain(value: Any) -> Any:
    """The value as a record may hold it: of tuples and sets a list, of bytes and complex numbers what was written."""
    if isinstance(value, dict):
        return {key if isinstance(key, str | int | float | None) else str(key): _plain(it) for key, it in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set):
        return [_plain(item) for item in sorted(value, key=repr)]
    return value if isinstance(value, str | int | float | None) else repr(value)
