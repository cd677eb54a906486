"""ProcessTransport: a worker in a process of this machine, in a process group of its own, at the end of a socket."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from simgate.worker.channel import DESCRIPTOR
from simgate.worker.fault import Closed, Crashed, Deaf, EndedEarly, Garbled, Oversized, WorkerFault
from simgate.worker.frame import Unframer, framed
from simgate.worker.transport import Arrival

ALLOWED_ENVIRONMENT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR")
"""Variables of our environment that a worker gets: no secret is among them."""
LOOK_S = 0.5
"""A worker's death is noticed after this long at most, even where a child of its own holds the channel open."""
END_WAIT_S = 1.0
"""A worker whose channel is closed is given this long to end, so that its exit code can be told."""
MAX_DRAINED_BYTES = 1024 * 1024
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Launch:
    """The command, environment and limits of a worker's process."""

    name: str
    """In messages: `device under test`."""
    command: tuple[str, ...]
    """Interpreter or program, and its arguments."""
    max_frame_bytes: int
    """Of what it sends."""
    environment: tuple[str, ...] = ALLOWED_ENVIRONMENT
    """Names of our environment's variables that it is given."""
    max_backlog_bytes: int = 64 * 1024 * 1024
    """A worker that leaves more than this unread is deaf."""
    max_log_bytes: int = 64 * 1024
    grace_s: float = 2.0
    """Time for the worker to end once its input has ended."""


def module_command(module: str, *arguments: str, interpreter: str = sys.executable) -> tuple[str, ...]:
    """Run a module in an interpreter; -P keeps the working folder out of its imports."""
    return interpreter, "-P", "-m", module, *arguments


class ProcessTransport:
    """Starts the process; ends its whole group when the `with` block is left."""

    emulated = True

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self.name = launch.name
        self.fault: WorkerFault | None = None
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = _start(launch, theirs.fileno())
        self._socket.setblocking(False)
        self._log_pipe = self._process.stdout.fileno() if self._process.stdout else -1
        os.set_blocking(self._log_pipe, False)
        self._selector = selectors.EpollSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(self._log_pipe, selectors.EVENT_READ)
        self._waiting = bytearray()
        self._unframer = Unframer(launch.max_frame_bytes)
        self._log = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def log(self) -> bytes:
        """The end of the worker's standard output and error."""
        return bytes(self._log)

    def fileno(self) -> int:
        """Give a descriptor that is readable when `poll` has something to do."""
        return self._selector.fileno()

    def send(self, payload: bytes) -> None:
        """Send one frame's payload; bytes that the channel cannot take yet are sent by later polls."""
        self._waiting += framed(payload)
        if len(self._waiting) > self._launch.max_backlog_bytes:
            self.blame(Deaf(f"{self.name} no longer reads its input"))
        self._write()

    def poll(self, timeout_s: float) -> list[Arrival]:
        """Return payloads that arrived, after at most `timeout_s`; sets `fault` where the worker broke the channel."""
        arrivals: list[Arrival] = []
        for key, events in self._selector.select(min(max(timeout_s, 0.0), LOOK_S)):
            at_ns = time.monotonic_ns()
            if key.fd == self._log_pipe:
                self._read_log()
                continue
            if events & selectors.EVENT_READ:
                arrivals += [Arrival(payload, at_ns) for payload in self._read()]
            if events & selectors.EVENT_WRITE:
                self._write()
        if not arrivals and self.fault is None and self._exit() is not None:
            arrivals += self._last_words()
        return arrivals

    def blame(self, fault: WorkerFault) -> None:
        """Note a fault of the channel; an earlier fault stays."""
        if self.fault is None:
            self.fault = fault

    def close(self) -> None:
        """End the worker: first by ending its input, then by SIGKILL to its process group."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._await_end(0.0 if self.fault else self._launch.grace_s)
        # Before its leader is waited for: until then nobody else can have the group's number.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._drain_log()
        self._selector.close()
        self._socket.close()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self) -> list[bytes]:
        chunk = self._chunk()
        return [] if chunk is None else self._cut(chunk)

    def _chunk(self) -> bytes | None:
        """Read bytes from the channel, bounded; empty at its end, None where there are none yet."""
        try:
            return self._socket.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return None
        except ConnectionResetError:  # it ended with messages unread
            return b""

    def _cut(self, chunk: bytes) -> list[bytes]:
        if not chunk:
            self._deregister()
            self._blame_end()
            return []
        try:
            return self._unframer.feed(chunk)
        except Garbled as error:
            self._deregister()
            kind = Oversized if isinstance(error, Oversized) else Garbled
            self.blame(kind(f"{self.name} sent garbage: {error}"))
            return []

    def _write(self) -> None:
        try:
            written = self._socket.send(self._waiting) if self._waiting and self.fault is None else 0
            del self._waiting[:written]
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            self._blame_end()
        if self._socket in self._selector.get_map():
            wanted = selectors.EVENT_WRITE if self._waiting and self.fault is None else 0
            self._selector.modify(self._socket, selectors.EVENT_READ | wanted)

    def _last_words(self) -> list[Arrival]:
        """Read the rest of a dead worker's channel, which a child of its own may hold open."""
        arrivals: list[Arrival] = []
        while self.fault is None and (chunk := self._chunk()) is not None:
            arrivals += [Arrival(payload, time.monotonic_ns()) for payload in self._cut(chunk)]
        self._blame_end()
        return arrivals

    def _deregister(self) -> None:
        if self._socket in self._selector.get_map():
            self._selector.unregister(self._socket)

    def _read_log(self) -> int:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._log_pipe, _CHUNK_BYTES)
            if not data and self._log_pipe in self._selector.get_map():
                self._selector.unregister(self._log_pipe)
            self._log = (self._log + data)[-self._launch.max_log_bytes :]
            return len(data)
        return 0

    def _drain_log(self) -> None:
        """Read the pipe, bounded, because a process that left the group may write on."""
        drained_bytes = 0
        while drained_bytes < MAX_DRAINED_BYTES and (read_bytes := self._read_log()):
            drained_bytes += read_bytes

    def _blame_end(self) -> None:
        """Note how it ended. Its words first: they say why."""
        if self.fault is None:
            self._await_end(END_WAIT_S)
            self._drain_log()
            self.blame(self._end())

    def _await_end(self, limit_s: float) -> None:
        deadline_s = time.monotonic() + limit_s
        while self._exit() is None and time.monotonic() < deadline_s:
            time.sleep(0.005)

    def _end(self) -> WorkerFault:
        ended = self._exit()
        if ended is None:
            return Closed(f"{self.name} ended by itself (it closed its channel)", remedy=self._words())
        if ended.si_code != os.CLD_EXITED:
            return Crashed(f"{self.name} ended by itself (killed by signal {ended.si_status})", remedy=self._words())
        kind = Crashed if ended.si_status else EndedEarly
        return kind(f"{self.name} ended by itself (exit code {ended.si_status})", remedy=self._words())

    def _words(self) -> str:
        lines = self.log.decode("utf-8", errors="replace").strip().splitlines()
        return f"the last line of its log: {lines[-1][:300]}" if lines else "it wrote nothing to its log"

    def _exit(self) -> os.waitid_result | None:
        """Look whether it has ended, and leave it a zombie: its number, which is its group's, is not given away."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)


def _start(launch: Launch, descriptor: int) -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in launch.environment if name in os.environ}
    return subprocess.Popen(
        [*launch.command],
        bufsize=0,
        stdin=subprocess.DEVNULL,
        # One pipe for both: what a library prints belongs into the log, and nothing reads it as an answer.
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**environment, DESCRIPTOR: str(descriptor)},
        pass_fds=(descriptor,),
        start_new_session=True,
    )
