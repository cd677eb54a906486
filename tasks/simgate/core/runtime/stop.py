"""Stop: SIGTERM is noted wherever it comes, and raises `Preempted` only where that surely leaves failure.json."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from simgate.core.errors import Preempted


class Stop:
    """A request to this process to stop, by SIGTERM."""

    def __init__(self) -> None:
        self.requested = False
        self._raises = False

    def install(self) -> None:
        """Take SIGTERM over for this process."""
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        first, self.requested = not self.requested, True
        # Raised once: a second signal must not end what the first one set going.
        if first and self._raises:
            self.check()

    def check(self) -> None:
        """Raise Preempted where the process was asked to stop."""
        if self.requested:
            raise Preempted("asked to stop (SIGTERM)", remedy="run it again")

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let SIGTERM raise Preempted in the middle of the block; outside it, a signal only sets `requested`."""
        self._raises = True
        try:
            self.check()  # a signal that came before this block
            yield
            self.check()  # one whose exception was swallowed: what was made since may lack a part
        finally:
            self._raises = False
