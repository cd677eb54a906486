"""A forger: somebody who may write every file of a store, and knows how its digests are made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simgate.core.documents.canonical import canonical_json
from simgate.core.identity.signature import Envelope, Signer
from simgate.core.storage.journal import Entry, Journal
from simgate.core.storage.store import Store

Change = Callable[[dict[str, Any]], None]


def path(store: Store, key: str) -> Path:
    """The object itself."""
    return Path(store.url) / key


def newest(store: Store, prefix: str) -> str:
    """Key of a journal's newest entry."""
    return sorted(store.keys(prefix))[-1]


def rewrite(store: Store, prefix: str, seq: int, change: Change, signer: Signer | None = None) -> None:
    """Change one entry of a journal, and every later one so that the chain fits again."""
    journal = Journal(store, prefix)
    before: Entry | None = None
    for line in list(journal.lines()):
        value = line.entry.model_dump(mode="json")
        if line.entry.seq == seq:
            change(value)
        if line.entry.seq > seq and before is not None:
            value["previous"] = before.sha256
        before = Entry.from_value(value, what="forged entry")
        write_entry(store, prefix, before, signer)


def write_entry(store: Store, prefix: str, entry: Entry, signer: Signer | None = None) -> None:
    """Put an entry where its number says, signed by whoever."""
    journal = Journal(store, prefix)
    data = entry.to_json()
    sealed = data if signer is None else signer.sign(data, journal.entry_type).to_json()
    place = path(store, journal.key(entry.seq))
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(sealed)


def append(store: Store, prefix: str, change: Change, *, gap: int = 0, signer: Signer | None = None) -> None:
    """A copy of the newest entry, changed, put at the end, or `gap` numbers after it."""
    head = list(Journal(store, prefix).entries())[-1]
    value = json.loads(head.to_json())
    value.update(seq=head.seq + 1 + gap, previous=head.sha256, id=f"forged-{head.seq}")
    change(value)
    write_entry(store, prefix, Entry.from_value(value, what="forged entry"), signer)


def edit_json(place: Path, change: Change) -> None:
    """Change a bare JSON file, spelled canonically."""
    value = json.loads(place.read_bytes())
    change(value)
    place.write_bytes(canonical_json(value))


def body_of(place: Path) -> dict[str, Any]:
    """What an object says, whether it is signed or not."""
    value: dict[str, Any] = json.loads(place.read_bytes())
    if "payloadType" in value:
        value = json.loads(Envelope.from_value(value, what="envelope").body)
    return value
