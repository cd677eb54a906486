"""StageLocal: a stage as a process on the worker's own machine."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from simgate.core.storage.credentials import ROLE_KEYS
from simgate.rows.roles import role_of_stage
from simgate.rows.stages import Subject
from simgate_airflow.place.stage_mixin import StageMixin
from simgate_airflow.run.run_record import domain_of
from simgate_airflow.settings import settings
from simgate_airflow.stores import role_folder

if TYPE_CHECKING:
    from airflow.sdk import Context

MAX_LINE_CHARACTERS = 4000
WORKER_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")
HIDDEN = ("at", "event", "stage", "job", "run_key")
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class LocalProcess(BaseOperator):
    """Runs jobs of a stage in a process group of its own, with an allow-listed environment, and waits for its end."""

    stage: str
    job_uris: tuple[str, ...] = ()
    exit_code: int | None = None
    process: subprocess.Popen[str] | None = None

    def execute(self, context: Context) -> Any:
        """Run the process to its end; raises nothing, whatever the end is."""
        self.process = self._start(stage_environment(self.stage, domain_of(context)))
        reader = threading.Thread(target=self._relay, args=(self.process.stdout,), daemon=True)
        reader.start()
        self.exit_code = self.process.wait()
        # A killed stage may leave children that hold its output open.
        self._signal(signal.SIGKILL)
        reader.join(timeout=10)
        if self.process.stdout is not None and not reader.is_alive():
            self.process.stdout.close()
        self.log.info("%s ended with exit code %s", self.stage, self.exit_code)

    def on_kill(self) -> None:
        """Ask the group to stop, so that a checkpoint can be saved; then end it. Airflow waits 5 s in all."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + settings().grace_s
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            time.sleep(0.05)
        self._signal(signal.SIGKILL)

    def _start(self, environment: dict[str, str]) -> subprocess.Popen[str]:
        wired = settings()
        command = [wired.python, "-m", "simgate", self.stage]
        for uri in self.job_uris:
            command += ["--job", uri]
        return subprocess.Popen(
            [*command, "--out", wired.store_url], env=environment, umask=0o077, process_group=0,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", errors="replace", preexec_fn=_die_with_parent,  # noqa: PLW1509
        )  # fmt: skip

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            return

    def _relay(self, output: IO[str] | None) -> None:
        for line in output or ():
            event = _event(line)
            say = self.log.error if event and event.get("event") == "error" else self.log.info
            say("%s", readable_line(line))


class StageLocal(StageMixin, LocalProcess):
    """Runs one stage, or one batch of it, on this machine."""

    def __init__(
        self, *, stage: str, subject: Subject | None = None, batch: Sequence[dict[str, Any]] | None = None,
        informs: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.subject = subject
        self.stage = stage
        self.batch = batch
        self.informs = informs


def stage_class(stage: str) -> type[StageLocal]:  # noqa: ARG001 (every stage runs alike here)
    """Choose the operator of this place."""
    return StageLocal


def readable(event: dict[str, Any]) -> str:
    """Write one event of a stage as a line for people."""
    if event.get("event") == "progress":
        return f"{event.get('done')}/{event.get('total')} {event.get('what')}"
    fields = (f"{name}={value}" for name, value in event.items() if name not in HIDDEN and value != "")
    return " ".join((str(event.get("event")), *fields))


def readable_line(line: str) -> str:
    """Write one line of a stage's log for people, whether it is an event or not."""
    event = _event(line)
    return (line.rstrip() if event is None else readable(event))[:MAX_LINE_CHARACTERS]


def stage_environment(stage: str, domain: str) -> dict[str, str]:
    """Environment of a stage's process on this machine: allow-listed, with its own role's keys."""
    keys = own_keys(stage, domain)
    environment = {name: os.environ[name] for name in settings().stage_environment if name in os.environ}
    if keys is None:
        return environment
    # Its own role's keys and no other's, the worker's least of all.
    return {name: value for name, value in environment.items() if name not in WORKER_KEYS} | {ROLE_KEYS: str(keys)}


def own_keys(stage: str, domain: str) -> Path | None:
    """Return the folder of the stage role's keys; None on the embedded default, where nobody has any."""
    return role_folder(role_of_stage(stage), domain)


def _event(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "event" in value else None


def _die_with_parent() -> None:
    # A task process that is killed (out of memory, say) runs no on_kill: the kernel asks the stage to stop instead.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
