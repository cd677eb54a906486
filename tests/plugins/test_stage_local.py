from __future__ import annotations

import sys
from inspect import unwrap
from pathlib import Path
from typing import cast

import pytest
from airflow.sdk import Context

from simgate_airflow.place.stage_local import LocalProcess, readable
from tests.plugins.wire import Wire

CONTEXT = cast("Context", {"params": {}})
SPY = """#!{python}
import json, os, pathlib, sys
pathlib.Path({out!r}).write_text(json.dumps([sys.argv[1:], dict(os.environ), os.getpgid(0) == os.getpid()]))
sys.exit(7)
"""


@pytest.fixture
def spy(tmp_path: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter that writes down how it was called."""
    script, out = tmp_path / "python", tmp_path / "called.json"
    script.write_text(SPY.format(python=sys.executable, out=str(out)))
    script.chmod(0o755)
    wire({"SIMGATE_PYTHON": str(script), "SIMGATE_STORE": str(tmp_path / "store")})
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("SIMGATE_PROMOTER_PASSWORD_FILE", "secret")
    return out


def test_a_stage_is_a_process_group_of_its_own_with_an_allow_listed_environment(spy: Path, tmp_path: Path) -> None:
    import json

    process = LocalProcess(task_id="index")
    process.stage, process.job_uris = "index", ("a.json", "b.json")
    unwrap(LocalProcess.execute)(process, CONTEXT)
    words, environment, leads = json.loads(spy.read_text())
    assert words == [
        "-m", "simgate", "index", "--job", "a.json", "--job", "b.json", "--out", str(tmp_path / "store"),
    ]  # fmt: skip
    assert leads
    assert "secret" not in environment.values()
    assert process.exit_code == 7, "kept, and believed by nobody"


def test_a_stage_has_its_own_roles_keys_and_not_the_workers(
    spy: Path, tmp_path: Path, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    (tmp_path / "keys" / "gate-main").mkdir(parents=True)
    (tmp_path / "keys" / "stage-main").mkdir()
    wire({"SIMGATE_KEYS": str(tmp_path / "keys")})
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the worker's own")
    for stage, folder in (("validate", "gate-main"), ("index", "stage-main")):
        process = LocalProcess(task_id=stage)
        process.stage = stage
        unwrap(LocalProcess.execute)(process, CONTEXT)
        environment = json.loads(spy.read_text())[1]
        assert environment["SIMGATE_ROLE_KEYS"] == str(tmp_path / "keys" / folder)
        assert "the worker's own" not in environment.values()


def test_events_of_a_stage_are_readable_lines() -> None:
    assert readable({"event": "progress", "done": 2, "total": 5, "what": "frames", "at": "x"}) == "2/5 frames"
    assert readable({"event": "error", "at": "x", "message": "no", "trace": ""}) == "error message=no"
