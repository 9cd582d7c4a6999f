"""The three-way merge of records: what they say field by field, and a text in which untouched lines stay as they are.

A conflict stands in the text in git's markers, around the smallest field; everything else is merged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gitml.records.edit import edit, graft
from gitml.records.finite import finite
from gitml.records.merging.carried import carried
from gitml.records.merging.conflict import MARKER, Labels, Span, marked
from gitml.records.merging.rules import PLAIN, REPLACE, Rules
from gitml.records.merging.values import Clash, Place, Values, by_key, concrete, merge_values
from gitml.records.nodes import Node, tree
from gitml.records.reader import read
from gitml.records.record import MISSING, Path, same

Lines = Callable[[bytes, bytes, bytes], bytes | None]
"""Git's merge by lines, of base, ours and theirs; None where it has a conflict."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The bytes that a merge comes to, and the fields in conflict; `whole` where it is the file as such.

    `kept` names curated fields that one side removed and the other changed: they stay.
    """

    content: bytes
    clashes: tuple[Clash, ...] = ()
    whole: bool = False
    kept: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing is in conflict."""
        return not self.clashes and not self.whole


class Unmergeable(Exception):
    """A version that is no readable record, or is of another major: git's merge by lines is to decide."""


def merge(
    base: bytes, ours: bytes, theirs: bytes, lines: Lines,
    *, rules: Rules = PLAIN, labels: Labels | None = None, size: int = MARKER,
) -> Merged:  # fmt: skip
    """Merge three versions of a file; raises Unmergeable.

    With an unchanged side it is the other, byte for byte. Without a base (both sides added the file) nothing is
    blended: the file as a whole is in conflict. `lines` merges texts of several lines, `size` is the markers' length.
    """
    if theirs in (ours, base):
        return Merged(ours)
    if ours == base:
        return Merged(theirs)
    labels = labels or Labels()
    if not base.strip():
        return Merged(_whole(ours, theirs, labels, size), whole=True)
    before, one, two = _alike(base, ours, theirs)
    was, mine, other = _data(before, one, two, exact=rules.grafts)
    values = merge_values(was, mine, other, rules, _texts(lines))
    text = _text(before, one, two, values, rules, lines)
    if not values.clashes:
        return Merged(text, kept=values.kept)
    return Merged(_in_conflict(text, two, values, rules, labels, size), values.clashes, kept=values.kept)


def _whole(ours: bytes, theirs: bytes, labels: Labels, size: int) -> bytes:
    one, two = (side.decode("utf-8", "surrogateescape") for side in (ours, theirs))
    spans = [(0, len(side)) for side in (one, two)]
    return marked(one, two, labels, size, spans=([spans[0]], [spans[1]])).encode("utf-8", "surrogateescape")


def _alike(*versions: bytes) -> Iterator[bytes]:
    """The versions with one kind of line ends: with CRLF on some of them git would see a change in every line."""
    mixed = any(b"\r\n" not in raw for raw in versions if b"\n" in raw)
    return (raw.replace(b"\r\n", b"\n") if mixed else raw for raw in versions)


def _data(*versions: bytes, exact: bool) -> Iterator[dict[str, Any]]:
    found = [read(raw).data for raw in versions]
    if len({str(data.get("schema")) if data else None for data in found[1:]}) > 1:
        raise Unmergeable
    for data in found:
        # To DVC a digest like 1e46… is a text, to YAML infinity: two of them would be the same.
        if data is None or (exact and not finite(data)):
            raise Unmergeable
        yield data


def _texts(lines: Lines) -> Callable[[str, str, str], str | None]:
    def merged(base: str, ours: str, theirs: str) -> str | None:
        found = lines(base.encode(), ours.encode(), theirs.encode())
        return None if found is None else found.decode()

    return merged


def _text(base: bytes, ours: bytes, theirs: bytes, values: Values, rules: Rules, lines: Lines) -> bytes:
    """A text of the merged values, ours in the places of conflict: git's own where it says the same, else an edit."""
    found = None if values.clashes else lines(base, ours, theirs)
    if found is not None and same(read(found).data, values.ours):
        return found
    text = _reshaped(ours, values.ours, theirs, rules)
    noted = carried(text.decode(), base.decode(), ours.decode(), theirs.decode()).encode()
    return noted if same(read(noted).data, values.ours) else text


def _reshaped(raw: bytes, wanted: dict[str, Any], source: bytes, rules: Rules) -> bytes:
    """A text that says what is wanted; lines of the source are taken over where they say it, and the rules allow it."""
    held = read(source).data or {}
    for path, value in _changes(read(raw).data or {}, wanted, rules):
        if rules.grafts and value is not MISSING and same(_at(held, path), value):
            raw = graft(raw, path, source, rules.order)
        else:
            raw = edit(raw, {path: value}, rules.order)
    return raw


def _changes(old: Any, new: Any, rules: Rules, path: Path = (), at: tuple[str, ...] = ()) -> Iterator[tuple[Path, Any]]:
    """The smallest changes that lead from one value to another; new keys come before those that go."""
    if same(old, new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and (not path or (old and new and rules.rule(at) != REPLACE)):
        for key, value in new.items():
            yield from _changes(old.get(key, MISSING), value, rules, (*path, key), (*at, key))
        yield from (((*path, key), MISSING) for key in old if key not in new)
        return
    key = rules.list_key(at) if isinstance(old, list) and isinstance(new, list) else None
    one, two = (by_key(side, key) if key else None for side in (old, new))
    if one and two and list(one) == list(two):
        for number, name in enumerate(one):
            yield from _changes(one[name], two[name], rules, (*path, number), (*at, "[]"))
        return
    yield path, new


def _at(data: Any, path: Path) -> Any:
    for step in path:
        inside = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if not inside and not (isinstance(data, dict) and step in data):
            return MISSING
        data = data[step]
    return data


def _in_conflict(text: bytes, source: bytes, values: Values, rules: Rules, labels: Labels, size: int) -> bytes:
    """The text with markers around the fields in conflict, each as a whole."""
    other = _reshaped(text, values.theirs, source, rules)
    places = [clash.place for clash in values.clashes]
    spans = tuple(list(_spans(raw, places)) for raw in (text, other))
    return marked(text.decode(), other.decode(), labels, size, spans=(spans[0], spans[1])).encode()


def _spans(raw: bytes, places: Iterable[Place]) -> Iterator[Span]:
    """The lines of fields in a text, from 0; those that it does not have are left out."""
    text, root = raw.decode(), tree(raw)
    for place in places:
        path = concrete(root.value, place)
        if path is None:
            continue
        name, value = _nodes(root, path)
        end = max(name.end, len(text[: value.content_end].rstrip()))
        yield text.count("\n", 0, name.start), text.count("\n", 0, end) + 1


def _nodes(root: Node, path: Path) -> tuple[Node, Node]:
    """The node that names a field, and its value."""
    name = value = root
    for step in path:
        if isinstance(step, int):
            name = value = value.items[step]
        else:
            name, value = next(entry for entry in value.entries if entry[0].value == step)
    return name, value
