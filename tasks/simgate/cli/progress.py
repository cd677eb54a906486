"""Progress: what a stage says while it runs, as one line that moves in a terminal, as a few plain lines in a log."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from simgate.cli.console import console

PLAIN_EVERY_S = 10.0
"""A log gets a line this often at most."""


class StageProgress:
    """Shows the progress events of the children of one stage."""

    def __init__(self, stage: str, detail: str) -> None:
        self._console = console()
        self._stage = stage
        self._lock = threading.Lock()
        self._started_s = time.monotonic()
        self._said_s = self._started_s
        self._bar = Progress(
            SpinnerColumn(), TextColumn("[bold]{task.description}"), BarColumn(bar_width=24),
            TextColumn("{task.fields[what]}"), TimeElapsedColumn(), console=self._console, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task(stage, total=None, what=detail)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._started_s

    def listen(self, event: Mapping[str, Any]) -> None:
        """Take one event of a child; called from its reader thread."""
        if event.get("event") != "progress":
            return
        done, total, what = event.get("done"), event.get("total"), str(event.get("what", ""))
        with self._lock:
            self._bar.update(self._task, completed=done, total=total, what=f"{what} {done}/{total}")
            now_s = time.monotonic()
            if not self._console.is_terminal and now_s - self._said_s >= PLAIN_EVERY_S:
                self._said_s = now_s
                self._console.print(f"  {self._stage}: {what} {done}/{total} ({self.elapsed_s:.0f} s)")
