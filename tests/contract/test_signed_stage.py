"""A gate that has a signing key leaves its manifest signed, whole or not at all."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from simgate.core.identity.key import key_parts
from simgate.core.identity.signature import MANIFEST_TYPE, Envelope, Signer, new_private_key
from simgate.core.runtime.attempt import ENVELOPE_NAME, Attempt
from simgate.core.runtime.job import Job
from simgate.core.runtime.manifest import MANIFEST_NAME
from simgate.core.runtime.statement import statement
from simgate.core.storage.credentials import ROLE_KEYS, SIGNING_KEY_NAME
from simgate.core.storage.memo import committed
from simgate.core.storage.store import Store
from simgate.release.signatures import manifest_check
from tests.probe_jobs import attempt_folders, events, probe_job, result, run, run_key, start, submit
from tests.release_chain import NOW, new_signer, trusted


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture
def signer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Signer:
    """The gate's key, in the folder that its process is given."""
    folder = tmp_path / "gate-main"
    folder.mkdir()
    (folder / SIGNING_KEY_NAME).write_bytes(new_private_key())
    (folder / SIGNING_KEY_NAME).chmod(0o600)
    monkeypatch.setenv(ROLE_KEYS, str(folder))
    found = Signer.load(folder)
    assert found is not None
    return found


def envelope(store: Store, folder: str) -> Envelope:
    return Envelope.parse(store.get(f"{folder}/{ENVELOPE_NAME}"), what="envelope")


@pytest.mark.parametrize("end", ["commit", "fail-verdict"])
def test_a_gate_signs_the_very_bytes_of_its_manifest(store: Store, signer: Signer, end: str) -> None:
    job = probe_job(1, end=end)
    ended = run(store, submit(store, job))
    assert ended.returncode == 0, ended.stderr
    (folder,) = attempt_folders(store, job)
    found = envelope(store, folder)
    assert found.payload_type == MANIFEST_TYPE
    assert found.body == store.get(f"{folder}/{MANIFEST_NAME}")
    assert found.signed_by(signer.public_key)
    ref = committed(store, job, run_key(store, job))
    assert ref is not None
    assert manifest_check(store, ref, (trusted("gate", signer),)).state == "good"
    assert manifest_check(store, ref, (trusted("gate", new_signer()),)).state == "unknown"
    assert "PRIVATE" not in ended.stderr


def test_a_key_that_does_not_load_ends_with_2_before_an_attempt_is_begun(store: Store, signer: Signer) -> None:
    (Path(os.environ[ROLE_KEYS]) / SIGNING_KEY_NAME).write_bytes(b"no key")
    job = probe_job(1)
    ended = run(store, submit(store, job))
    assert ended.returncode == 2
    assert "no signing key" in events(ended.stderr)[-1]["message"]
    assert attempt_folders(store, job) == set()


class Dies(Store):
    """A store whose process dies before a certain one of the commit's writes."""

    def __init__(self, url: str, before: str) -> None:
        super().__init__(url)
        self.before = before

    def create(self, key: str, data: bytes) -> None:
        if key.rpartition("/")[2] == self.before or key.partition("/")[0] == self.before:
            raise Died
        super().create(key, data)


class Died(BaseException):
    """As a kill is: nobody handles it."""


@pytest.mark.parametrize(
    ("before", "signed", "committed_manifest"),
    [(ENVELOPE_NAME, False, False), (MANIFEST_NAME, True, False), ("memo", True, True)],
)
def test_a_death_between_any_two_writes_of_the_commit_leaves_no_half_of_it(
    store: Store, before: str, signed: bool, committed_manifest: bool
) -> None:
    job = probe_job(1)
    attempt = Attempt(Dies(store.url, before), job, key_parts(job, ()), ())
    attempt.verdict(True, [], {})
    made = statement(attempt, key_parts(job, ()), (), place="local", started_on=NOW, finished_on=NOW)
    with pytest.raises(Died):
        attempt.commit(made, new_signer())
    assert store.exists(f"{attempt.folder}/{ENVELOPE_NAME}") == signed
    assert store.exists(f"{attempt.folder}/{MANIFEST_NAME}") == committed_manifest
    assert result(store, job) is None


def test_kills_around_the_commit_leave_no_manifest_without_its_signature(store: Store, signer: Signer) -> None:
    draws = random.Random(20261121)
    for number in range(4):
        job = probe_job(number, files=2, size_bytes=1000)
        _kill_near_the_commit(store, submit(store, job, f"job-{number}"), job, draws.uniform(0.0, 0.03))
        for folder in attempt_folders(store, job):
            if store.exists(f"{folder}/{MANIFEST_NAME}"):
                assert envelope(store, folder).body == store.get(f"{folder}/{MANIFEST_NAME}")
                assert envelope(store, folder).signed_by(signer.public_key)
        assert run(store, f"plans/main/test/job-{number}.json").returncode == 0
        assert result(store, job) is not None


def _kill_near_the_commit(store: Store, key: str, job: Job, after_s: float) -> None:
    """Kill shortly after the last output is there: between it and the memo lies the commit."""
    process, prefix = start(store, key), f"runs/main/probe/{run_key(store, job)}"
    while process.poll() is None and not any(name.endswith("/verdict.json") for name in store.keys(prefix)):
        time.sleep(0.001)
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
