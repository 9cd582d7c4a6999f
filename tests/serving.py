"""MLflow's server over a store as a real process, and its REST API as clients in other languages call it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from gitrepo import environment

PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server has answered: the status, and the JSON, or the text where it is none."""

    status: int
    said: Any
    seconds: float


@dataclass
class Server:
    """A server that listens at a port of this machine."""

    port: int
    log: Path

    @property
    def uri(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def get(self, route: str, **query: Any) -> Any:
        """What a route gives; an answer that is no success is a fault."""
        return self._well(self.ask("GET", f"/api/2.0/mlflow/{route}?{urlencode(query, doseq=True)}"))

    def post(self, route: str, **body: Any) -> Any:
        """What a route gives for a body."""
        return self._well(self.ask("POST", f"/api/2.0/mlflow/{route}", body))

    def send(self, method: str, route: str, **body: Any) -> Any:
        """What a route gives for a body that another method carries: PATCH, DELETE."""
        return self._well(self.ask(method, f"/api/2.0/mlflow/{route}", body))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """What it answers."""
        began = time.monotonic()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        try:
            said = json.loads(content)
        except ValueError:
            said = content
        return Answer(response.status, said, time.monotonic() - began)

    def _well(self, answer: Answer) -> Any:
        assert answer.status == 200, answer
        return answer.said


@contextmanager
def serving(repo: Path, query: str, folder: Path, workers: int = 1) -> Iterator[Server]:
    """`mlflow server` over a repository, until the block ends; SIGTERM ends it, as in a container."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(port, folder / "server.log")
    command = [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"gitml://{repo}{query}",
        "--artifacts-destination", str(repo / "artifacts"), "--port", str(port), "--workers", str(workers),
    ]  # fmt: skip
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "PYTHONPATH": os.pathsep.join(sys.path)}
    with server.log.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(quiet), stdout=log, stderr=log, start_new_session=True
        )
        try:
            _await(server, process)
            yield server
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)


def _await(server: Server, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if server.ask("GET", "/health").status == 200:
                return
        except OSError:
            time.sleep(0.1)
        assert process.poll() is None, server.log.read_text()
    raise AssertionError(f"the server did not listen: {server.log.read_text()}")
