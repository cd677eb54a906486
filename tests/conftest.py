"""Fixtures that many tests share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from simgate.core.storage.store import Store
from tests.grouping import Grouping
from tests.servers.guarded import guarded
from tests.servers.kubernetes.fixture import cluster, probe_image
from tests.servers.minio import minio, own_minio
from tests.servers.stores import new_store
from tests.tiny_pipeline import ROOT, run_pipeline

__all__ = ["cluster", "guarded", "minio", "new_store", "own_minio", "probe_image"]
os.environ.setdefault("WARP_CACHE_PATH", str(Path.home() / ".cache/simgate/warp"))


@pytest.fixture(scope="session")
def tiny_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store in which every real stage ran once, up to the candidate. Read it; copy it before you write."""
    folder = tmp_path_factory.mktemp("tiny")
    store = Store(str(folder / "store"))
    done = run_pipeline(store, folder, "--scenes", str(ROOT / "examples/demo/scenes"))
    assert done.returncode == 0, done.stdout + done.stderr
    return store


@pytest.fixture
def tiny_copy(tiny_store: Store, tmp_path: Path) -> Store:
    """The same, to be damaged."""
    shutil.copytree(tiny_store.url, tmp_path / "store")
    return Store(str(tmp_path / "store"))


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Grouping:
    """How `-n` deals the tests out."""
    return Grouping(config, log)
