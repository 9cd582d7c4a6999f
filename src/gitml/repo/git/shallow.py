"""Where a shallow clone has cut history off."""

from __future__ import annotations

from gitml.errors import GitFailed
from gitml.repo.git.command import Command


def boundary(command: Command) -> frozenset[str]:
    """The commits whose parents this clone lacks; git takes them for the first ones."""
    try:
        return frozenset((command.common_dir / "shallow").read_text("ascii").split())
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        raise GitFailed(f"{command.common_dir / 'shallow'} cannot be read: {error}") from error
