"""Stores of both kinds for one test: a folder, and a prefix of the real MinIO."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from simgate.core.storage.credentials import ROLE_KEYS
from simgate.core.storage.store import Store
from tests.servers.minio import MinioServer

NewStore: TypeAlias = Callable[[str], Store]


@pytest.fixture(params=["file", "s3"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NewStore:
    """Makes empty stores by name; a process that the test starts may write them too."""
    if request.param == "file":
        return lambda name: Store(str(tmp_path / name))
    server: MinioServer = request.getfixturevalue("minio")
    monkeypatch.setenv(ROLE_KEYS, str(server.keys_folder))
    room = secrets.token_hex(6)
    return lambda name: server.store(f"{room}/{name}")


def overwrite(store: Store, key: str, data: bytes) -> None:
    """Damage an object, as a faulty disk or somebody with too many rights would."""
    store.put(key, data)
