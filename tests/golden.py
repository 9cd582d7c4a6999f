"""Golden files: what a command says is compared with what it said when somebody last read it.

`GITML_GOLDEN=write pytest tests/doors` writes them anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent / "doors" / "golden"


def golden(name: str, text: str) -> None:
    """Compare a text with its golden file."""
    file = FOLDER / name
    if os.environ.get("GITML_GOLDEN") == "write":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode(), f"{file} differs"
