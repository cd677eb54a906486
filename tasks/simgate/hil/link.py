"""Link: a device under test in its own process, at the other end of two pipes. Nothing here ever blocks for long."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Self

from simgate.hil.wire import MAX_ANSWER_BYTES, Garbled, Question, Unframer, framed

ALLOWED_ENVIRONMENT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")
"""What a device is given of our environment: no secret is in it."""
MAX_BACKLOG_BYTES = 64 * 1024 * 1024
"""A device that leaves more than this unread is dead."""
MAX_LOG_BYTES = 64 * 1024
GRACE_S = 2.0
_CHUNK_BYTES = 1 << 16


class Arrival(NamedTuple):
    """One payload and when the bench had it, on the monotonic clock."""

    payload: bytes
    at_ns: int


class Link:
    """Starts the device; ends it, by force if it must, when the `with` block is left."""

    def __init__(self, command: Sequence[str]) -> None:
        environment = {name: os.environ[name] for name in ALLOWED_ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(
            [*command],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        pipes = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._stdin, self._stdout, self._stderr = (pipe.fileno() for pipe in pipes if pipe is not None)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._selector.register(self._stderr, selectors.EVENT_READ)
        os.set_blocking(self._stdin, False)
        self._waiting = bytearray()
        self._unframer = Unframer(MAX_ANSWER_BYTES)
        self._log = bytearray()
        self.fault: str | None = None
        """What broke the link; None while it works."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def log(self) -> bytes:
        """The end of what the device wrote to standard error."""
        return bytes(self._log)

    def send(self, question: Question) -> None:
        """Hand a question over; what the pipe does not take now is kept for later polls."""
        self._waiting += framed(question.to_bytes())
        if len(self._waiting) > MAX_BACKLOG_BYTES:
            self.blame("device under test no longer reads its input")
        self._write()

    def poll(self, timeout_s: float) -> list[Arrival]:
        """What arrived, waiting for at most `timeout_s`; sets `fault` where the device broke the link."""
        arrivals: list[Arrival] = []
        for key, _ in self._selector.select(max(timeout_s, 0.0)):
            at_ns = time.monotonic_ns()
            if key.fd == self._stdout:
                arrivals += [Arrival(payload, at_ns) for payload in self._read()]
            elif key.fd == self._stderr:
                self._read_log()
            else:
                self._write()
        return arrivals

    def blame(self, fault: str) -> None:
        """Note what broke the link; the first word stands."""
        if self.fault is None:
            self.fault = fault

    def close(self) -> None:
        """End the device: first by ending its input, then by SIGKILL to its process group."""
        if self._process.poll() is None and self._process.stdin is not None:
            self._process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.0 if self.fault else GRACE_S)
        # The group outlives its leader where the device started children of its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._drain_log()
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _read(self) -> list[bytes]:
        data = os.read(self._stdout, _CHUNK_BYTES)
        if not data:
            self._selector.unregister(self._stdout)
            self.blame(f"device under test ended by itself ({self._ended()})")
            return []
        try:
            return self._unframer.feed(data)
        except Garbled as error:
            self._selector.unregister(self._stdout)
            self.blame(f"device under test sent garbage: {error}")
            return []

    def _write(self) -> None:
        try:
            written = os.write(self._stdin, self._waiting) if self._waiting and self.fault is None else 0
            del self._waiting[:written]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self.blame(f"device under test ended by itself ({self._ended()})")
        watched = self._stdin in self._selector.get_map()
        wanted = bool(self._waiting) and self.fault is None
        if wanted and not watched:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        if watched and not wanted:
            self._selector.unregister(self._stdin)

    def _read_log(self) -> None:
        data = os.read(self._stderr, _CHUNK_BYTES)
        if not data:
            self._selector.unregister(self._stderr)
        self._log = (self._log + data)[-MAX_LOG_BYTES:]

    def _drain_log(self) -> None:
        os.set_blocking(self._stderr, False)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._stderr, _CHUNK_BYTES):
                self._log = (self._log + data)[-MAX_LOG_BYTES:]

    def _ended(self) -> str:
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return "it closed its output"
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
