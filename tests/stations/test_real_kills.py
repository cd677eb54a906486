"""kill -9 of every real stage at random points: a rerun gives the same bytes, and nothing half-made is ever seen."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simgate.core.identity.environment import Observed
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.memo import committed, memo_key
from simgate.core.storage.store import Store
from simgate.plan.dataset import plan_dataset
from simgate.plan.jobs import Slot, parts_of, write_jobs
from simgate.plan.record import Trigger
from simgate.plan.release import plan_release
from simgate.release.approval import REJECT
from simgate.release.candidate import candidates
from simgate.release.decision import Word, quarantine
from simgate.release.policy import Policy
from simgate.release.settle import settle
from tests.probe_jobs import run, start
from tests.release_chain import answer
from tests.tiny_pipeline import ROOT, dataset_recipe, release_recipe, run_pipeline, slot_of

KILLS = int(os.environ.get("SIMGATE_TEST_REAL_KILLS", "3"))
SEED = int(os.environ.get("SIMGATE_TEST_SEED", "20261121"))
REAL_STAGES = ("index", "generate", "validate", "train", "evaluate", "export", "hil")


def manifest_of(store: Store, slot: Slot) -> Manifest | None:
    ref = committed(store, slot.job, parts_of(store, slot).run_key)
    return read_manifest(store, ref) if ref else None


def process_s(store: Store, manifest: Manifest) -> float:
    """How long the stage's process lived, as it observed itself."""
    cost = Observed.from_json(store.read(manifest.artifact("observed.json")), what="observed").cost
    return cost.cold_start_s + cost.wall_s


def bitwise(store: Store, manifest: Manifest) -> dict[str, bytes]:
    """The outputs that are declared bitwise."""
    declared = {item.name for item in manifest.subject if item.annotations.determinism == "bitwise"}
    return {name: data for name, data in read_back_large(store, manifest).items() if name in declared}


def read_back_large(store: Store, manifest: Manifest) -> dict[str, bytes]:
    return {item.name: store.read(item, max_bytes=1_000_000_000) for item in manifest.artifacts}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("stage", REAL_STAGES)
def test_kills_then_a_rerun_give_the_same_bytes(tiny_copy: Store, stage: str) -> None:
    slot = slot_of(tiny_copy, stage)
    first = manifest_of(tiny_copy, slot)
    assert first is not None
    expected = bitwise(tiny_copy, first)
    tiny_copy.delete(memo_key(slot.job, first.run_key))
    (key,) = write_jobs(tiny_copy, "plans/main/kills", [slot])
    draws = random.Random(f"{SEED} {stage}")
    wall_s = process_s(tiny_copy, first)
    killed = 0
    for _ in range(KILLS):
        process = start(tiny_copy, key, stage=stage)
        began = time.monotonic()
        try:
            process.wait(draws.uniform(0.1, 0.9) * wall_s)
            wall_s = time.monotonic() - began  # the machine was busier when the stage took its own time
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        seen = manifest_of(tiny_copy, slot)
        assert seen is None or bitwise(tiny_copy, seen) == expected, f"seed {SEED}"
        tiny_copy.delete(memo_key(slot.job, first.run_key))
    assert killed, f"seed {SEED}: no kill hit a living process within {wall_s:.1f} s"
    done = run(tiny_copy, key, stage=stage)
    assert done.returncode == 0, done.stderr[-3000:]
    again = manifest_of(tiny_copy, slot)
    assert again is not None
    assert bitwise(tiny_copy, again) == expected
    assert again.content_digest == first.content_digest or stage == "hil"


@pytest.mark.timeout(600)
def test_a_second_walk_by_hand_executes_nothing_but_the_observation(tiny_copy: Store) -> None:
    before = pure(tiny_copy)
    done = run_pipeline(tiny_copy, Path(tiny_copy.url).parent / "again")
    assert done.returncode == 0, done.stderr
    assert pure(tiny_copy) == before


def test_nothing_changed_plans_no_run_of_either_pipeline(tiny_copy: Store) -> None:
    hint = Trigger(kind="push", who="", detail="", at=datetime.now(UTC))
    policy = Policy.load(ROOT / "examples/demo/policy.yaml")
    again: dict[str, Any] = {"domain": "main", "run": "again", "triggers": [hint]}
    assert plan_dataset(tiny_copy, recipe=dataset_recipe(), **again) is None
    assert plan_release(tiny_copy, recipe=release_recipe(), policy=policy, **again) is None


def test_a_candidate_that_was_overtaken_is_proposed_anew_and_a_rejected_one_is_not(tiny_copy: Store) -> None:
    policy = Policy.load(ROOT / "examples/demo/policy.yaml")
    hint = Trigger(kind="dataset", who="", detail="", at=datetime.now(UTC))

    def planned() -> bool:
        made = plan_release(
            tiny_copy, domain="main", recipe=release_recipe(), policy=policy, run="again", triggers=[hint]
        )
        return made is not None

    entry = candidates(tiny_copy, "navigator", "demo").newest()
    assert entry is not None
    quarantine(tiny_copy, policy, model="navigator", digest="f" * 64, by=Word("operator", "something else"))
    assert planned(), "the ledger moved on under the waiting candidate"
    gate = answer(entry, chosen_options=(REJECT,))
    assert settle(tiny_copy, policy, model="navigator", channel="demo", candidate=entry.digest, gate=gate) is not None
    assert not planned(), "a person said no"


def pure(store: Store) -> list[str]:
    """Everything that stages left, but for observations."""
    return [key for key in store.keys("runs") if "/hil/" not in key]
