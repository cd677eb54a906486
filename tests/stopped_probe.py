"""A probe that is sent SIGTERM at its n-th point, for every n: each a process of its own, forked from one warm parent.

    python -m tests.stopped_probe STORE calls|lines|opcodes polls|at-once once|again [POINT …]

A point is either side of a call of the store, or a line (an opcode) of the code that a stage's life runs through. With
no POINT it runs once undisturbed and says how many there are; else one JSON line a point says how that process ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from simgate.core.given import scratch
from simgate.core.runtime import attempt, stage, stop, work
from simgate.core.runtime.job import Job
from simgate.core.runtime.stage import run_batch
from simgate.core.storage.credentials import own_store_keys
from simgate.core.storage.store import Store
from simgate.probe import stage as probe
from tests.probe_jobs import probe_job, run_key, submit

WATCHED = {module.__file__ for module in (attempt, scratch, stage, stop, work, probe, contextlib)}
NEVER = 0


def job_of(kind: str, point: int, *, polls: bool, again: bool) -> Job:
    """A job of its own for each point, so that no process finds another's work."""
    seed = 100_000 * ("calls", "lines", "opcodes").index(kind) + 4 * point + 2 * polls + again
    return probe_job(seed, files=2, size_bytes=10)


@dataclass
class Signaller:
    """Counts points and sends SIGTERM at one of them; with `again`, at every later one too."""

    at: int
    again: bool
    seen: int = 0
    begun: bool = False
    """Whether started.json is in the store."""
    begun_at_signal: bool = False

    def point(self) -> None:
        """Pass one point."""
        self.seen += 1
        if self.seen == self.at:
            self.begun_at_signal = self.begun
            os.kill(os.getpid(), signal.SIGTERM)
        elif self.again and self.at and self.seen > self.at:
            os.kill(os.getpid(), signal.SIGTERM)


class Told(Store):
    """The real store; it tells of both sides of each call."""

    def __init__(self, url: str, signaller: Signaller, told: Callable[[], None]) -> None:
        super().__init__(url, own_store_keys())
        self._signaller = signaller
        self._told = told

    def _persist(self, doing: str, action: Callable[[], Any]) -> Any:
        self._told()
        done = super()._persist(doing, action)
        if "/started.json" in doing:
            self._signaller.begun = True
        self._told()
        return done

    def get(self, key: str, **limits: int) -> bytes:
        self._told()
        try:
            return super().get(key, **limits)
        finally:
            self._told()


def trace(signaller: Signaller, *, opcodes: bool) -> Callable[..., Any]:
    """A trace function that passes a point at each line, or each opcode, of the watched files."""
    wanted = "opcode" if opcodes else "line"

    def local(frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        if event == wanted:
            signaller.point()
        return local

    def enter(frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        if frame.f_code.co_filename not in WATCHED:
            return None
        frame.f_trace_opcodes = opcodes
        return local

    return enter


def child(url: str, kind: str, point: int, *, polls: bool, again: bool, say: int) -> None:
    """Run the probe in this very process, with one stop on its way, and end as a stage process does."""
    signaller = Signaller(point, again)
    job = job_of(kind, point, polls=polls, again=again)
    key = submit(Store(url, own_store_keys()), job, f"stop-{kind}-{point}-{polls}-{again}")
    # A raised signal takes the trace away; the profile stays, and what follows is stopped at each call and return.
    told = signaller.point if kind == "calls" else lambda: None
    store = Told(url, signaller, told)
    if kind != "calls":
        sys.settrace(trace(signaller, opcodes=kind == "opcodes"))
        if again:
            sys.setprofile(lambda *_: signaller.point() if signaller.seen >= point else None)
    try:
        code = run_batch(replace(probe.STAGE, polls_stop=polls), [key], store, place="local")
    finally:
        sys.settrace(None)
        sys.setprofile(None)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    line = {"point": point, "seen": signaller.seen, "code": code, "begun": signaller.begun_at_signal}
    os.write(say, (json.dumps({**line, "run_key": run_key(store, job)}) + "\n").encode())
    os._exit(code)


def fork(url: str, kind: str, point: int, *, polls: bool, again: bool) -> None:
    """One point in a process of its own; its exit code must be the one it said."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            child(url, kind, point, polls=polls, again=again, say=1)
        os._exit(99)
    _, status = os.waitpid(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 143):
        print(json.dumps({"point": point, "code": os.waitstatus_to_exitcode(status)}), flush=True)


def main(url: str, kind: str, how: str, often: str, *points: str) -> None:
    """Warm up, then fork for every point asked for."""
    from simgate.core.identity.environment import environment
    from simgate.core.identity.lock import check_installed
    from simgate.rows.runtime import runtime_of

    # Nothing here may touch a store: its client does not survive a fork.
    job_of(kind, NEVER, polls=True, again=False)
    check_installed("light")
    environment(runtime_of("probe"))
    sys.stdout.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    for point in points or (str(NEVER),):
        fork(url, kind, int(point), polls=how == "polls", again=often == "again")


if __name__ == "__main__":
    main(*sys.argv[1:])
