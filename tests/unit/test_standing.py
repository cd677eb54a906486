from __future__ import annotations

from pathlib import Path

import pytest

from simgate.core.errors import Inconclusive, InputError, Preempted, SimgateError
from simgate.core.identity.key import key_parts
from simgate.core.runtime.attempt import Attempt
from simgate.core.storage.store import Store
from simgate.plan.jobs import Slot, make_job
from simgate.plan.slot_name import SlotName
from simgate.plan.stage_end import stage_end, worst_first
from simgate.plan.standing import NOT_BEGUN, standing, standings, tried
from simgate.specs.probe import ProbeSpec
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


def test_a_stage_ends_made_and_reused_without_a_problem(store: Store) -> None:
    fulfil(store, slot(1).job, {"a": b"1"}, [])
    fulfil(store, slot(2, run=OTHERS).job, {"a": b"1"}, [])
    end = stage_end(standings(store, [slot(1), slot(2)], MINE))
    assert [line.outcome for line in end.lines] == ["made", "reused"]
    assert not end.problems


def test_a_refused_run_is_committed_and_comes_before_what_failed(store: Store) -> None:
    fail(store, slot(1), InputError("wrong"))
    fulfil(store, slot(2).job, {"a": b"1"}, ["too dark"])
    end = stage_end(standings(store, [slot(1), slot(2)], MINE))
    assert [item.kind for item in end.problems] == ["refused", "hopeless"]
    assert [str(line.slot) for line in end.lines] == [str(slot(2).name)]
    assert "verdict FAIL: too dark (kept: runs/" in str(end.refusals[0])


def live_slot() -> Slot:
    job = make_job("probe", ProbeSpec(seed=1), [], domain="main", run_record=MINE)
    return Slot(SlotName(stage="probe", subject="live"), job)


@pytest.mark.parametrize(("of", "informs"), [(live_slot(), False), (slot(), True)])
def test_a_verdict_that_only_informs_is_a_warning_and_no_problem(store: Store, of: Slot, informs: bool) -> None:
    fulfil(store, of.job, {"a": b"1"}, ["worse"])
    end = stage_end(standings(store, [of], MINE), informs=informs)
    assert not end.problems
    assert ["worse" in item.reason for item in end.warnings] == [True]


@pytest.mark.parametrize(("exit_code", "kind"), [(2, "hopeless"), (1, "failed"), (0, "failed"), (None, "failed")])
def test_an_exit_code_makes_what_was_not_begun_hopeless_and_nothing_a_success(
    store: Store, exit_code: int | None, kind: str
) -> None:
    (problem,) = stage_end(standings(store, [slot()], MINE), exit_code=exit_code).problems
    assert problem.kind == kind


def test_attempts_before_the_work_say_nothing_of_it(store: Store) -> None:
    fail(store, slot(), InputError("an old one"))
    before = standings(store, [slot()], MINE)
    (problem,) = stage_end(before, tried(before)).problems
    assert (problem.kind, problem.reason) == ("failed", NOT_BEGUN)
