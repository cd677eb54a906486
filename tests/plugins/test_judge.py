from __future__ import annotations

from pathlib import Path

import pytest

from simgate.core.errors import Inconclusive, InputError, Preempted, SimgateError
from simgate.core.identity.key import key_parts
from simgate.core.runtime.attempt import Attempt
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, make_job
from simgate.plan.slot_name import SlotName
from simgate.specs.probe import ProbeSpec
from simgate_airflow.run.judge import NOT_BEGUN, standing, worst_first
from tests.release_chain import abort, fulfil

MINE, OTHERS = "plans/main/mine", "plans/main/others"
NOTHING: frozenset[str] = frozenset()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def slot(seed: int = 1, *, run: str = MINE) -> Slot:
    return Slot(SlotName(stage="probe"), make_job("probe", ProbeSpec(seed=seed), [], domain="main", run_record=run))


def fail(store: Store, of: Slot, error: SimgateError) -> str:
    attempt = Attempt(store, of.job, key_parts(of.job, ()), ())
    attempt.fail(error, error.exit_code)
    return attempt.folder


def test_what_this_run_committed_is_made_and_what_another_committed_is_reused(store: Store) -> None:
    fulfil(store, slot(1).job, {"a": b"1"}, [])
    fulfil(store, slot(2, run=OTHERS).job, {"a": b"1"}, [])
    assert standing(store, slot(1), MINE).line.outcome == "made"
    assert standing(store, slot(2), MINE).line.outcome == "reused"


def test_a_verdict_is_read_from_the_manifest_that_the_memo_names(store: Store) -> None:
    fulfil(store, slot().job, {"a": b"1"}, ["too dark"])
    found = standing(store, slot(), MINE)
    assert found.failed_gate
    assert found.verdict.reasons == ("too dark",)


def test_nothing_in_the_store_means_that_nothing_was_begun(store: Store) -> None:
    found = standing(store, slot(), MINE)
    assert found.line is None
    assert found.ending(NOTHING) == NOT_BEGUN
    assert not found.hopeless(NOTHING)


def test_an_attempt_without_manifest_and_failure_was_killed_and_is_worth_another_try(store: Store) -> None:
    abort(store, slot().job)
    found = standing(store, slot(), MINE)
    assert "killed" in found.ending(NOTHING)
    assert not found.hopeless(NOTHING)


@pytest.mark.parametrize(
    ("error", "final"), [(InputError("bad"), True), (SimgateError("x"), False), (Preempted("y"), False)]
)
def test_only_a_wrong_input_is_final(store: Store, error: SimgateError, final: bool) -> None:
    fail(store, slot(), error)
    assert bool(standing(store, slot(), MINE).hopeless(NOTHING)) is final


def test_only_the_newest_attempt_of_this_try_decides(store: Store) -> None:
    old = fail(store, slot(), InputError("an old one"))
    assert not standing(store, slot(), MINE).hopeless(frozenset([old]))
    fail(store, slot(), SimgateError("a new one"))
    assert "a new one" in standing(store, slot(), MINE).ending(frozenset([old]))


def test_another_runs_attempt_at_the_same_key_decides_nothing_here(store: Store) -> None:
    fail(store, slot(run=OTHERS), InputError("theirs"))
    assert standing(store, slot(), MINE).tries == ()


def test_a_third_observation_that_proves_nothing_is_the_last(store: Store) -> None:
    for _ in range(2):
        fail(store, slot(), Inconclusive("starved"))
    assert not standing(store, slot(), MINE).hopeless(NOTHING)
    fail(store, slot(), Inconclusive("starved"))
    assert "3 observations" in standing(store, slot(), MINE).hopeless(NOTHING)


def test_what_no_retry_can_mend_is_told_first(store: Store) -> None:
    fail(store, slot(1), SimgateError("flaky"))
    fail(store, slot(2), InputError("wrong"))
    found = [standing(store, slot(seed), MINE) for seed in (1, 2)]
    assert [item.hopeless(NOTHING) != "" for item in worst_first(found, NOTHING)] == [True, False]
