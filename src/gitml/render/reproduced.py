"""A run that was run again: what it needed, what came of it, how it compares; as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from gitml.records.record import MISSING
from gitml.render.cells import printable, typed
from gitml.render.changed_values import signed
from gitml.render.page import PLAIN, Page, Style
from gitml.render.shapes import Shape
from gitml.render.sheet import Strip, sheet

if TYPE_CHECKING:
    from gitml.actions.again.needs import Needs
    from gitml.actions.again.reproduce import Reproduced
    from gitml.views.verification import Verification

_STYLES: Final[dict[str | None, Style]] = {"identical": "good", "within_tolerance": "good", "different": "bad"}
_SHORT: Final = 8


def needs_lines(needs: Needs) -> Iterator[str]:
    """What is needed, most important first, and how much of it is there."""
    yield f"{needs.run.ref}: {needs.completeness * 100:.0f} % of what it takes is here"
    for need in needs.needs:
        word = "ok" if need.share == 1 else "missing" if need.share == 0 else "in part"
        yield f"  {need.name:11}  {word:7}  {printable(need.told)}"


def reproduced_text(done: Reproduced, page: Page = PLAIN) -> str:
    """How the environment differs, each metric and output, the verdict, and the runs that were recorded."""
    return "".join(f"{line}\n" for line in _lines(done, page))


def _lines(done: Reproduced, page: Page) -> Iterator[str]:
    for told in done.differences:
        yield page.paint(printable(told), "warn")
    compared = done.verification
    if compared is not None:
        yield from _compared(compared, page)
    ended = "finished" if done.code == 0 else f"ended with exit code {done.code}"
    yield f"{done.ref}  reproduces {done.needs.run.ref}: {ended}"
    if done.verified and compared is not None:
        word = str(compared.verdict).replace("_", " ")
        yield f"{done.verified}  verified: {page.paint(word, _STYLES.get(compared.verdict))}"
    elif compared is not None:
        yield "nothing to compare: neither run has a metric or an output"
    if done.place is not None:
        yield f"kept in {done.place}"


def _compared(compared: Verification, page: Page) -> Iterator[str]:
    measured = compared.measured
    if measured:
        words = [(one.verdict or "not compared").replace("_", " ") for one in measured]
        styles = {row: _STYLES[one.verdict] for row, one in enumerate(measured) if one.verdict}
        strips = [
            Strip("metric", [printable(one.name) for one in measured], whole=True),
            Strip("first", [typed(one.first) for one in measured], right=True, rank=2),
            Strip("again", [typed(one.again) for one in measured], right=True, rank=2),
            Strip("delta", [signed(one.delta) if one.delta else "" for one in measured], right=True, rank=1),
            Strip("tolerance", [one.tolerance for one in measured], right=True, rank=3),
            Strip("verdict", words, whole=True, styles=styles),
        ]
        yield from sheet(strips, page).lines
    for artifact in compared.artifacts:
        now = "not written" if artifact.again is None else f"md5 {artifact.again[:_SHORT]}"
        told = "identical" if artifact.same else f"md5 {str(artifact.first)[:_SHORT]}, now {now}"
        yield f"output {printable(artifact.name)}: {page.paint(told, 'good' if artifact.same else 'warn')}"


def reproduced_shape(done: Reproduced) -> Shape:
    """What `reproduce` adds to the answer of a verb that writes."""
    return {
        "ref": done.ref,
        "reproduces": str(done.needs.run.ref),
        "exit_code": done.code,
        "completeness": done.needs.completeness,
        "needs": [{"name": one.name, "share": one.share, "told": one.told} for one in done.needs.needs],
        "differences": list(done.differences),
        "verified": done.verified,
        "verification": None if done.verification is None else _verification(done.verification),
        "place": None if done.place is None else str(done.place),
        "warnings": list(done.warnings),
    }


def _verification(compared: Verification) -> Shape:
    return {
        "verdict": compared.verdict,
        "metrics": [
            {"name": one.name, **_there(first=one.first, again=one.again), "delta": one.delta,
             "tolerance": one.tolerance, "verdict": one.verdict}
            for one in compared.measured
        ],
        "outputs": [{**one._asdict(), "same": one.same} for one in compared.artifacts],
    }  # fmt: skip


def _there(**values: Any) -> Shape:
    return {name: value for name, value in values.items() if value is not MISSING}
