"""What can be told of the local Airflow without starting one; tests/e2e starts it."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from simgate.core.errors import SimgateError
from simgate_airflow.local import standalone
from simgate_airflow.local.standalone import find, start


def test_nothing_runs_in_a_folder_that_nobody_started_an_airflow_in(tmp_path: Path) -> None:
    assert find(tmp_path / "home") is None


def test_a_left_over_number_that_is_somebody_elses_process_is_neither_found_nor_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
    with subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True) as stranger:
        assert stranger.stdout.readline() == "up\n"
        state = {"home": str(tmp_path), "url": "http://127.0.0.1:1", "pid": stranger.pid, "accounts": {}}
        (tmp_path / "standalone.json").write_text(json.dumps(state))
        assert find(tmp_path) is None
        standalone.LocalAirflow(tmp_path, "http://127.0.0.1:1", stranger.pid, {}).stop()
        assert stranger.poll() is None
        stranger.kill()


def test_an_airflow_that_cannot_start_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    broken = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nowhere/at/all.db"}
    monkeypatch.setattr(standalone, "START_TIMEOUT_S", 60.0)
    with pytest.raises(SimgateError, match=r"did not start(.|\n)*unable to open database file"):
        start(home, dags=tmp_path, plugins=tmp_path, environment=broken, port=0)
    assert find(home) is None
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "passwords.json").stat().st_mode) == 0o600


def test_a_busy_port_is_left_to_its_owner() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert standalone._free_port(taken.getsockname()[1]) != taken.getsockname()[1]
