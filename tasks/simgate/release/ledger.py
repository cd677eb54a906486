"""Ledger: the journal of releases. "What was live at T" is a walk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from simgate.core.errors import DigestMismatch, NotFound
from simgate.core.journal import Entry, Journal, Line
from simgate.core.signature import Signer
from simgate.core.store import Store
from simgate.release.entry import EMPTY, LedgerBody, LedgerEntry, LiveModel, State


class Ledger:
    """`ledger/<model>`; with a signer, new entries are signed."""

    def __init__(self, store: Store, model: str, signer: Signer | None = None) -> None:
        self.model = model
        self._journal = Journal(store, f"ledger/{model}", signer)

    def head(self) -> LedgerEntry | None:
        """The newest entry."""
        entry = self._journal.head()
        return _entry(entry) if entry else None

    @property
    def state(self) -> State:
        """What holds now."""
        head = self.head()
        return head.after if head else EMPTY

    def history(self) -> Iterator[LedgerEntry]:
        """Every entry, oldest first, the chain checked."""
        return (_entry(entry) for entry in self._journal.entries())

    def lines(self) -> Iterator[Line]:
        """Every entry as it lies in the store, with its signature, oldest first, the chain checked."""
        return self._journal.lines()

    def live(self, channel: str, at: datetime | None = None) -> LiveModel | None:
        """What a channel serves, now or at any time; None where nothing was live."""
        state = self.state if at is None else self._state_at(at)
        found = state.channels.get(channel)
        return found.live if found else None

    def _state_at(self, at: datetime) -> State:
        state = EMPTY
        for entry in self.history():
            if entry.at > at:
                break
            state = entry.after
        return state

    def append(
        self, entry_id: str, make: Callable[[LedgerEntry | None], LedgerBody], *, replaces: str | None = None
    ) -> LedgerEntry:
        """Add a decision made from the head that it follows; with `replaces`, only onto that very head."""
        found = self._journal.find(entry_id)
        if found is not None:
            return _entry(found)
        while True:
            head = self.head()
            if replaces is not None and (head.sha256 if head else "") != replaces:
                raise DigestMismatch(
                    "the ledger moved on",
                    actual=head.sha256 if head else "empty",
                    expected=replaces or "empty",
                    remedy="propose again",
                )
            body = make(head)
            try:
                return _entry(
                    self._journal.append(body.model_dump(mode="json"), entry_id=entry_id, check=_only_after(head))
                )
            except _Moved:
                continue

    def verify(self, head_sha256: str | None = None) -> None:
        """Walk the chain; with a digest, also that this entry is in it: a cut tail is noticed."""
        digests = [entry.sha256 for entry in self.history()]
        if head_sha256 is not None and head_sha256 not in digests:
            raise NotFound(
                f"ledger {self.model} has lost entries",
                actual=f"{len(digests)} entries",
                expected=f"one with digest {head_sha256}",
            )


class _Moved(Exception):
    """Another writer was faster."""


def _only_after(head: LedgerEntry | None) -> Callable[[Entry | None], None]:
    seen = head.sha256 if head else None

    def check(found: Entry | None) -> None:
        if (found.sha256 if found else None) != seen:
            raise _Moved

    return check


def _entry(entry: Entry) -> LedgerEntry:
    value = {
        **entry.body,
        "seq": entry.seq,
        "id": entry.id,
        "at": entry.at.isoformat(),
        "previous": entry.previous,
        "sha256": entry.sha256,
    }
    return LedgerEntry.from_value(value, what=f"ledger entry {entry.seq}")
