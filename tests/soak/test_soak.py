"""Kills, races and reruns at random points until the time is up; prints its seed and what it did."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.journal import Journal
from simgate.core.storage.memo import committed, memo_key
from simgate.core.storage.store import Store
from simgate.plan.jobs import parts_of, write_jobs
from tests.probe_jobs import probe_job, read_back, result, run, start, submit
from tests.servers.cache import say
from tests.stops import check, count, stopped
from tests.tiny_pipeline import slot_of

MINUTES = float(os.environ.get("SIMGATE_SOAK_MINUTES", "10"))
SEED = int(os.environ.get("SIMGATE_SOAK_SEED", "1"))
REAL_STAGES = ("index", "generate", "validate", "train", "evaluate", "export", "hil")
WRITER = """
import sys
from simgate.core.storage.journal import Journal
from simgate.core.storage.store import Store
journal = Journal(Store(sys.argv[1]), "j")
for number in range(20):
    journal.append({"writer": sys.argv[2], "number": number}, entry_id=f"{sys.argv[2]}-{number}")
"""


def kill(process: subprocess.Popen[str]) -> None:
    """End a stage and everything it started, without warning."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def probe_round(draws: random.Random, folder: Path, _tiny: Store) -> None:
    """One probe killed or preempted a few times, then finished: the bytes of an undisturbed one."""
    seed = draws.randrange(1_000_000)
    store, calm = Store(str(folder / "store")), Store(str(folder / "calm"))
    job = probe_job(seed, files=draws.randint(1, 8), size_bytes=draws.choice((1, 1000, 1_000_000)), step_s=0.05)
    key = submit(store, job)
    for _ in range(draws.randint(1, 3)):
        process = start(store, key)
        time.sleep(draws.uniform(0.2, 2.0))
        if draws.random() < 0.7:
            kill(process)
        else:
            process.send_signal(signal.SIGTERM)
            process.communicate()
            # Ended by the signal itself where it came before the interpreter was up; a shell calls that 143 as well.
            assert process.returncode in (0, 143, -signal.SIGTERM)
    assert run(store, key).returncode == 0
    assert run(calm, submit(calm, job)).returncode == 0
    ours, theirs = result(store, job), result(calm, job)
    assert ours is not None
    assert theirs is not None
    assert read_back(store, ours) == read_back(calm, theirs)


def race_round(draws: random.Random, folder: Path, _tiny: Store) -> None:
    """Several processes on one key: one memo, all attempts whole."""
    store = Store(str(folder / "store"))
    job = probe_job(draws.randrange(1_000_000), files=3, step_s=draws.uniform(0, 0.2))
    key = submit(store, job)
    racers = [start(store, key) for _ in range(draws.randint(2, 4))]
    for racer in racers:
        racer.communicate(timeout=120)
    assert [racer.returncode for racer in racers] == [0] * len(racers)
    assert len(store.keys("memo")) == 1


def journal_round(draws: random.Random, folder: Path, _tiny: Store) -> None:
    """Writers that race and are killed: one chain, no entry twice."""
    command = [sys.executable, "-c", WRITER, str(folder / "store")]
    writers = [subprocess.Popen([*command, f"w{number}"], start_new_session=True, text=True) for number in range(4)]
    time.sleep(draws.uniform(0.2, 2.0))
    kill(writers[0])
    assert subprocess.run([*command, "w0"]).returncode == 0
    assert [writer.wait(timeout=120) for writer in writers[1:]] == [0, 0, 0]
    entries = list(Journal(Store(str(folder / "store")), "j").entries())
    assert len(entries) == len({entry.id for entry in entries}) == 80


def stop_round(draws: random.Random, folder: Path, _tiny: Store) -> None:
    """A stop between two random instructions of a stage's life, fifty times: failure.json or a commit."""
    store, how = Store(str(folder / "store")), draws.choice(("polls", "at-once"))
    points = draws.sample(range(1, count(store, "opcodes", how) + 1), 50)
    for ended in stopped(store, "opcodes", how, draws.choice(("once", "again")), points):
        check(store, ended)


def real_round(draws: random.Random, folder: Path, tiny: Store) -> None:
    """One real stage killed at a random point, then finished: the bytes of the undisturbed run."""
    shutil.copytree(tiny.url, folder / "store")
    store = Store(str(folder / "store"))
    stage = draws.choice(REAL_STAGES)
    slot = slot_of(store, stage)
    before = committed(store, slot.job, parts_of(store, slot).run_key)
    assert before is not None
    expected = _bitwise(store, read_manifest(store, before))
    store.delete(memo_key(slot.job, parts_of(store, slot).run_key))
    (key,) = write_jobs(store, "plans/main/soak", [slot])
    process = start(store, key, stage=stage)
    time.sleep(draws.uniform(0.5, 12.0))
    kill(process)
    done = run(store, key, stage=stage)
    assert done.returncode == 0, f"{stage}: {done.stderr[-2000:]}"
    after = committed(store, slot.job, parts_of(store, slot).run_key)
    assert after is not None
    assert _bitwise(store, read_manifest(store, after)) == expected, stage


def _bitwise(store: Store, manifest: Manifest) -> dict[str, str]:
    return {item.name: store.digest(item.uri) for item in manifest.subject if item.annotations.determinism == "bitwise"}


ROUNDS: tuple[Callable[[random.Random, Path, Store], None], ...] = (
    probe_round,
    race_round,
    journal_round,
    stop_round,
    real_round,
    real_round,
)


def test_soak(tmp_path: Path, tiny_store: Store) -> None:
    end = time.monotonic() + MINUTES * 60
    draws, done = random.Random(SEED), Counter[str]()
    while time.monotonic() < end:
        round_ = draws.choice(ROUNDS)
        folder = tmp_path / f"round-{sum(done.values())}"
        folder.mkdir()
        try:
            round_(draws, folder, tiny_store)
        except BaseException:
            say(f"SEED={SEED} failed in round {sum(done.values())} ({round_.__name__}); kept in {folder}")
            raise
        shutil.rmtree(folder)
        done[round_.__name__] += 1
        say(f"soak: {dict(done)}, {max(0, end - time.monotonic()):.0f} s left")
    assert done
