"""Scratch: checkpoints of one key, numbered, digest in the name; the newest valid one wins. Never evidence."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from simgate.core.errors import DigestMismatch, NotFound
from simgate.core.storage.store import Store

_NAME = re.compile(r"/(\d{9})-([0-9a-f]{64})$")
KEEP = 2


@dataclass(frozen=True)
class _Checkpoint:
    uri: str
    sha256: str
    number: int


class Scratch:
    """`scratch/<domain>/<run_key>/<number>-<sha256>`."""

    def __init__(self, store: Store, domain: str, run_key: str) -> None:
        self._store = store
        self._prefix = f"scratch/{domain}/{run_key}"

    def save(self, number: int, path: Path) -> None:
        """Keep a checkpoint; all but the newest two are removed."""
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self._store.put(f"{self._prefix}/{number:09d}-{sha256}", path)
        for old in self._checkpoints()[KEEP:]:
            self._store.delete(old.uri)

    def latest(self, to: Path) -> int | None:
        """Fetch the newest valid checkpoint to `to` and return its number; None where there is none."""
        for checkpoint in self._checkpoints():
            try:
                self._store.fetch(checkpoint, to)
                return checkpoint.number
            except (DigestMismatch, NotFound):
                continue  # torn or pruned by another attempt: the one before it is as good
        return None

    def clear(self) -> None:
        """Remove all checkpoints: the memo is there."""
        for checkpoint in self._checkpoints():
            self._store.delete(checkpoint.uri)

    def _checkpoints(self) -> list[_Checkpoint]:
        found = ((key, _NAME.search(key)) for key in self._store.keys(self._prefix))
        checkpoints = [_Checkpoint(key, match.group(2), int(match.group(1))) for key, match in found if match]
        return sorted(checkpoints, key=lambda checkpoint: -checkpoint.number)
