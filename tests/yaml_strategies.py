"""Names, texts, values and texts of records for the property tests of the records room."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from hypothesis import strategies as st

from gitml.records.canonical import dump, inline, is_plain_text, quote, text_scalar

# What another tool may call a thing.
NAMES = (
    "wine", "o'brien", "two words", "a/b", "..", ".", ".hidden", "con", "con.txt", "CON", "aux", "nul.yaml", "lpt1",
    "a" * 64, "a" * 65, "x" * 300, "漢字", "模型" * 60, "Wine", "WINE", "café", "cafe\u0301", "Ångström", "ﬁ", "😀",
    "👨\u200d👩\u200d👧", "tab\there", "line\nend", "\x00", "\x7f", "\x85", "\u2028", "%2F", "%", "a%zz", "~", "wine~1",
    "wine~0123abcd", "trailing.", "trailing...", "data.yaml", "data.yml", "a.yaml.yaml", "01JD7H2Q0V8N4C3W9T5R6Y1KXZ",
    "01jd7h2q0v8n4c3w9t5r6y1kxz", "@", "a@b", "a:b", "C:\\x", "#1", "{name}", "[x]", "-", "--", "_x", "1", "1.0", " ",
    " lead", "trail ", "İ", "ß", "\ufeffbom", "a\u200bb", "dvc.yaml", ".git", "x.dvc", "\ud800",
)  # fmt: skip
# What a reader of YAML may take for something else.
TEXTS = (
    "", " ", "no", "y", "Y", "on", "OFF", "true", "True", "~", "null", "Null", "<<", "=", "1e-3", "1e46", "1e4", "012",
    "0o14", "0x1f", "0b1", "1:30", "190:20:30", "2026-01-01", "2026-01-01 10:00:00", "2026-01-01T10:00:00Z", "1_000",
    "+1", "-1", ".5", "5.", "-.inf", ".NaN", "+.inf", "1.0e+161_0", "685_230.15", "deadbee", "1234567", "0", "-0", "+",
    "-", "--", "---", "...", "--- x", "- x", "-x", "a: b", "a:", ":a", "::", "a::b", "a #b", "a#b", "#", "#a", "a # b",
    "[a", "{a", "]", "a]", ",", "&a", "*a", "!t", "%x", "@a", "`x", "|", ">", "|-", "? x", "?", "'q", '"q"', "\\",
    "\\n", "a\\", "a ", " a", "\ta", "a\tb", "a\nb", "a\nb\n", "a\n\nb\n\n", "\n", "\n\n", "\na", " a\nb", "a \nb",
    "a\n b", "a\n\tb", "# a\nb\n", "a\n# c\nb", "a\n---\nb", "a\rb", "a\r\nb", "\x85", "a\u2028b", "\u2029", "\ufeff",
    "a\ufeff", "\x00", "\x07", "\x7f", "\xa0", "\xad", "é", "漢字", "😀", "\ue000", "\ufffe", "\uffff", "\U0010ffff",
    "\U000e0001", "a\u200bb", "\u0661\u0662", "\U0001342f", "x" * 2000, "key: |\n  x\n", "1,5", "yes no",
)  # fmt: skip
INTEGERS = (0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1)
FLOATS = (0.0, -0.0, 0.1, 1e-5, 1e16, 1e22, 5e-324, 1.7976931348623157e308, 123456789012345680.0, math.inf, -math.inf, math.nan)  # fmt: skip  # noqa: E501

characters = st.characters(blacklist_categories=["Cs"])
texts = st.one_of(
    st.sampled_from(TEXTS),
    st.text(characters, max_size=12),
    st.text("ab01e-+.:_#|\n \"'\\\t~x", max_size=9),
    st.lists(st.sampled_from(TEXTS), min_size=2, max_size=3).map("\n".join),
)
names = st.one_of(st.sampled_from(NAMES), st.text(characters, min_size=1, max_size=20)).filter(bool)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from(INTEGERS),
    st.floats(),
    st.sampled_from(FLOATS),
    texts,
)
keys = texts.filter(lambda text: len(quote(text)) <= 1000)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)
records = st.dictionaries(keys, values, max_size=5)

_BITS = (
    "\n", "\n\n", " ", "  ", "\t", "#", "# c", "# c\n", "\n# c\n", "  # c", "- ", "-", "|", "|+", "|-", ":", ": ", "'",
    '"', "\\", "{}", "[]", "{", "}", "[", "]", ",", "&a ", "*a", "!t ", "? ", "---\n", "...\n", "%YAML 1.1\n", "\r\n",
    "\r", "\x85", "\u2028", "\ufeff", "\x00", "é", "\x7f", "~", "null", "1", "a: 1\n", "a:\n", "  b: 2\n", "- x\n",
    "<<: ", "=", "1e5", "0x1f", ".inf", "\\U0001f600", "\\u0041", "\\x41", "\\/", "1_0", "12345678901234567890", "é: ",
    "|\n  x\n", "|\n  # x\n", "|2\n  x\n", "> \n x\n", "\xa0", "a: |\n  x\n # c\n  y\n", "\n \n", "\n  \n",
)  # fmt: skip


@st.composite
def mutants(draw: st.DrawFn) -> str:
    """A canonical text with a few things done to it."""
    text = dump(draw(records)).decode()
    random = draw(st.randoms(use_true_random=False))
    for _ in range(random.randint(0, 4)):
        text = _mutated(text, random)
    return text


def _mutated(text: str, random: Random) -> str:
    at = random.randint(0, len(text))
    stop = min(len(text), at + random.randint(0, 5))
    lines = text.split("\n")
    line = random.randrange(len(lines))
    match random.randint(0, 6):
        case 0 | 1:
            return text[:at] + random.choice(_BITS) + text[at:]
        case 2:
            return text[:at] + text[stop:]
        case 3:
            other = random.randint(0, len(text))
            return text[:other] + text[at:stop] + text[other:]
        case 4:
            lines.insert(random.randrange(len(lines) + 1), lines[line])
        case 5:
            lines[line] = " " * random.randint(0, 4) + lines[line]
        case _:
            del lines[line]
    return "\n".join(lines)


# ── records as people lay them out ────────────────────────────────────────────────────────────────────────────────

_WORDS = (
    "wine", "a b", "0.91", "yes", "x: y", "1e-3", "#no", "it's", "multi\nline", "multi\nline\n", "one\n\ntwo\n",
    "kept\n\n", "é 😀", "", "-", "trailing ", '"q"', "2026-01-01", "a # b", "C:\\x", 1, -5, 0.5, 1e-5, math.inf, None,
    True, False,
)  # fmt: skip
_KEYS = ("alpha", "beta", "gamma", "delta", "a b", "no", "k.x", "é", "1", "x#y", "schema", "name")


class Layout:
    """Writes YAML as a careless person would: any indentation, quotes and braces, comments (numbered) everywhere."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.often = random.choice([0.0, 0.15, 0.4])
        self.lines: list[str] = []
        self.comments = 0

    def value(self, depth: int = 0) -> Any:
        """Anything that may stand in a record."""
        choice = self.random.random()
        if depth < 3 and choice < 0.25:
            return {key: self.value(depth + 1) for key in self.keys(0)}
        if depth < 3 and choice < 0.4:
            return [self.value(depth + 1) for _ in range(self.random.randint(0, 3))]
        return self.random.choice(_WORDS)

    def record(self) -> dict[str, Any]:
        """A mapping that is not empty."""
        return {key: self.value() for key in self.keys(1)}

    def keys(self, least: int) -> list[str]:
        """A few different keys."""
        return self.random.sample(_KEYS, self.random.randint(least, 4))

    def text(self, data: dict[str, Any]) -> str:
        """The data, written."""
        self.lines = ["---"] if self.chance(0.1) else []
        self.mapping(data, 0)
        if self.chance(self.often):
            self.lines.append(self.comment())
        text = "\n".join(self.lines) + ("" if self.chance(0.15) else "\n")
        return text.replace("\n", "\r\n") if self.chance(0.1) else text

    def chance(self, often: float) -> bool:
        """Whether it happens this time."""
        return self.random.random() < often

    def comment(self) -> str:
        """A comment that is found again."""
        self.comments += 1
        return f"# c{self.comments}c" + self.random.choice(["", " : 'x' #y"])

    def beside(self) -> str:
        """A comment at a line's end, or none."""
        return self.random.choice(["  ", " "]) + self.comment() if self.chance(self.often) else ""

    def mapping(self, data: dict[str, Any], indent: int) -> None:
        """A block mapping."""
        step = self.random.choice([2, 2, 2, 3, 4])
        for key, value in data.items():
            if self.chance(self.often):
                self.lines.append(" " * self.random.choice([indent, indent, 0]) + self.comment())
            if self.chance(self.often):
                self.lines.append(self.random.choice(["", " "]))
            name = quote(key) if self.chance(0.3) else text_scalar(key)
            self.entry(" " * indent + name + self.random.choice(["", "", " "]) + ":", value, indent, step)

    def entry(self, head: str, value: Any, indent: int, step: int) -> None:
        """What follows a key or a dash."""
        block = self.chance(0.8)
        if isinstance(value, dict) and value and block:
            self.lines.append(head + self.beside())
            self.mapping(value, indent + step)
        elif isinstance(value, list) and value and block:
            self.lines.append(head + self.beside())
            self.items(value, indent + (2 if head.endswith("-") else self.random.choice([0, 2])))
        elif isinstance(value, dict | list):
            braces = flow(value).replace(", ", ",\n" + " " * (indent + 4) if self.chance(0.3) else ", ")
            self.lines += f"{head} {braces}{self.beside()}".split("\n")
        elif isinstance(value, str):
            self.lines += self.words(head, value, " " * (indent + step))
        else:
            plain = "" if value is None and self.chance(0.5) else inline(value)
            self.lines.append(f"{head} {plain}".rstrip() + self.beside())

    def words(self, head: str, value: str, margin: str) -> list[str]:
        """A text: literal, folded over two lines, plain or in quotes of either sort."""
        body = value.rstrip("\n")
        if body != value and " \n" not in value and self.chance(0.6):
            ends = len(value) - len(body)
            lines = [margin + line if line else "" for line in body.split("\n")]
            return [f"{head} {'|' if ends == 1 else '|+'}{self.beside()}", *lines, *[""] * (ends - 1)]
        if "\n" in value:
            return [f"{head} {quote(value)}{self.beside()}"]
        first, space, rest = value.partition(" ")
        if space and is_plain_text(value) and ":" not in value and "#" not in value and self.chance(0.3):
            return [f"{head} {first}", margin + rest + self.beside()]
        written = self.random.choice([quote(value), "'" + value.replace("'", "''") + "'", text_scalar(value)])
        return [f"{head}{self.random.choice([' ', '   '])}{written}{self.beside()}"]

    def items(self, values: list[Any], indent: int) -> None:
        """A block list."""
        for value in values:
            if self.chance(self.often):
                self.lines.append(" " * indent + self.comment())
            start = len(self.lines)
            if isinstance(value, dict) and value and self.chance(0.8):
                self.mapping(value, indent + 2)
                first = self.lines[start].lstrip()
                if first and not first.startswith("#"):
                    self.lines[start] = " " * indent + "- " + self.lines[start][indent + 2 :]
                else:
                    self.lines.insert(start, " " * indent + "-")
            else:
                self.entry(" " * indent + "-", value, indent, 2)


def flow(value: Any) -> str:
    """A value in braces and brackets."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quote(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return quote(value) if isinstance(value, str) else inline(value)


layouts = st.randoms(use_true_random=False).map(Layout)
