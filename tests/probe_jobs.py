"""Probe jobs: the trivial stage as a real subprocess, for tests of the contract."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.runtime.job import Job
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.memo import committed, runs_prefix
from simgate.core.storage.store import Store
from simgate.plan.jobs import make_job
from simgate.specs.probe import ProbeSpec


def probe_job(seed: int, **fields: Any) -> Job:
    """A job of the probe stage."""
    return make_job("probe", ProbeSpec(seed=seed, **fields), (), domain="main", run_record="plans/main/test")


def submit(store: Store, job: Job, name: str = "job") -> str:
    """Write a job; its key for --job."""
    store.put(f"plans/main/test/{name}.json", job.to_json())
    return f"plans/main/test/{name}.json"


def command(store: Store, *keys: str, stage: str = "probe") -> list[str]:
    """The command line of a stage process."""
    jobs = [part for key in keys for part in ("--job", key)]
    return [sys.executable, "-m", "simgate", stage, *jobs, "--out", store.url]


def run(store: Store, *keys: str, stage: str = "probe") -> subprocess.CompletedProcess[str]:
    """Run jobs to their end."""
    return subprocess.run(command(store, *keys, stage=stage), capture_output=True, text=True, timeout=300)


def start(store: Store, *keys: str, stage: str = "probe") -> subprocess.Popen[str]:
    """Start jobs and return at once."""
    return subprocess.Popen(
        command(store, *keys, stage=stage),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def events(stderr: str) -> list[dict[str, Any]]:
    """The structured lines of a stage's stderr."""
    return [json.loads(line) for line in stderr.splitlines() if line.startswith("{")]


def run_key(store: Store, job: Job) -> str:
    """The job's key."""
    return key_parts(job, load_inputs(store, job)).run_key


def result(store: Store, job: Job) -> Manifest | None:
    """The committed manifest, or None."""
    ref = committed(store, job, run_key(store, job))
    return read_manifest(store, ref) if ref else None


def attempt_folders(store: Store, job: Job) -> set[str]:
    """Folders of all attempts at the job."""
    keys = store.keys(runs_prefix(job.domain, job.stage, run_key(store, job)))
    return {key.rpartition("/")[0] for key in keys if key.endswith("/started.json")}


def read_back(store: Store, manifest: Manifest) -> dict[str, bytes]:
    """Every output of a manifest, checked against its digest."""
    return {item.name: store.read(item) for item in manifest.artifacts}


def tree(folder: Path) -> list[str]:
    """Every file under a folder, relative."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
