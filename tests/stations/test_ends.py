"""Every real stage as a process: wrong input exits 2 and names it, a stop exits 143, a damaged input exits 1."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement_pb2 import Statement

from simgate.core.given.snapshot import read_snapshot
from simgate.core.identity.key import load_inputs
from simgate.core.runtime.attempt import Failure, read_verdict
from simgate.core.runtime.manifest import parse_manifest, read_manifest
from simgate.core.storage.memo import committed, memo_key
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, parts_of, write_jobs
from tests.probe_jobs import attempt_folders, run, start
from tests.tiny_pipeline import slot_of

REAL_STAGES = ("index", "generate", "validate", "train", "evaluate", "export", "hil")


def job_of(store: Store, slot: Slot) -> str:
    """The slot's job, to be made anew."""
    store.delete(memo_key(slot.job, parts_of(store, slot).run_key))
    return write_jobs(store, "plans/main/ends", [slot])[0]


@pytest.mark.parametrize("stage", REAL_STAGES)
def test_a_wrong_spec_exits_2_and_names_the_field(tiny_copy: Store, stage: str) -> None:
    slot = slot_of(tiny_copy, stage)
    wrong = Slot(slot.name, slot.job.model_copy(update={"spec": {**slot.job.spec, "colour": "blue"}}))
    done = run(tiny_copy, write_jobs(tiny_copy, "plans/main/ends", [wrong])[0], stage=stage)
    assert done.returncode == 2, done.stderr[-2000:]
    assert "field colour" in done.stderr


@pytest.mark.parametrize("stage", REAL_STAGES)
def test_a_stop_exits_143_and_a_failure_says_so(tiny_copy: Store, stage: str) -> None:
    slot = slot_of(tiny_copy, stage)
    key = job_of(tiny_copy, slot)
    before = attempt_folders(tiny_copy, slot.job)
    process = start(tiny_copy, key, stage=stage)
    while not (begun := attempt_folders(tiny_copy, slot.job) - before):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=120)
    (folder,) = begun
    if process.returncode == 0:  # the last line was written before the signal came
        assert tiny_copy.exists(f"{folder}/manifest.json")
        return
    assert process.returncode == 143, stderr[-2000:]
    failure = Failure.from_json(tiny_copy.get(f"{folder}/failure.json"), what="failure")
    assert (failure.exit_code, failure.error) == (143, "Preempted")
    assert not tiny_copy.exists(f"{folder}/manifest.json")


@pytest.mark.parametrize("stage", REAL_STAGES)
def test_a_flipped_byte_of_an_input_is_refused_with_both_digests(tiny_copy: Store, stage: str) -> None:
    slot = slot_of(tiny_copy, stage)
    uri, sha256 = an_input(tiny_copy, slot)
    path = Path(tiny_copy.url) / uri
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    done = run(tiny_copy, job_of(tiny_copy, slot), stage=stage)
    assert done.returncode == 1, done.stderr[-2000:]
    assert sha256 in done.stderr
    assert tiny_copy.digest(uri) in done.stderr


@pytest.mark.parametrize("stage", REAL_STAGES)
def test_two_at_once_commit_once_and_both_attempts_stay_whole(tiny_copy: Store, stage: str) -> None:
    slot = slot_of(tiny_copy, stage)
    key = job_of(tiny_copy, slot)
    before = attempt_folders(tiny_copy, slot.job)
    both = [start(tiny_copy, key, stage=stage) for _ in range(2)]
    said = [process.communicate(timeout=200)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said[0][-1500:] + said[1][-1500:]
    ref = committed(tiny_copy, slot.job, parts_of(tiny_copy, slot).run_key)
    assert ref is not None
    begun = attempt_folders(tiny_copy, slot.job) - before
    # The second may come so late that it finds the memo and begins nothing; what was begun is whole.
    assert begun
    for folder in begun:
        manifest = parse_manifest(tiny_copy.get(f"{folder}/manifest.json"), what=folder)
        for artifact in manifest.artifacts:
            assert tiny_copy.digest(artifact.uri) == artifact.sha256


def an_input(store: Store, slot: Slot) -> tuple[str, str]:
    """One file that the stage reads."""
    first = load_inputs(store, slot.job)[0]
    if first.manifest is None:
        file = next(iter(read_snapshot(store, first.sha256).files.values()))
        return f"files/{file.sha256}", file.sha256
    wanted = {
        "train": "splits/train.json",
        "evaluate": "model.safetensors",
        "export": "model.safetensors",
        "hil": "engine/engine.json",
    }
    name = wanted.get(slot.job.stage, "shard.tar" if slot.job.stage == "validate" else first.part.output)
    artifact = first.manifest.artifact(name)
    return artifact.uri, artifact.sha256


def test_a_network_of_two_epochs_is_refused_with_the_metric_named(tiny_copy: Store) -> None:
    slot = slot_of(tiny_copy, "evaluate")
    strict = {**slot.job.spec, "at_least": {"map_50": 0.11, "success_gain": 0.2}, "at_most": {"command_error": 0.19}}
    asked = Slot(slot.name, slot.job.model_copy(update={"spec": strict}))
    done = run(tiny_copy, write_jobs(tiny_copy, "plans/main/ends", [asked])[0], stage="evaluate")
    assert done.returncode == 0, done.stderr[-2000:]
    ref = committed(tiny_copy, asked.job, parts_of(tiny_copy, asked).run_key)
    assert ref is not None
    verdict = read_verdict(tiny_copy, read_manifest(tiny_copy, ref))
    assert verdict is not None
    assert verdict.verdict == "FAIL"
    assert any("map_50" in reason for reason in verdict.reasons)


def test_every_stages_manifest_is_read_by_in_totos_own_types(tiny_store: Store) -> None:
    found = [key for key in tiny_store.keys("runs") if key.endswith("/manifest.json")]
    assert {key.split("/")[2] for key in found} == set(REAL_STAGES)
    for key in found:
        document = json.loads(tiny_store.get(key))
        json_format.ParseDict(document, Statement(), ignore_unknown_fields=False)
        json_format.ParseDict(document["predicate"], Provenance(), ignore_unknown_fields=False)
