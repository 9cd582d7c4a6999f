"""Which refs carry lineage, and which way: the one table that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# What the ref names comes before the record that holds it: dataset/wine@2 -> run/wine/01JD…
BEFORE: Final = "before"
# What the ref names comes after it: run/wine/01JD… -> model/wine@3.
AFTER: Final = "after"
# A relation, and no lineage: nothing is made from a policy.
BESIDE: Final = "beside"

# A role that stands nowhere here, of a schema that somebody adds, is one of those that come before.
FLOWS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *("input", "derived_from", "trained_on", "features", "uses", "resumes", "interface"),
            *("produced_by", "instance_of", "runs_in", "deploys", "evaluates", "observes", "points_to"),
        ),
        BEFORE,
    ),
    **dict.fromkeys(("output", "executes", "analysed_by", "registered_as", "serves", "impacts"), AFTER),
    **dict.fromkeys(
        (
            # who says or allows something
            *("approved_by", "approves", "governed_by", "governs", "rests_on", "about", "defined_by"),
            # one thing and another of its sort
            *("compared_with", "narrower_than", "related", "replaces", "replaced_by", "replies_to", "reproduces"),
            # a whole and its parts; what the stage itself says already
            *("part_of", "has_part", "contains", "made_by", "chosen"),
            # what happened, and what was done about it
            *("answered_by", "answers", "caused_by", "changes", "concerns", "detected_by", "triggered_by"),
            "falls_back_to",
        ),
        BESIDE,
    ),
}
# A rollout has its role for the version that goes from the field for the version that comes.
_NOT_HERE: Final = frozenset([("rollout", "replaces")])

CODE: Final = "code"
POINTER: Final = "pointer"
INPUT: Final = "input"
OUTPUT: Final = "output"
VERSION_OF: Final = "version_of"
REF: Final = "ref"
"""The role of a ref whose schema gives it none."""

# How a thing was made rather than of what: shown on request.
HOW: Final = frozenset([CODE, "runs_in"])


def flow(kind: str, field: str, role: str) -> str:
    """Whether what a ref names comes before the record, after it, or is no part of its lineage."""
    return BESIDE if (kind, field) in _NOT_HERE else FLOWS.get(role, BEFORE)
