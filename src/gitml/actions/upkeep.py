"""What is of no use in the cache, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitml.checks import facts, judged, survey
from gitml.repo import apart, digests, kinds, load, upkeep
from gitml.repo.index import underived
from gitml.repo.index.asked import tips
from gitml.views.lineage import kept

if TYPE_CHECKING:
    from gitml.repo.repository import Repository


def gc(repository: Repository, *, dry_run: bool = False) -> list[upkeep.Sort]:
    """Remove from the cache what nobody will ask for again; what that was, or would be. Raises DiskFailed."""
    others = (load.ASKED, facts.asked(), judged.asked(), kinds.asked(), apart.ASKED, underived.ASKED, digests.ASKED)
    deeds = (survey.asked(), kept.ASKED)
    standing = tips(repository) if upkeep.size(repository.cache) else ()
    return upkeep.gc(repository.cache, others, deeds, standing, dry_run=dry_run)
