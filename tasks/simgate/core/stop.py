"""Stop: SIGTERM becomes `Preempted`, at once or when the stage next looks, and never in the middle of a commit."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from simgate.core.errors import Preempted


class Stop:
    """Whether this process was asked to stop."""

    def __init__(self) -> None:
        self.requested = False
        self._held = 0

    def install(self) -> None:
        """Take SIGTERM over for this process."""
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        first, self.requested = not self.requested, True
        # A second signal must not end the writing of failure.json.
        if first and not self._held:
            raise Preempted("asked to stop (SIGTERM)")

    @contextmanager
    def held(self) -> Iterator[None]:
        """While inside, SIGTERM only sets `requested`."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
