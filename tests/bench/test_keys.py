"""Keys of 500 jobs: what planning costs before anything runs, the store's answers at hand."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from simgate.core.runtime.job import SnapshotInput
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, make_job, parts_of
from simgate.plan.slot_name import ShardName, SlotName
from simgate.specs.generate import GenerateSpec
from tests.bench.tables import middle, publish
from tests.demo_recipes import demo_dataset_recipe

JOBS = 500
ROUNDS = 5
MOST_S = 1.0


def test_keys_of_500_jobs_are_computed_within_a_second(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    first, hashed = _keys_s(store)
    again = [_keys_s(store) for _ in range(ROUNDS)]
    rows = [
        _row("the first time in a process: every module is parsed", first, first / hashed),
        _row("again", middle([s for s, _ in again]), middle([s / bare for s, bare in again])),
    ]
    publish("keys", rows, note=f"specs, jobs and keys of {JOBS} shards; the limit is {MOST_S:g} s")
    assert first <= MOST_S


def _row(what: str, s: float, of_hashing: float) -> dict[str, str | float]:
    return {"what": what, "s": s, "of the limit": s / MOST_S, "of hashing the jobs' bytes once": of_hashing}


def _keys_s(store: Store) -> tuple[float, float]:
    """Seconds of all keys, and of one SHA-256 of each job's bytes: the least that a key could cost."""
    recipe = demo_dataset_recipe()
    began = time.perf_counter()
    slots = [_slot(recipe.simulation.model_dump(), number) for number in range(JOBS)]
    keys = {parts_of(store, slot).run_key for slot in slots}
    took_s = time.perf_counter() - began
    assert len(keys) == JOBS
    written = [slot.job.to_json() for slot in slots]
    began = time.perf_counter()
    assert len({hashlib.sha256(data).hexdigest() for data in written}) == JOBS
    return took_s, time.perf_counter() - began


def _slot(simulation: dict[str, object], number: int) -> Slot:
    name = ShardName(scene="office", first_episode=number, episodes=1)
    spec = GenerateSpec.model_validate({**simulation, **name.model_dump()})
    inputs = [SnapshotInput(sha256="0" * 64)]
    job = make_job("generate", spec, inputs, domain="main", run_record="plans/main/bench")
    return Slot(SlotName(stage="generate", shard=name), job)
