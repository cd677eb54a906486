"""Manifest + hash throughput: keeping a large output and committing it, against `sha256sum` of the same file."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from simgate.core.identity.key import key_parts
from simgate.core.runtime.attempt import Attempt
from simgate.core.runtime.statement import statement
from simgate.core.storage.store import Store
from tests.bench.tables import middle, publish
from tests.probe_jobs import probe_job

SIZE_BYTES = 512 * 1024 * 1024
ROUNDS = 5


def test_commit_throughput_against_sha256sum(tmp_path: Path) -> None:
    source = tmp_path / "large.bin"
    with source.open("wb") as file:
        for _ in range(SIZE_BYTES // (1024 * 1024)):
            file.write(os.urandom(1024 * 1024))
    pairs = [
        (_sha256sum(source), _commit(tmp_path / f"store-{number}", source, number), _read(tmp_path / f"store-{number}"))
        for number in range(ROUNDS)
    ]
    mb = SIZE_BYTES / 1e6
    rows = [
        {"what": "sha256sum", "MB/s": middle([mb / s for s, _, _ in pairs]), "ratio": 1.0},
        {
            "what": "hash, copy into the store, manifest, memo",
            "MB/s": middle([mb / c for _, c, _ in pairs]),
            "ratio": middle([s / c for s, c, _ in pairs]),
        },
        {
            "what": "read back, checked",
            "MB/s": middle([mb / r for _, _, r in pairs]),
            "ratio": middle([s / r for s, _, r in pairs]),
        },
    ]
    publish("commit", rows, note="512 MiB, pair by pair")


def _sha256sum(source: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["sha256sum", str(source)], check=True, capture_output=True)
    return time.perf_counter() - began


def _commit(folder: Path, source: Path, seed: int) -> float:
    store = Store(str(folder))
    job = probe_job(seed)
    parts = key_parts(job, ())
    began = time.perf_counter()
    attempt = Attempt(store, job, parts, ())
    attempt.put("large.bin", source, "application/octet-stream")
    attempt.commit(
        statement(
            attempt, parts, (), place="local", started_on="2026-01-01T00:00:00Z", finished_on="2026-01-01T00:00:00Z"
        )
    )
    return time.perf_counter() - began


def _read(folder: Path) -> float:
    store = Store(str(folder))
    (key,) = [key for key in store.keys("runs") if key.endswith("large.bin")]
    began = time.perf_counter()
    store.digest(key)
    return time.perf_counter() - began
