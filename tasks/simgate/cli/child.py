"""Child: one stage process on this machine, its events read line by line from stderr."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import TracebackType
from typing import Any, Self

TAIL_LINES = 40
GRACE_S = 20.0
"""Time in s for a stage to save its checkpoint after SIGTERM."""

Listener = Callable[[Mapping[str, Any]], None]


class Child:
    """A stage process in a session of its own; leaving the `with` block ends it, gently first."""

    def __init__(self, stage: str, jobs: Sequence[str], store_url: str, listener: Listener) -> None:
        arguments = [argument for job in jobs for argument in ("--job", job)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simgate", stage, *arguments, "--out", store_url],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            env=stage_environment(), start_new_session=True,
        )  # fmt: skip
        self._listener = listener
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)
        """The last lines that are no events: warnings and traces of libraries."""
        self.error = ""
        """The stage's error message when it failed; empty before."""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait(self) -> int:
        """Wait for its end; the exit code, 143 for a SIGTERM that it did not catch."""
        code = self._process.wait()
        self._reader.join(timeout=GRACE_S)
        return 128 - code if code < 0 else code

    def stop(self) -> None:
        """Send SIGTERM, wait for a checkpoint, then send SIGKILL; returns when the process is gone."""
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=GRACE_S)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return

    def _read(self) -> None:
        with self._process.stderr or nullcontext(()) as lines:
            for line in lines:
                self._take(line)

    def _take(self, line: str) -> None:
        event = _event(line)
        if event is None:
            self.tail.append(line.rstrip())
            return
        if event["event"] in ("error", "preempted"):
            self.error = str(event.get("message") or event.get("what") or "")
            self.tail.extend(str(event.get("trace") or "").splitlines())
        self._listener(event)


def run_batches(stage: str, batches: Sequence[Sequence[str]], store_url: str, listener: Listener) -> list[Child]:
    """Run one child for each batch of jobs, all at once, to their ends; those that failed are returned."""
    children = [Child(stage, jobs, store_url, listener) for jobs in batches]
    try:
        return [child for child in children if child.wait() != 0]
    finally:
        for child in children:
            child.stop()


def stage_environment() -> dict[str, str]:
    """Return this process's environment with the simulator's kernel cache in a lasting folder."""
    cache = os.environ.get("WARP_CACHE_PATH") or str(Path.home() / ".cache" / "simgate" / "warp")
    return {**os.environ, "WARP_CACHE_PATH": cache, "PYTHONUNBUFFERED": "1"}


def _event(line: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "event" in value else None
