"""Transport: the way to a worker, wherever it runs. A process of this machine is one; an agent at a bench another."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from simgate.worker.fault import WorkerFault


class Arrival(NamedTuple):
    """One payload and when this end had it, on the monotonic clock."""

    payload: bytes
    at_ns: int


class Transport(Protocol):
    """The channel, log and end of one worker. No call blocks for longer than it is told to."""

    @property
    def name(self) -> str:
        """Name in messages, e.g. `device under test`."""
        ...

    @property
    def emulated(self) -> bool:
        """Whether the other end only stands in for a device: a process of this machine always does."""
        ...

    @property
    def fault(self) -> WorkerFault | None:
        """The first fault of the channel, or None while it works."""
        ...

    @property
    def log(self) -> bytes:
        """The end of the worker's standard output and error."""
        ...

    def fileno(self) -> int:
        """Give a descriptor that is readable when `poll` has something to do."""
        ...

    def send(self, payload: bytes) -> None:
        """Send one frame's payload; bytes that the channel cannot take yet are sent by later polls."""
        ...

    def poll(self, timeout_s: float) -> list[Arrival]:
        """Return payloads that arrived, after at most `timeout_s`; sets `fault` if the worker broke the channel."""
        ...

    def blame(self, fault: WorkerFault) -> None:
        """Note a fault of the channel; an earlier fault stays."""
        ...

    def close(self) -> None:
        """End the worker, by force if it must; nothing of it outlives this call."""
        ...
