"""Records that lie where no kind keeps any: they are in no table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.records.template import OWN_FOLDER
from gitml.repo.git.trees import FOLDER
from gitml.repo.index.belonging import kind_at

if TYPE_CHECKING:
    from gitml.repo.snapshot import Snapshot


def strays(snapshot: Snapshot) -> list[str]:
    """Their paths; what lies in the folder of a kind is that kind's, in its right place or not."""
    tree = snapshot.tree
    own = (snapshot.prefix + OWN_FOLDER).rstrip("/")
    taken = snapshot.schemas.folders()
    found = set(filter(tree.__contains__, [own]))
    for name, entry in tree.within(own).items():
        if entry.mode != FOLDER:
            found.add(f"{own}/{name}")
        elif name not in taken:
            found.update(tree.listed(f"{own}/{name}"))
    found.update(path for path in tree.changes if path == own or path.startswith(f"{own}/"))
    return [
        path for path in found if path in tree and snapshot.is_record_path(path) and kind_at(snapshot, path) is None
    ]
