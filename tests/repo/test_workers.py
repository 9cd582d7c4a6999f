"""Processes of our own: what they give, and that none outlives who began it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SECONDS = 60
DEEDS = """
import threading

def hold(place, share):
    held = open(place, "w") if share else None
    if held:
        print("here", file=held, flush=True)
    threading.Event().wait()
"""
PARENT = """
import sys
sys.path.insert(0, sys.argv[1])
import deeds
from gitml.repo.workers import spread
spread(deeds.hold, sys.argv[2], [0, 1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are POSIX's")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_share_ends_with_the_process_that_began_it(tmp_path: Path, how: signal.Signals) -> None:
    (tmp_path / "deeds.py").write_text(DEEDS)
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    pipe = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), str(alive)])
    try:
        assert select.select([pipe], [], [], SECONDS)[0], "the share has not begun"
        assert os.read(pipe, 99) == b"here\n"
        parent.send_signal(how)
        # Nobody holds the other end any more: the share is gone.
        assert select.select([pipe], [], [], SECONDS)[0], "the share lives on"
        assert os.read(pipe, 99) == b""
    finally:
        parent.kill()
        parent.wait()
        os.close(pipe)
