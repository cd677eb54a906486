"""Tries: how often something was planned; after three that came to nothing only a person starts another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.errors import SimgateError
from simgate.core.storage.store import Store
from simgate.plan.record import DatasetWhy, ReleaseWhy, record_folder

MAX_FAILED_RUNS = 3
STILL_RUNNING = timedelta(hours=2)
"""A reconcile lets a run alone that was planned less than this ago: it may be at work still."""


class GivenUp(SimgateError):
    """Planned too often to no end; a person must look before it is tried again."""


class Tries:
    """The runs that were planned for one subject (a snapshot or dataset, with its recipe) and came to nothing yet."""

    def __init__(self, store: Store, why: DatasetWhy | ReleaseWhy, subject: Sequence[object]) -> None:
        self._store = store
        self._folder = f"plans/{why.domain}/tries/{sha256_hex(canonical_json(list(subject)))[:16]}"
        self._mine = f"{self._folder}/{record_folder(why.domain, why.run).rpartition('/')[2]}"

    def recent(self) -> bool:
        """Return whether another run was planned for the same work so lately that it may still be running."""
        latest = max((self._store.get(key).decode() for key in self._others()), default="")
        return bool(latest) and datetime.now(UTC) - datetime.fromisoformat(latest) < STILL_RUNNING

    def count(self, *, by_hand: bool) -> None:
        """Note one more; GivenUp where there were too many and no person asked for it."""
        others = self._others()
        if len(others) >= MAX_FAILED_RUNS and not by_hand:
            raise GivenUp(
                f"{len(others)} runs of this ended without a result",
                remedy="mend the cause, then trigger the DAG by hand",
            )
        if not self._store.exists(self._mine):
            self._store.create(self._mine, datetime.now(UTC).isoformat().encode())

    def clear(self) -> None:
        """Forget the tries: one of them succeeded."""
        for key in (*self._others(), self._mine):
            self._store.delete(key)

    def _others(self) -> list[str]:
        return [key for key in self._store.keys(self._folder) if key != self._mine]
