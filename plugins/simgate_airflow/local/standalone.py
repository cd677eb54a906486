"""Standalone: a whole Airflow on this machine, for one project and for tests, stopped without leaving a process behind.

Like `airflow standalone`, which cannot be used: its log servers listen on every interface, a SIGTERM orphans its
children, and started in the background of a shell it ignores SIGINT for ever.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from simgate.core.errors import InputError, SimgateError
from simgate_airflow.local.process import end_session, environment, listens, members, session_alive
from simgate_airflow.ui.address import candidate_url, run_url

ACCOUNTS: Mapping[str, str] = {
    "admin": "admin",
    "engineer": "user",
    "release-manager": "user",
    "promoter": "viewer",
}
"""Account → role of the local SimpleAuthManager."""
START_TIMEOUT_S = 420.0
"""An Airflow whose processes live is waited for: on a busy machine the start takes minutes."""
STOP_TIMEOUT_S = 20.0
STATE_NAME = "standalone.json"
KEPT = (
    "PATH",
    "PYTHONPATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "WARP_CACHE_PATH",
)
"""Names that Airflow inherits from whoever starts it; SIMGATE_* is given, everything else stays out."""


@dataclass(frozen=True, slots=True)
class LocalAirflow:
    """A running local Airflow; `<home>/standalone.json` holds the same."""

    home: Path
    url: str
    pid: int
    """Leader of the session that all its processes belong to."""
    accounts: Mapping[str, str]
    supervisor: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)
    """The supervisor's process, for the caller that started it."""

    def password(self, account: str) -> str:
        """Return the password of a local account."""
        passwords: dict[str, str] = json.loads(_passwords_path(self.home).read_text(encoding="utf-8"))
        return passwords[account]

    def run_page(self, dag_id: str, run_id: str) -> str:
        """Return the address of a DAG run's reports."""
        return run_url(dag_id, run_id, base=self.url)

    def candidate_page(self, model: str, channel: str, digest: str) -> str:
        """Return the address of a candidate's evidence."""
        return candidate_url(model, channel, digest, base=self.url)

    @property
    def alive(self) -> bool:
        """Whether its supervisor runs."""
        return session_alive(self.pid) and self._is_session_ours

    @property
    def _is_session_ours(self) -> bool:
        # After a restart of the machine the number in standalone.json may be anybody's.
        home = str(self.home)
        return any(environment(process).get("AIRFLOW_HOME") == home for process in members(self.pid))

    @property
    def log_path(self) -> Path:
        """The log of all of Airflow's components."""
        return self.home / "standalone.log"

    def stop(self) -> None:
        """End it and everything that it started; a second stop does nothing."""
        # A process of a moment ago may show no environment yet; one that is not reaped keeps its number.
        is_own_child = self.supervisor is not None and self.supervisor.poll() is None
        if is_own_child or self._is_session_ours:
            end_session(self.pid, first=signal.SIGINT, grace_s=STOP_TIMEOUT_S)
        if self.supervisor is not None:
            self.supervisor.poll()
        (self.home / STATE_NAME).unlink(missing_ok=True)


def start(
    home: Path,
    *,
    dags: Path,
    plugins: Path,
    environment: Mapping[str, str],
    accounts: Mapping[str, str] = ACCOUNTS,
    port: int = 8080,
    progress: Callable[[str], None] = lambda _text: None,
) -> LocalAirflow:
    """Start Airflow with its own AIRFLOW_HOME and wait until it is healthy.

    `environment` is given to the components on top of a few harmless names (SIMGATE_* belong there); `port` is tried
    first, a free one is taken if it is busy, or if another program was faster while Airflow started.
    """
    home = home.resolve()
    if (running := find(home)) is not None:
        raise InputError(f"an Airflow runs in {home} already", actual=running.url, remedy="stop it first")
    url, variables = furnish(home, dags=dags, plugins=plugins, environment=environment, accounts=accounts, port=port)
    airflow, supervisor = _launch(home, url, variables, accounts)
    try:
        _wait(airflow, supervisor, progress)
    except _PortTaken:
        airflow.stop()
        progress(f"another program took {url}")
        return start(
            home, dags=dags, plugins=plugins, environment=environment, accounts=accounts, port=0, progress=progress
        )
    except BaseException:
        airflow.stop()
        raise
    return airflow


def _launch(
    home: Path, url: str, variables: Mapping[str, str], accounts: Mapping[str, str]
) -> tuple[LocalAirflow, subprocess.Popen[bytes]]:
    with os.fdopen(os.open(home / "standalone.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-P", "-m", "simgate_airflow.local.supervisor", str(home)],
            env=variables, cwd=home, umask=0o077, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    airflow = LocalAirflow(home, url, supervisor.pid, dict(accounts), supervisor)
    state = {"home": str(home), "url": airflow.url, "pid": airflow.pid, "accounts": airflow.accounts}
    _write_private(home / STATE_NAME, json.dumps(state))
    return airflow, supervisor


def furnish(
    home: Path,
    *,
    dags: Path,
    plugins: Path,
    environment: Mapping[str, str],
    accounts: Mapping[str, str] = ACCOUNTS,
    port: int = 8080,
) -> tuple[str, dict[str, str]]:
    """Make a home folder, private and with passwords; its API's URL, and the environment of every component."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    home.chmod(0o700)
    port = _free_port(port)
    _write_passwords(home, accounts)
    return f"http://127.0.0.1:{port}", _variables(home, dags, plugins, accounts, port, environment)


def find(home: Path) -> LocalAirflow | None:
    """Return the Airflow that runs in `home`, or None."""
    home = home.resolve()
    try:
        state = json.loads((home / STATE_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    airflow = LocalAirflow(Path(state["home"]), state["url"], state["pid"], state["accounts"])
    return airflow if airflow.alive else None


class _PortTaken(Exception):
    """Another program listens where this Airflow should."""


def _wait(airflow: LocalAirflow, supervisor: subprocess.Popen[bytes], progress: Callable[[str], None]) -> None:
    deadline, port = time.monotonic() + START_TIMEOUT_S, int(airflow.url.rpartition(":")[2])
    while (missing := _unhealthy(airflow.url)) != ():
        if supervisor.poll() is not None and _free_port(port) != port:
            raise _PortTaken
        if supervisor.poll() is not None or time.monotonic() > deadline:
            tail = airflow.log_path.read_text(encoding="utf-8", errors="replace")[-3000:]
            raise SimgateError(f"Airflow did not start: {tail}", remedy=f"see {airflow.log_path}")
        progress("waiting for Airflow's " + ", ".join(missing))
        time.sleep(0.5)
    # A port that was free a minute ago may be another Airflow's by now, and that one is as healthy as ours.
    if not listens(airflow.pid, port):
        raise _PortTaken
    progress(f"Airflow is up at {airflow.url}")


def _unhealthy(url: str) -> tuple[str, ...]:
    try:
        with urllib.request.urlopen(f"{url}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310
            health = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return ("API",)
    parts = {"scheduler": "scheduler", "triggerer": "triggerer", "dag_processor": "DAG processor"}
    return tuple(shown for part, shown in parts.items() if (health.get(part) or {}).get("status") != "healthy")


def _variables(
    home: Path, dags: Path, plugins: Path, accounts: Mapping[str, str], port: int, more: Mapping[str, str]
) -> dict[str, str]:
    url = f"http://127.0.0.1:{port}"
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    airflow = {
        "CORE__DAGS_FOLDER": str(dags.resolve()),
        "CORE__PLUGINS_FOLDER": str(plugins.resolve()),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in accounts.items()),
        "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(_passwords_path(home)),
        "CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__BASE_URL": url,
        "API__WORKERS": "1",
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "OPENLINEAGE__DISABLED": "True",
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "AIRFLOW_HOME": str(home),
        **{f"AIRFLOW__{name}": value for name, value in airflow.items()},
        "SIMGATE_AIRFLOW_URL": url,
        "SIMGATE_PROMOTER": "promoter",
        "SIMGATE_PROMOTER_PASSWORD_FILE": str(home / "promoter.password"),
        **more,
    }


def _passwords_path(home: Path) -> Path:
    return home / "passwords.json"


def _write_passwords(home: Path, accounts: Mapping[str, str]) -> None:
    """Keep known passwords, so that a second start does not change them; the promoter's lies alone as well."""
    path = _passwords_path(home)
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    passwords = {name: known.get(name) or secrets.token_urlsafe(12) for name in accounts}
    _write_private(path, json.dumps(passwords))
    _write_private(home / "promoter.password", passwords.get("promoter", ""))


def _write_private(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SimgateError("no free port on this machine")
