"""Outcome: how a bench run had begun and ended, by digest; a candidate notes it of each that it was proposed with."""

from __future__ import annotations

from collections.abc import Iterator

from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.runtime.manifest import MANIFEST_NAME
from simgate.core.storage.store import Store

FAILURE_NAME = "failure.json"
STARTED_NAME = "started.json"


def outcome(store: Store, folder: str) -> str:
    """Return the digest of an attempt's start and of its end, which is its manifest, its failure, or nothing yet."""
    end = next((name for name in (MANIFEST_NAME, FAILURE_NAME) if store.exists(f"{folder}/{name}")), "")
    return _digest(store, folder, end)


def outcome_problems(store: Store, folder: str, noted: str) -> Iterator[str]:
    """Compare an attempt with the note of it; one that was running then may have ended since, in any way."""
    if not store.exists(f"{folder}/{STARTED_NAME}"):
        yield f"observation {folder} was there when the candidate was proposed, and is gone"
    elif noted not in (outcome(store, folder), _digest(store, folder, "")):
        yield f"observation {folder} began or ended in another way when the candidate was proposed"


def _digest(store: Store, folder: str, end: str) -> str:
    names = (STARTED_NAME, end) if end else (STARTED_NAME,)
    return sha256_hex(canonical_json({name: store.digest(f"{folder}/{name}") for name in names}))
