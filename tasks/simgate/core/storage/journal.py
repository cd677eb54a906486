"""Journal: numbered, create-only entries, each holding the digest of the one before. The only mechanism of order.

An entry lies in the store bare, or in the DSSE envelope that signs it: one object either way, so that no crash leaves
an entry without its signature. Digests and the chain are over the entry's own bytes in both cases.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from simgate.core.documents.artifact import Sha256
from simgate.core.documents.canonical import parse_json, sha256_hex
from simgate.core.documents.document import Document
from simgate.core.errors import AlreadyExists, Damaged, DigestMismatch, InputError, NotFound, StoreError
from simgate.core.identity.signature import MAX_ENVELOPE_BYTES, Envelope, Signer
from simgate.core.storage.store import Store

MAX_RACES = 200


class Entry(Document):
    """One line of a journal."""

    version: Literal[1] = 1
    seq: int = Field(ge=1)
    id: str
    """Chosen by the writer: how it knows its own entry again."""
    previous: Sha256 | None
    """Digest of the entry before; None for the first alone."""
    at: AwareDatetime
    """Time of writing, UTC; never before that of the entry it follows."""
    body: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Digest of the entry's own bytes: the head's is the journal's."""
        return sha256_hex(self.to_json())


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as it lies in the store."""

    entry: Entry
    envelope: Envelope | None
    """None: it is not signed."""

    def to_json(self) -> bytes:
        """Return the bytes as they lie in the store: the envelope where the entry is signed, else the entry."""
        return self.envelope.to_json() if self.envelope else self.entry.to_json()


class Journal:
    """Entries `<prefix>/<seq>.json`; the highest is the head. With a signer, each new entry is signed."""

    def __init__(self, store: Store, prefix: str, signer: Signer | None = None) -> None:
        self.store = store
        self.prefix = prefix
        self.signer = signer

    @property
    def entry_type(self) -> str:
        """Media type under which entries are signed; it names the journal, so that none passes as another's entry."""
        return f'application/vnd.simgate.entry.v1+json;journal="{self.prefix}"'

    def key(self, seq: int) -> str:
        """Return the key of an entry; its number has twelve digits, so that listings sort."""
        return f"{self.prefix}/{seq:012d}.json"

    def head(self) -> Entry | None:
        """Return the newest entry, or None for an empty journal."""
        head = self._head()
        return head.entry if head else None

    def entries(self) -> Iterator[Entry]:
        """Yield every entry from the first on; a gap or a broken chain raises."""
        return (line.entry for line in self.lines())

    def lines(self) -> Iterator[Line]:
        """Read every entry with its envelope and check the chain; the signatures are not judged here."""
        before: Entry | None = None
        for expected, key in enumerate(self._keys(), start=1):
            line = self._read(key)
            _check_link(self.prefix, before, line.entry, expected)
            before = line.entry
            yield line

    def line(self, seq: int) -> Line:
        """Read one entry with its envelope."""
        return self._read(self.key(seq))

    def envelope(self, seq: int) -> Envelope | None:
        """Return the envelope of one entry, or None where it is not signed."""
        return self.line(seq).envelope

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry of that id, or None."""
        return next((entry for entry in self.entries() if entry.id == entry_id), None)

    def append(
        self, body: dict[str, Any], *, entry_id: str = "", check: Callable[[Entry | None], None] | None = None
    ) -> Entry:
        """Add one entry after the newest and return it; an entry with the same id is returned, not added again."""
        entry_id = entry_id or secrets.token_hex(16)
        found = self.find(entry_id)
        if found is not None:
            return found
        for _ in range(MAX_RACES):
            head = self._head()
            if check is not None:
                check(head.entry if head else None)
            entry = _follow(head.entry if head else None, entry_id, body)
            try:
                self.store.create(self.key(entry.seq), self._sealed(entry, head).to_json())
                return entry
            except AlreadyExists:
                # The winner of this number may be an earlier try of ours whose answer was lost.
                taken = self._read(self.key(entry.seq)).entry
                if taken.id == entry_id:
                    return taken
                if (found := self.find(entry_id)) is not None:
                    return found
        raise StoreError(f"journal {self.prefix} is too busy", actual=f"{MAX_RACES} lost races", remedy="try again")

    def draft(self, body: dict[str, Any], entry_id: str) -> Line:
        """Return the entry that `append` would add now, signed where it would be; nothing is written."""
        head = self._head()
        return self._sealed(_follow(head.entry if head else None, entry_id, body), head)

    def _sealed(self, entry: Entry, head: Line | None) -> Line:
        if self.signer is not None:
            return Line(entry, self.signer.sign(entry.to_json(), self.entry_type))
        if head is not None and head.envelope is not None:
            # One unsigned entry would make the journal worthless to whoever demands signatures.
            raise InputError(
                f"journal {self.prefix} is signed and this process has no signing key",
                remedy="let SIMGATE_ROLE_KEYS name the folder of the role that writes it",
            )
        return Line(entry, None)

    def _head(self) -> Line | None:
        keys = self._keys()
        return self._read(keys[-1]) if keys else None

    def _keys(self) -> list[str]:
        return [
            key
            for key in self.store.keys(self.prefix)
            if key.endswith(".json") and key.count("/") == self.prefix.count("/") + 1
        ]

    def _read(self, key: str) -> Line:
        try:
            data = self.store.get(key, max_bytes=MAX_ENVELOPE_BYTES)
        except NotFound as error:
            raise Damaged(f"journal entry {key} vanished", remedy="restore the store from a backup") from error
        line = self._line(data, what=f"journal entry {key}")
        if self.key(line.entry.seq) != key:
            # An older entry, signed and all, that somebody put at the end would be the newest.
            raise Damaged(
                f"journal entry {key} lies in another's place", actual=f"entry {line.entry.seq}",
                expected="the entry of its number", remedy="restore the store from a backup",
            )  # fmt: skip
        return line

    def _line(self, data: bytes, *, what: str) -> Line:
        value = parse_json(data, what=what, max_bytes=MAX_ENVELOPE_BYTES)
        if not isinstance(value, dict) or "payloadType" not in value:
            return Line(Entry.from_value(value, what=what), None)
        envelope = Envelope.from_value(value, what=f"envelope of {what}")
        if envelope.payload_type != self.entry_type:
            raise Damaged(f"{what} belongs elsewhere", actual=envelope.payload_type, expected=self.entry_type)
        entry = Entry.from_json(envelope.body, what=what)
        if entry.to_json() != envelope.body:
            raise Damaged(f"{what} is not spelled canonically", remedy="restore the store from a backup")
        return Line(entry, envelope)


def _follow(head: Entry | None, entry_id: str, body: dict[str, Any]) -> Entry:
    now = datetime.now(UTC)
    if head is None:
        return Entry(seq=1, id=entry_id, previous=None, at=now, body=body)
    # A clock that runs back must not reorder history.
    return Entry(seq=head.seq + 1, id=entry_id, previous=head.sha256, at=max(now, head.at), body=body)


def _check_link(prefix: str, before: Entry | None, entry: Entry, expected: int) -> None:
    if entry.seq != expected:
        raise Damaged(f"journal {prefix} has a gap", actual=f"entry {entry.seq}", expected=f"entry {expected}")
    digest = before.sha256 if before else None
    if entry.previous != digest:
        raise DigestMismatch(
            f"journal {prefix} is broken at entry {entry.seq}",
            actual=f"previous {entry.previous}",
            expected=f"{digest}",
        )
    if before and entry.at < before.at:
        raise Damaged(f"journal {prefix} runs backwards at entry {entry.seq}")
