"""Every stage process ends as the contract says, over a folder and a bucket; failure.json for all ends but 0."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simgate.core.errors import InputError
from simgate.core.runtime.attempt import Failure, read_verdict
from simgate.core.runtime.job import Job
from simgate.core.storage.store import Store
from simgate.rows.stages import STAGES
from tests.probe_jobs import attempt_folders, events, probe_job, read_back, result, run, start, submit
from tests.servers.stores import NewStore


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store("store")


def failure(store: Store, job: Job) -> Failure:
    (folder,) = attempt_folders(store, job)
    return Failure.from_json(store.get(f"{folder}/failure.json"), what="failure")


def test_a_good_job_commits_outputs_that_read_back(store: Store) -> None:
    job = probe_job(1)
    ended = run(store, submit(store, job))
    assert ended.returncode == 0, ended.stderr
    manifest = result(store, job)
    assert manifest is not None
    assert set(read_back(store, manifest)) == {"file-0.bin", "file-1.bin", "file-2.bin", "verdict.json"}


def test_a_fail_verdict_is_a_result_and_exits_0(store: Store) -> None:
    job = probe_job(1, end="fail-verdict")
    assert run(store, submit(store, job)).returncode == 0
    manifest = result(store, job)
    assert manifest is not None
    verdict = read_verdict(store, manifest)
    assert verdict is not None
    assert verdict.verdict == "FAIL"
    assert verdict.reasons


@pytest.mark.parametrize(("end", "code"), [("error", 1), ("bad-input", 2), ("preempted-once", 143)])
def test_other_ends_exit_with_their_code_and_leave_a_failure_and_no_memo(store: Store, end: str, code: int) -> None:
    job = probe_job(1, end=end)
    assert run(store, submit(store, job)).returncode == code
    assert result(store, job) is None
    assert failure(store, job).exit_code == code


def test_a_preempted_run_resumes_and_clears_its_scratch(store: Store) -> None:
    job = probe_job(1, end="preempted-once")
    key = submit(store, job)
    assert run(store, key).returncode == 143
    assert store.keys("scratch")
    assert run(store, key).returncode == 0
    assert result(store, job) is not None
    assert not store.keys("scratch")


def test_sigterm_exits_143_after_a_checkpoint_and_a_rerun_commits(store: Store) -> None:
    job = probe_job(1, files=20, step_s=0.1)
    key = submit(store, job)
    process = start(store, key)
    # Not only begun: a stop before the first file finds nothing to keep.
    while process.poll() is None and not any(
        store.exists(f"{folder}/file-0.bin") for folder in attempt_folders(store, job)
    ):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert failure(store, job).error == "Preempted"
    assert store.keys("scratch")
    assert run(store, key).returncode == 0
    assert result(store, job) is not None


def test_a_second_run_reuses_the_first(store: Store) -> None:
    job = probe_job(1)
    key = submit(store, job)
    assert run(store, key).returncode == 0
    again = run(store, key)
    assert again.returncode == 0
    assert [event["event"] for event in events(again.stderr)] == ["already committed"]
    assert len(attempt_folders(store, job)) == 1


def test_two_at_once_commit_once_and_both_attempts_stay_whole(store: Store) -> None:
    job = probe_job(1, files=4, step_s=0.3)
    key = submit(store, job)
    both = [start(store, key) for _ in range(2)]
    errors = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    assert sorted(events(text)[-1]["event"] for text in errors) == ["already committed", "committed"]
    assert len(store.keys("memo")) == 1
    folders = attempt_folders(store, job)
    assert len(folders) == 2
    assert all(store.exists(f"{folder}/manifest.json") and store.exists(f"{folder}/file-3.bin") for folder in folders)


def test_a_batch_goes_on_after_a_failed_job_and_ends_with_the_worst_code(store: Store) -> None:
    jobs = [probe_job(seed, end=end) for seed, end in enumerate(("preempted-once", "error", "bad-input", "commit"))]
    keys = [submit(store, job, f"job-{number}") for number, job in enumerate(jobs)]
    assert run(store, *keys).returncode == 2
    assert result(store, jobs[3]) is not None
    assert run(store, *keys[:2]).returncode == 1


def test_a_job_for_other_code_is_refused(store: Store) -> None:
    job = probe_job(1).model_copy(update={"code_digest": "0" * 64})
    ended = run(store, submit(store, job))
    assert ended.returncode == 2
    assert "another code" in ended.stderr


def test_a_job_of_another_stage_is_refused_by_name(store: Store) -> None:
    ended = run(store, submit(store, probe_job(1)), stage="index")
    assert ended.returncode == 2
    assert "field stage" in ended.stderr


def test_an_unknown_stage_is_refused_with_the_names_there_are(store: Store) -> None:
    ended = run(store, submit(store, probe_job(1)), stage="nonsense")
    assert ended.returncode == 2
    assert all(name in ended.stderr for name in STAGES.names())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"stage": "probe"}', b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000])
def test_broken_job_files_exit_2(tmp_path: Path, data: bytes) -> None:
    store = Store(str(tmp_path))
    store.put("plans/main/test/bad.json", data)
    ended = run(store, "plans/main/test/bad.json")
    assert ended.returncode == 2, ended.stderr


def test_a_missing_job_is_an_error_that_names_it(store: Store) -> None:
    ended = run(store, "plans/main/test/none.json")
    assert ended.returncode == 1
    assert "plans/main/test/none.json" in ended.stderr


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stage=st.sampled_from(sorted(STAGES.names())), value=JSON)
def test_no_json_makes_a_spec_raise_anything_but_input_error(stage: str, value: object) -> None:
    with suppress(InputError):
        STAGES.find(stage).spec_type.from_value(value, what="spec")


@settings(max_examples=100, deadline=None)
@given(field=st.text(min_size=1, max_size=12).filter(lambda name: name not in dict(probe_job(1))), value=JSON)
def test_an_unknown_field_of_a_job_is_named(field: str, value: object) -> None:
    document = {**probe_job(1).model_dump(mode="json"), field: value}
    with pytest.raises(InputError, match="field"):
        Job.from_value(document, what="job")


@settings(max_examples=50, deadline=None)
@given(
    field=st.sampled_from(["seed", "files", "size_bytes", "step_s", "end"]),
    value=st.none() | st.text(max_size=5) | st.just(-1),
)
def test_a_wrong_field_of_a_spec_is_named_with_its_value(field: str, value: object) -> None:
    document = {**probe_job(1).spec, field: value}
    with pytest.raises(InputError, match=rf"field {field}: got"):
        STAGES.find("probe").spec_type.from_value(document, what="spec")
