"""Components: Airflow in several processes, as a deployment runs it, each of which a test can kill and start again."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from simgate.core.storage.store import Store
from simgate_airflow.local.process import environment, members
from simgate_airflow.local.standalone import LocalAirflow, furnish
from tests.e2e.airflow_client import wait_for
from tests.e2e.conftest import PEOPLE, ROOT, World, furnished
from tests.servers.cache import say
from tests.servers.postgres import Postgres

COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler-1": ("scheduler", "--skip-serve-logs"),
    "scheduler-2": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer-1": ("triggerer", "--skip-serve-logs"),
    "triggerer-2": ("triggerer", "--skip-serve-logs"),
}
PATIENCE = {
    "CORE__PARALLELISM": "2",
    # A dead scheduler's or triggerer's work is taken over within seconds instead of minutes.
    "SCHEDULER__JOB_HEARTBEAT_SEC": "1",
    "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "8",
    "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "4",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "4",
    "TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    # An API server that is away for a minute ends no task.
    "WORKERS__MAX_FAILED_HEARTBEATS": "60",
    "WORKERS__EXECUTION_API_RETRIES": "10",
}
START_TIMEOUT_S = 240.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass
class Components:
    """The processes; every one leads a session of its own, as a container's first process does."""

    home: Path
    url: str
    variables: dict[str, str] = field(repr=False)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Start components that do not run."""
        for name in names:
            with (self.home / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [sys.executable, "-m", "airflow", *COMPONENTS[name]], env=self.variables, cwd=self.home,
                    umask=0o077, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                    preexec_fn=_end_with_tests,  # noqa: PLW1509
                )  # fmt: skip

    def kill(self, name: str) -> None:
        """Kill -9, with everything that it started: what is left of a container that dies is nothing."""
        process = self.running.pop(name)
        while left := members(process.pid):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.poll()
        process.wait()

    def revive(self) -> None:
        """Start what ended by itself, as Kubernetes would, and tell its last words."""
        for name in [name for name, process in self.running.items() if process.poll() is not None]:
            code = self.running[name].returncode
            say(f"{name} ended by itself, code {code}, and is started again: {self.last_words(name)}")
            self.kill(name)
            self.start(name)

    def last_words(self, name: str) -> str:
        """The end of a component's log."""
        return (self.home / f"{name}.log").read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """End all of them, politely and at the same time, then what is left."""
        for process in self.running.values():
            process.terminate()
        deadline = time.monotonic() + 6
        while any(process.poll() is None for process in self.running.values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        for name in list(self.running):
            self.kill(name)

    def busy_scheduler(self, stage: str) -> str | None:
        """The scheduler under which a process of the stage runs, or None."""
        mark = f"small_stages.py\0-m\0simgate\0{stage}\0".encode()
        for name, process in self.running.items():
            if any(mark in _command(pid) for pid in members(process.pid)):
                return name
        return None

    def strays(self) -> list[str]:
        """Processes of this deployment that belong to no running component, and do not end within a second."""
        mark = str(self.home.parent)
        found = [pid for pid in psutil.pids() if any(mark in text for text in _texts(pid))]
        # Asked after the listing: components start processes while one looks.
        known = {pid for process in self.running.values() for pid in members(process.pid)}
        if any(pid not in known and _command(pid) for pid in found):
            time.sleep(1)
        return [f"{pid} {_command(pid)[:200]!r}" for pid in found if pid not in known and _command(pid)]


@contextmanager
def components(postgres: Postgres, folder: Path, *, database: str, **more: str) -> Iterator[tuple[Components, World]]:
    """A whole Airflow on PostgreSQL for as long as the block runs; afterwards no process of it is left."""
    given = {
        **furnished(folder, max_batches=int(more.pop("max_batches", "2"))), **more,
        **{f"AIRFLOW__{name}": value for name, value in PATIENCE.items()},
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": postgres.make_database(database),
    }  # fmt: skip
    url, variables = furnish(
        folder / "home", dags=folder / "dags", plugins=ROOT / "plugins", environment=given, accounts=PEOPLE, port=0
    )
    found = Components(folder / "home", url, variables)
    with (found.home / "migrate.log").open("wb") as log:
        migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(migrate, env=variables, check=True, timeout=START_TIMEOUT_S, stdout=log, stderr=log)
    try:
        found.start(*COMPONENTS)
        airflow = LocalAirflow(found.home, url, found.running["api-server"].pid, PEOPLE)
        world = World(airflow, Store(given["SIMGATE_STORE"]), folder)
        wait_for(lambda: _answers(world), START_TIMEOUT_S, f"the API server; see {found.home}/api-server.log")
        world.wait_for_dags()
        yield found, world
    finally:
        found.stop()
    assert found.strays() == []


def _answers(world: World) -> bool:
    try:
        return world.user("admin").ask("GET", "monitor/health").is_success
    except (httpx.TransportError, ValueError, KeyError):
        return False


def _texts(pid: int) -> list[str]:
    return [*environment(pid).values(), os.fsdecode(_command(pid))]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _end_with_tests() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
