"""CountingStore: the real store, and how often it was asked."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from simgate.core.storage.store import Store


class CountingStore(Store):
    """Counts calls, by what they cost on S3: each is at least one round trip; `latency_s` makes them as slow."""

    def __init__(self, url: str, *more: Any, latency_s: float = 0.0) -> None:
        super().__init__(url, *more)
        self.calls: Counter[str] = Counter()
        self.peak = 0
        """Most calls that were under way at the same time."""
        self._latency_s = latency_s
        self._under_way = 0
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """Calls of every kind."""
        return self.calls.total()

    def _count(self, what: str) -> None:
        with self._lock:
            self.calls[what] += 1
            self._under_way += 1
            self.peak = max(self.peak, self._under_way)
        time.sleep(self._latency_s)
        with self._lock:
            self._under_way -= 1

    def get(self, key: str, **limits: int) -> bytes:
        self._count("get")
        return super().get(key, **limits)

    def create(self, key: str, data: bytes) -> None:
        self._count("create")
        super().create(key, data)

    def put(self, key: str, data: bytes | Path) -> str:
        self._count("put")
        return super().put(key, data)

    def exists(self, key: str) -> bool:
        self._count("exists")
        return super().exists(key)

    def keys(self, prefix: str) -> list[str]:
        self._count("keys")
        return super().keys(prefix)

    def delete(self, key: str) -> None:
        self._count("delete")
        super().delete(key)
