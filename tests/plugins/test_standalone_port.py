"""The local Airflow's start, where another program takes its port first."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from simgate_airflow.local import standalone

HEALTH = {name: {"status": "healthy"} for name in ("scheduler", "triggerer", "dag_processor")}
SMALL_AIRFLOW = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(sys.argv[2].encode())
HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(HEALTH).encode())

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[int]:
    """Another Airflow, healthy; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_an_airflow_that_another_was_faster_than_is_started_again_on_a_port_of_its_own(
    other: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = iter([other])
    free_port = standalone._free_port
    monkeypatch.setattr(standalone, "_free_port", lambda wanted: next(ports, None) or free_port(wanted))

    def launch(home: Path, url: str, *_more: object) -> tuple[standalone.LocalAirflow, subprocess.Popen[bytes]]:
        words = [sys.executable, "-c", SMALL_AIRFLOW, url.rpartition(":")[2], json.dumps(HEALTH)]
        process = subprocess.Popen(
            words, env={"AIRFLOW_HOME": str(home)}, start_new_session=True, stderr=subprocess.DEVNULL
        )
        return standalone.LocalAirflow(home, url, process.pid, {}, process), process

    monkeypatch.setattr(standalone, "_launch", launch)
    said: list[str] = []
    airflow = standalone.start(
        tmp_path / "home", dags=tmp_path, plugins=tmp_path, environment={}, port=other, progress=said.append
    )
    try:
        assert airflow.url != f"http://127.0.0.1:{other}"
        assert f"another program took http://127.0.0.1:{other}" in said
        assert said[-1] == f"Airflow is up at {airflow.url}"
    finally:
        airflow.stop()


def test_a_supervisor_that_shows_no_environment_yet_is_stopped_by_whoever_started_it(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "60"], env={}, start_new_session=True)
    standalone.LocalAirflow(tmp_path, "http://127.0.0.1:1", process.pid, {}, process).stop()
    assert process.returncode is not None
