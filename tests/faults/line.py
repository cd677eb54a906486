"""What fault tests do over a bad line, and what must hold afterwards; `calm` is the same store by a good one."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from simgate.core.documents.artifact import Artifact
from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import AlreadyExists
from simgate.core.storage.journal import Journal
from simgate.core.storage.patience import Patience
from simgate.core.storage.store import Store
from simgate.core.storage.transfer import PART_BYTES

SEED = int(os.environ.get("SIMGATE_TEST_SEED", str(random.SystemRandom().randrange(10**9))))
"""Random cuts are drawn from it; every failure prints it."""
IMPATIENT = Patience(connect_s=1, request_s=2, retry_s=1, first_s=1, give_up_s=1.5)
LARGE = random.Random(1).randbytes(PART_BYTES + 500_000)
"""Two parts."""
Work: TypeAlias = Callable[[Store, Store, Path], None]


def large_artifact() -> Artifact:
    return Artifact(
        name="large", uri="a/large", sha256=sha256_hex(LARGE), size_bytes=len(LARGE), media_type="x/y"
    )  # fmt: skip


def put_whole(store: Store, calm: Store, folder: Path) -> None:
    store.put("a/large", source(folder))
    assert calm.digest("a/large") == sha256_hex(LARGE)


def fetch_whole(store: Store, calm: Store, folder: Path) -> None:
    if not calm.exists("a/large"):
        calm.put("a/large", source(folder))
    assert store.fetch(large_artifact(), folder / "out").read_bytes() == LARGE


def create_once(store: Store, calm: Store, _folder: Path) -> None:
    data = os.urandom(3000)
    calm.delete("a/x")
    store.create("a/x", data)
    assert calm.get("a/x") == data
    with pytest.raises(AlreadyExists):
        store.create("a/x", b"other")


def append_once(store: Store, calm: Store, _folder: Path) -> None:
    before = [entry.id for entry in Journal(calm, "j").entries()]
    entry = Journal(store, "j").append({"number": len(before)})
    assert [entry.id for entry in Journal(calm, "j").entries()] == [*before, entry.id]


def source(folder: Path) -> Path:
    """LARGE as a file."""
    path = folder / "large"
    if not path.exists():
        path.write_bytes(LARGE)
    return path
