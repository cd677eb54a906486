"""kill -9 at random points: nothing half-made is ever seen, and a rerun gives the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time

import pytest

from tests.probe_jobs import attempt_folders, probe_job, read_back, result, run, start, submit
from tests.servers.stores import NewStore

KILLS = {"file": int(os.environ.get("SIMGATE_TEST_KILLS", "20")), "s3": 8}
"""By kind of store; over a bucket the soak kills more."""
SEED = int(os.environ.get("SIMGATE_TEST_SEED", "20261121"))


@pytest.fixture
def whole(new_store: NewStore) -> tuple[dict[str, bytes], float]:
    """Outputs of an undisturbed run, and how long it took."""
    store = new_store("whole")
    job = probe_job(7, files=4, step_s=0.02)
    began = time.monotonic()
    assert run(store, submit(store, job)).returncode == 0
    manifest = result(store, job)
    assert manifest is not None
    return read_back(store, manifest), time.monotonic() - began


def test_kills_leave_nothing_half_made_and_a_rerun_is_bit_identical(
    new_store: NewStore, whole: tuple[dict[str, bytes], float]
) -> None:
    outputs, wall_s = whole
    kills = KILLS["s3" if new_store("store").url.startswith("s3://") else "file"]
    draws = random.Random(SEED)
    killed = 0
    for number in range(kills):
        store = new_store(f"store-{number}")
        job = probe_job(7, files=4, step_s=0.02)
        key = submit(store, job)
        process, began = start(store, key), time.monotonic()
        try:
            process.wait(wall_s * draws.uniform(0.3, 1.05))
            wall_s = time.monotonic() - began  # the machine was busier when the time was taken
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        seen = result(store, job)
        # Either nothing happened, or all of it did.
        assert seen is None or read_back(store, seen) == outputs
        assert run(store, key).returncode == 0
        again = result(store, job)
        assert again is not None
        assert read_back(store, again) == outputs
    assert killed >= kills // 2, f"seed {SEED}: only {killed} of {kills} kills hit a living process"


def test_a_killed_attempt_is_told_from_a_failed_one(new_store: NewStore) -> None:
    store = new_store("store")
    job = probe_job(3, files=100, step_s=0.1)
    process = start(store, submit(store, job))
    while not attempt_folders(store, job):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    (folder,) = attempt_folders(store, job)
    assert not store.exists(f"{folder}/failure.json")
    assert not store.exists(f"{folder}/manifest.json")
