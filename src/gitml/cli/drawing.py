"""Graphviz, where it is installed: DOT to SVG."""

from __future__ import annotations

import shutil
import subprocess

from gitml.errors import GitmlError, NotFound


def svg(dot: str) -> str:
    """A drawing as SVG; raises NotFound where Graphviz is not installed, GitmlError where it fails."""
    program = shutil.which("dot")
    if program is None:
        raise NotFound("--format svg needs Graphviz", hint="install it, or take --format mermaid or --format dot")
    done = subprocess.run([program, "-Tsvg"], input=dot.encode(), capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise GitmlError(f"Graphviz failed: {told[0] if told else 'it gave no reason'}", hint="take --format dot")
    return done.stdout.decode("utf-8", "replace")
