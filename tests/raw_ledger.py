"""A ledger as it lies in the store, judged by nobody: for tests that look at what was written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from simgate.core.storage.journal import Journal, Line
from simgate.core.storage.store import Store
from simgate.release.entry import EMPTY, LedgerEntry, LiveModel, State


class Ledger:
    """`ledger/<model>`, the chain checked and nothing else."""

    def __init__(self, store: Store, model: str) -> None:
        self._journal = Journal(store, f"ledger/{model}")

    def head(self) -> LedgerEntry | None:
        """The newest entry."""
        entry = self._journal.head()
        return LedgerEntry.of(entry) if entry else None

    @property
    def state(self) -> State:
        """What it says holds now."""
        head = self.head()
        return head.after if head else EMPTY

    def history(self) -> Iterator[LedgerEntry]:
        """Every entry, oldest first."""
        return (LedgerEntry.of(entry) for entry in self._journal.entries())

    def lines(self) -> Iterator[Line]:
        """Every entry with its envelope."""
        return self._journal.lines()

    def live(self, channel: str, at: datetime | None = None) -> LiveModel | None:
        """What it says a channel serves, now or at a time."""
        state = self.state
        if at is not None:
            before = [entry for entry in self.history() if entry.at <= at]
            state = before[-1].after if before else EMPTY
        found = state.channels.get(channel)
        return found.live if found else None
