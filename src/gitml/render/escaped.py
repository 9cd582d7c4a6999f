"""Text of strangers in Markdown: shown as it is, whatever it holds. It formats nothing, links nowhere, calls nobody."""

from __future__ import annotations

import re
from typing import Final

from gitml.render.cells import printable
from gitml.render.sheet import shortened

LONGEST: Final = 120
# Inside backticks only these mean something, to Markdown or to its tables.
_SPECIAL: Final = re.compile(r"[`|\\]|^\s|\s$")
_ODD: Final = re.compile(r"[^A-Za-z0-9 .,:;]")
# Plain enough to stand without backticks: no `@name` that calls somebody, no number or hash that becomes a link.
_WORD: Final = re.compile(r"[A-Za-z]+(?:[_-][A-Za-z]+)*[0-9]{0,4}(?:@[0-9]{1,6})?")
_HASH: Final = re.compile(r"[0-9a-f]{7,}")


def code(text: str, longest: int = LONGEST) -> str:
    """A text as code, on one line; no mention, link or tag inside works, and no table breaks."""
    shown = shortened(printable(text), longest)
    if not shown:
        return ""
    return f"<code>{entities(shown)}</code>" if _SPECIAL.search(shown) else f"`{shown}`"


def word(text: str) -> str:
    """A name in running text: plain where nothing can be read into it, else as code."""
    return text if _WORD.fullmatch(text) and not _HASH.fullmatch(text) else code(text)


def entities(text: str) -> str:
    """A text with everything written as the number of its letter that could mean something."""
    return _ODD.sub(lambda found: f"&#{ord(found[0])};", text)
