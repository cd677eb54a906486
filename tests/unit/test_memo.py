"""A memo is believed only for the run that it names; any other counts as none, is named, and is replaced by a rerun."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.errors import StoreError
from simgate.core.runtime.job import Job
from simgate.core.storage.memo import committed
from simgate.core.storage.store import MAX_SMALL_BYTES, Store
from simgate.release.lineage import verify_tree
from tests.probe_jobs import events, probe_job, result, run, run_key, submit

OTHER = 2
"""Seed of a second run, whose bytes are whole and true."""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(str(tmp_path / "store"))
    for seed in (1, OTHER):
        assert run(found, submit(found, probe_job(seed), f"job-{seed}")).returncode == 0
    return found


def memo(store: Store, job: Job) -> str:
    return f"memo/main/{run_key(store, job)}.json"


def named(store: Store, job: Job) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(store.get(memo(store, job)))
    return value


def a_flipped_bit(store: Store, job: Job) -> None:
    data = bytearray(store.get(memo(store, job)))
    data[10] ^= 1
    store.put(memo(store, job), bytes(data))


def no_bytes(store: Store, job: Job) -> None:
    store.put(memo(store, job), b"")


def too_many_bytes(store: Store, job: Job) -> None:
    store.put(memo(store, job), b" " * (MAX_SMALL_BYTES + 1))


def another_runs_memo(store: Store, job: Job) -> None:
    store.put(memo(store, job), store.get(memo(store, probe_job(OTHER))))


def another_stages_run(store: Store, job: Job) -> None:
    forged = named(store, job)
    uri = forged["uri"].replace("/probe/", "/train/")
    store.put(uri, store.get(forged["uri"]))
    store.put(memo(store, job), json.dumps({**forged, "uri": uri}).encode())


def another_runs_manifest_under_this_key(store: Store, job: Job) -> None:
    """Whole and true bytes, put where this run's would lie."""
    data = store.get(named(store, probe_job(OTHER))["uri"])
    uri = f"runs/main/probe/{run_key(store, job)}/forged/manifest.json"
    store.put(uri, data)
    store.put(memo(store, job), ManifestRef(uri=uri, sha256=sha256_hex(data)).to_json())


def a_manifest_that_was_made_from_another_spec(store: Store, job: Job) -> None:
    """Another run's, whole, with this run's key written into it."""
    value = json.loads(store.get(named(store, probe_job(OTHER))["uri"]))
    value["predicate"]["buildDefinition"]["internalParameters"]["run_key"] = run_key(store, job)
    data = canonical_json(value)
    uri = f"runs/main/probe/{run_key(store, job)}/forged/manifest.json"
    store.put(uri, data)
    store.put(memo(store, job), ManifestRef(uri=uri, sha256=sha256_hex(data)).to_json())


def a_missing_manifest(store: Store, job: Job) -> None:
    store.delete(named(store, job)["uri"])


def a_damaged_manifest(store: Store, job: Job) -> None:
    uri = named(store, job)["uri"]
    store.put(uri, store.get(uri).replace(b'"PASS"', b'"FAIL"') + b" ")


DAMAGES = [
    a_flipped_bit, no_bytes, too_many_bytes, another_runs_memo, another_stages_run, a_missing_manifest,
    another_runs_manifest_under_this_key, a_manifest_that_was_made_from_another_spec, a_damaged_manifest,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_memo_that_cannot_be_believed_is_named_and_its_run_made_again_in_its_place(
    store: Store, damage: Callable[[Store, Job], None], caplog: pytest.LogCaptureFixture
) -> None:
    job = probe_job(1)
    before = named(store, job)
    damage(store, job)
    assert committed(store, job, run_key(store, job)) is None
    assert memo(store, job) in caplog.text
    assert "made again and replaces the memo" in caplog.text

    done = run(store, submit(store, job, "again"))
    assert done.returncode == 0, done.stderr
    said = [event for event in events(done.stderr) if event["event"] == "damage"]
    assert said
    assert memo(store, job) in said[0]["what"]
    assert events(done.stderr)[-1]["event"] == "committed"
    assert result(store, job) is not None
    assert named(store, job)["uri"] != before["uri"]


def test_verify_says_that_a_manifest_was_made_from_other_things_than_its_key(store: Store) -> None:
    job = probe_job(1)
    a_manifest_that_was_made_from_another_spec(store, job)
    ref = ManifestRef.model_validate(named(store, job))
    assert ["made from other things than its key" in finding.problem for finding in verify_tree(store, ref)] == [True]
    honest = ManifestRef.model_validate(named(store, probe_job(OTHER)))
    assert verify_tree(store, honest) == []


def test_a_store_that_does_not_answer_is_no_miss(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_self: Store, _key: str, **_limits: int) -> bytes:
        raise StoreError("the server does not answer")

    monkeypatch.setattr(Store, "get", silent)
    with pytest.raises(StoreError, match="does not answer"):
        committed(store, probe_job(1), "0" * 64)


def test_a_memo_that_is_a_symbolic_link_is_refused(store: Store, tmp_path: Path) -> None:
    path = Path(store.url) / memo(store, probe_job(1))
    path.rename(tmp_path / "memo")
    path.symlink_to(tmp_path / "memo")
    with pytest.raises(StoreError, match="symbolic link"):
        committed(store, probe_job(1), run_key(store, probe_job(1)))
