"""`python -m gitml`: the command line by the Python that has it, for hooks where git-ml is not on the PATH."""

from __future__ import annotations

import sys

from gitml.cli import main

if __name__ == "__main__":
    sys.exit(main())
