"""Board: the tasks of one DAG run as they stand, live in a terminal, line by line in a log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from simgate.cli.console import console

PLAIN_EVERY_S = 15.0
"""Without a terminal, a running task is told of this often; changes are told at once."""
SIGNS = {
    "success": "[green]✓[/]", "failed": "[red]✗[/]", "upstream_failed": "[red]–[/]", "skipped": "[dim]–[/]",
    "up_for_retry": "[yellow]↻[/]", "awaiting_input": "[yellow]?[/]", "deferred": "[yellow]?[/]",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One task, its mapped instances together."""

    task: str
    state: str
    """Of the instance that matters most now; empty before it is scheduled."""
    done: int
    total: int
    seconds: float
    detail: str

    @property
    def count(self) -> str:
        """`1/2` for a mapped task."""
        return f"{self.done}/{self.total}" if self.total > 1 else ""


class Board:
    """Shows a title and rows; `update` is called as often as one likes."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._console = console()
        self._spinner = Spinner("dots")
        self._live = Live(console=self._console, refresh_per_second=8, transient=False)
        self._begun_s = time.monotonic()
        self._told: dict[str, tuple[str, str]] = {}
        self._told_s = self._begun_s

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        else:
            self._console.print(f"[bold]{escape(self._title)}[/]")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @property
    def elapsed_s(self) -> float:
        """Seconds since it was put up."""
        return time.monotonic() - self._begun_s

    def say(self, line: str) -> None:
        """Print a line above the board; markup counts."""
        self._console.print(line)

    def update(self, rows: Sequence[Row]) -> None:
        """Show how things stand."""
        if self._console.is_terminal:
            self._live.update(Group(Text(f"{self._title}   {self.elapsed_s:4.0f} s", style="bold"), self._table(rows)))
        else:
            self._tell(rows)

    def _table(self, rows: Sequence[Row]) -> Table:
        table = Table(box=None, show_header=False, padding=(0, 1))
        for _ in ("sign", "task", "count", "seconds", "detail"):
            # One line a task, cut where the terminal is narrow: a line that breaks would move all below it.
            table.add_column(no_wrap=True, overflow="ellipsis")
        for row in rows:
            sign = self._spinner if row.state == "running" else SIGNS.get(row.state, "[dim]·[/]")
            seconds = f"{row.seconds:.0f} s" if row.seconds else ""
            style = "dim" if row.state in ("", "skipped") else ""
            table.add_row(sign, Text(row.task, style=style), row.count, seconds, Text(row.detail, style="dim"))
        return table

    def _tell(self, rows: Sequence[Row]) -> None:
        now_s = time.monotonic()
        for row in rows:
            if row.state and self._told.get(row.task) != (row.state, row.count):
                self._told[row.task] = (row.state, row.count)
                self._line(row, now_s)
        busy = next((row for row in rows if row.state == "running"), None)
        if busy is not None and now_s - self._told_s >= PLAIN_EVERY_S:
            self._line(busy, now_s)

    def _line(self, row: Row, now_s: float) -> None:
        self._told_s = now_s
        if row.state in ("scheduled", "queued", "removed"):
            return
        parts = (row.task, row.count, row.state, f"{row.seconds:.0f} s" if row.seconds else "", row.detail)
        self._console.print(f"  {self.elapsed_s:4.0f} s  " + escape("  ".join(part for part in parts if part)))
