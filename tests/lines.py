"""Histories of records for tests: what several people do on branches that they merge, and what must be told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import strategies as st

from histories import Commit

PATH = "metadata/aliases/model/wine/production.yaml"
REF = "alias/model/wine/production"
PEOPLE = ("ann", "bob", "cy")
Fields = Mapping[str, str]


def alias(fields: Fields) -> str:
    """An alias with tags, a line each."""
    tags = "".join(f"  {name}: {said}\n" for name, said in sorted(fields.items()))
    return f'schema: alias/1\nversion: "1"\n{"tags:" if tags else "tags: {}"}\n{tags}'


class Did(NamedTuple):
    """What a commit did to a field of a record."""

    commit: int
    field: str
    before: str | None
    after: str | None


@dataclass
class Team:
    """Commits to be written, what each has of the record, and what each did itself."""

    commits: list[Commit] = field(default_factory=list)
    states: list[dict[str, str]] = field(default_factory=list)
    did: list[Did] = field(default_factory=list)

    def add(self, parents: tuple[int, ...], state: dict[str, str], changed: Mapping[str, str | None]) -> int:
        """A commit that changes some fields of what it begins with."""
        number = len(self.commits)
        after = dict(state)
        for name, said in changed.items():
            self.did.append(Did(number, name, after.get(name), said))
            if said is None:
                after.pop(name)
            else:
                after[name] = said
        self.commits.append(Commit(parents, {PATH: alias(after)}, number * 60))
        self.states.append(after)
        return number


@st.composite
def teams(draw: st.DrawFn, *, evil: bool = False) -> Team:
    """People who each change fields of their own, and merge one another in any way; the last commit merges all.

    Whatever was merged how often, of a field the last that its owner wrote counts: so each merge has one right result.
    With `evil` merges do something themselves, too.
    """
    team = Team()
    root = team.add((), {}, {f"{who}{number}": f"{who}{number}-0" for who in PEOPLE for number in (1, 2)})
    team.did.clear()
    tips = dict.fromkeys(PEOPLE, root)
    last: dict[str, int] = {}
    for turn in range(1, draw(st.integers(2, 14))):
        who = draw(st.sampled_from(PEOPLE))
        if draw(st.booleans()):
            others = draw(st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=2, unique=True))
            _merge(draw, team, tips, last, (who, *others), turn if evil else None)
        else:
            name = f"{who}{draw(st.sampled_from([1, 2]))}"
            said = f"{who}-{turn}"
            tips[who] = team.add((tips[who],), team.states[tips[who]], {name: said})
            last[said] = turn
    _merge(draw, team, tips, last, PEOPLE, None)
    return team


def _merge(
    draw: st.DrawFn, team: Team, tips: dict[str, int], last: dict[str, int], who: tuple[str, ...], evil: int | None
) -> None:
    parents = tuple(dict.fromkeys(tips[one] for one in who))
    if len(parents) < 2:
        return
    states = [team.states[one] for one in parents]
    merged = {name: max((state[name] for state in states), key=lambda said: last.get(said, 0)) for name in states[0]}
    changed = {}
    if evil is not None and draw(st.booleans()):
        # What nobody else touches any more, so that it stays the one right result.
        name = draw(st.sampled_from(sorted(name for name in merged if name.startswith(who[0]))))
        changed[name] = f"merge-{evil}"
        last[f"merge-{evil}"] = evil
    tips[who[0]] = team.add(parents, merged, changed)
