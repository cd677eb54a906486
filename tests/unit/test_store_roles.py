"""What each role's account may do on a real MinIO, tried by whoever stole it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import StoreError
from simgate.core.given.snapshot import materialize, read_snapshot
from simgate.core.runtime.job import Job
from simgate.core.storage.credentials import ROLE_KEYS
from simgate.core.storage.heads import push_scenes
from simgate.core.storage.memo import committed
from simgate.core.storage.store import Store
from simgate.documents.scene import ClosureFile
from simgate.plan.jobs import make_job
from simgate.rows.roles import DOMAIN_ROLES, Role, deletes, writes
from simgate.specs.probe import ProbeSpec
from tests import probe_jobs
from tests.servers.guarded import NAMES, Guarded

PLACES = {
    # an object of every place that the code writes, and who writes it
    "files/aa": {"pusher-main"},
    "files/pr-7/aa": {"pusher-main", "pusher-pr-7"},
    "snapshots/aa.json": {"pusher-main"},
    "snapshots/pr-7/aa.json": {"pusher-main", "pusher-pr-7"},
    "heads/main/scenes/000000000001.json": {"pusher-main"},
    "heads/pr-7/scenes/000000000001.json": {"pusher-pr-7"},
    "heads/main/dataset/rooms/000000000001.json": {"planner-main"},
    "heads/pr-7/dataset/rooms/000000000001.json": {"planner-pr-7"},
    "plans/main/run/why.json": {"planner-main"},
    "plans/pr-7/run/why.json": {"planner-pr-7"},
    "hand/main/run/why.json": {"planner-main"},
    "runs/main/train/k/a/manifest.json": {"stage-main"},
    "runs/pr-7/train/k/a/manifest.json": {"stage-pr-7"},
    "runs/main/hil/k/a/manifest.json": {"gate-main"},
    "runs/pr-7/evaluate/k/a/manifest.json": {"gate-pr-7"},
    "memo/main/k.json": {"stage-main", "gate-main"},
    "memo/pr-7/k.json": {"stage-pr-7", "gate-pr-7"},
    "scratch/main/k/1": {"stage-main", "gate-main"},
    "scratch/pr-7/k/1": {"stage-pr-7", "gate-pr-7"},
    "candidates/navigator/demo/000000000001.json": {"planner-main"},
    "approvals/candidate/1.json": {"approval"},
    "policies/aa.json": {"ledger"},
    "ledger/navigator/000000000001.json": {"ledger"},
    "elsewhere/x": set(),
}
DELETED_BY = {
    "files/aa": {"pusher-main"},
    "files/pr-7/aa": {"pusher-main", "pusher-pr-7"},
    "scratch/main/k/1": {"stage-main", "gate-main"},
    "scratch/pr-7/k/1": {"stage-pr-7", "gate-pr-7"},
    "plans/main/tries/x/run": {"planner-main"},
    "plans/pr-7/tries/x/run": {"planner-pr-7"},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_role_writes_its_own_places_and_no_other(guarded: Guarded, name: str) -> None:
    store = guarded.store(name)
    for key, writers in PLACES.items():
        own = f"{key}.{name}"
        if name in writers:
            store.put(own, b"mine")
            assert guarded.root.get(own) == b"mine"
        else:
            with pytest.raises(StoreError, match="may not do that"):
                store.put(own, b"mine")
            assert not guarded.root.exists(own)


@pytest.mark.parametrize("name", NAMES)
def test_a_role_deletes_leftovers_of_its_own_and_nothing_else(guarded: Guarded, name: str) -> None:
    for key in {*PLACES, *DELETED_BY}:
        own = f"{key}.of-root-{name}"
        guarded.root.put(own, b"x")
        if name in DELETED_BY.get(key, ()):
            guarded.store(name).delete(own)
            assert not guarded.root.exists(own)
        else:
            with pytest.raises(StoreError, match="may not do that"):
                guarded.store(name).delete(own)
            assert guarded.root.exists(own)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sealer"])
def test_every_role_reads_and_lists_its_own_store_and_no_other(guarded: Guarded, name: str) -> None:
    guarded.root.put("plans/main/read.json", b"{}")
    outside = Store("s3://guarded/robots/two", guarded.server.keys)
    outside.put("plans/main/read.json", b"{}")
    assert guarded.store(name).get("plans/main/read.json") == b"{}"
    assert "plans/main/read.json" in guarded.store(name).keys("plans/main")
    stranger = Store("s3://guarded/robots/two", guarded.keys(name))
    for attempt in (lambda: stranger.get("plans/main/read.json"), lambda: stranger.keys("plans")):
        with pytest.raises(StoreError, match="may not do that"):
            attempt()


def probe(seed: int, domain: str) -> Job:
    return make_job("probe", ProbeSpec(seed=seed), (), domain=domain, run_record=f"plans/{domain}/test")


def stage(guarded: Guarded, name: str, job: Job) -> subprocess.CompletedProcess[str]:
    """A stage process that holds one role's keys and no other account."""
    domain = job.domain if name.endswith(job.domain) else "pr-7"
    key = f"plans/{domain}/test/{sha256_hex(job.to_json())[:12]}-{name}.json"
    guarded.root.put(key, job.to_json())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment[ROLE_KEYS] = str(guarded.folder / name)
    command = probe_jobs.command(Store(guarded.url, guarded.keys(name)), key)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_a_pull_requests_stage_works_in_its_own_domain(guarded: Guarded) -> None:
    job = probe(1, "pr-7")
    done = stage(guarded, "gate-pr-7", job)
    assert done.returncode == 0, done.stderr
    ref = committed(guarded.store("reader"), job, probe_jobs.run_key(guarded.root, job))
    assert ref is not None
    assert ref.uri.startswith("runs/pr-7/probe/")


def test_a_pull_request_reuses_mains_run_and_main_never_a_pull_requests(guarded: Guarded) -> None:
    assert stage(guarded, "gate-main", probe(2, "main")).returncode == 0
    done = stage(guarded, "gate-pr-7", probe(2, "pr-7"))
    assert done.returncode == 0
    assert "already committed" in done.stderr
    assert stage(guarded, "gate-pr-7", probe(3, "pr-7")).returncode == 0
    job = probe(3, "main")
    assert committed(guarded.store("gate-main"), job, probe_jobs.run_key(guarded.root, job)) is None


def test_a_pull_requests_key_on_a_job_of_main_fails_clearly_and_leaves_nothing(guarded: Guarded) -> None:
    job = probe(4, "main")
    done = stage(guarded, "gate-pr-7", job)
    assert done.returncode == 1
    (error,) = [event for event in probe_jobs.events(done.stderr) if event["event"] == "error"]
    assert "this account may not do that" in error["message"]
    assert guarded.root.keys(f"runs/main/probe/{probe_jobs.run_key(guarded.root, job)}") == []
    assert committed(guarded.root, job, probe_jobs.run_key(guarded.root, job)) is None


def test_a_stage_that_points_a_gates_memo_at_its_own_run_is_named_and_not_believed(
    guarded: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    job = probe(5, "main")
    run_key = probe_jobs.run_key(guarded.root, job)
    forged = {"uri": f"runs/main/train/{run_key}/a/manifest.json", "sha256": "0" * 64}
    guarded.store("stage-main").create(f"memo/main/{run_key}.json", json.dumps(forged).encode())
    assert committed(guarded.store("planner-main"), job, run_key) is None
    assert re.search(r"names another run.*find out who wrote it", caplog.text)
    # The gate makes the run, and its commit replaces the memo; the version before stays below it.
    assert stage(guarded, "gate-main", job).returncode == 0
    ref = committed(guarded.store("planner-main"), job, run_key)
    assert ref is not None
    assert ref.uri.startswith(f"runs/main/probe/{run_key}/")


def test_a_pull_requests_push_leaves_mains_files_alone(guarded: Guarded, tmp_path: Path) -> None:
    (tmp_path / "a.usda").write_text("#usda 1.0\n# main\n")
    push_scenes(guarded.store("pusher-main"), "main", tmp_path, author="a@example.org", message="")
    (tmp_path / "b.usda").write_text("#usda 1.0\n# pull request\n")
    head, _ = push_scenes(guarded.store("pusher-pr-7"), "pr-7", tmp_path, author="b@example.org", message="")
    reader = guarded.store("stage-pr-7")
    snapshot = read_snapshot(reader, head.snapshot_sha256, "pr-7")
    assert len([key for key in reader.keys("files/pr-7") if key.endswith(snapshot.files["b.usda"].sha256)]) == 1
    assert reader.exists(f"files/{snapshot.files['a.usda'].sha256}")
    files = [
        ClosureFile(path=path, sha256=ref.sha256, size_bytes=ref.size_bytes) for path, ref in snapshot.files.items()
    ]
    materialize(reader, files, tmp_path / "out", "pr-7")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.usda", "b.usda"]


@pytest.mark.parametrize("role", DOMAIN_ROLES)
def test_a_pull_requests_places_all_hold_its_number(role: Role) -> None:
    for place in (*writes(role, "pr-7"), *deletes(role, "pr-7")):
        assert "pr-7" in place.split("/")
    assert all(place.startswith(writes(role, "main")) for place in deletes(role, "main"))
