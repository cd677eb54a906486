"""Many: independent reads of the store at the same time; over S3 each is a round trip of milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
WIDTH = 16
"""Reads in flight; more would ask for more connections than a small server keeps open."""


def at_once(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Return the results in the items' order; of several errors the first in that order is raised, none is lost."""
    if len(items) <= 1:
        return [work(item) for item in items]
    # Ended before this returns: a process that forks afterwards has no thread to lose.
    with ThreadPoolExecutor(min(WIDTH, len(items)), thread_name_prefix="store") as pool:
        return list(pool.map(work, items))
