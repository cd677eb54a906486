"""The end of a gate: a decision, the clock, or the hand of somebody who was not asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simgate.core.storage.store import Store
from simgate.release.approval import REJECT, Touch
from simgate.release.approvals import Approvals
from simgate.release.candidate import CandidateEntry
from simgate.release.undecided import gate_is_over, note_undecided
from simgate_airflow.gate.gate_end import undecided
from tests.release_chain import Chain, answer

NOBODY: dict[str, Any] = {"response_received": False, "chosen_options": (), "responder_id": "", "responded_at": None}


@pytest.fixture
def entry(tmp_path: Path) -> CandidateEntry:
    return Chain(Store(str(tmp_path / "store")), tmp_path / "scenes").propose()


def lapsed(entry: CandidateEntry) -> CandidateEntry:
    past = datetime.now(UTC) - timedelta(seconds=1)
    return replace(entry, candidate=entry.candidate.model_copy(update={"expires_at": past}))


def test_a_reject_an_answer_and_a_gate_that_waits_are_no_undecided_end(entry: CandidateEntry) -> None:
    assert undecided(answer(entry), entry) == ""
    assert undecided(answer(entry, chosen_options=(REJECT,)), entry) == ""
    assert undecided(answer(entry, chosen_options=(REJECT,), try_number=2), entry) == "", "cleared after the Reject"
    assert undecided(answer(entry, task_state="awaiting_input", **NOBODY), entry) == ""


@pytest.mark.parametrize("state", ["success", "failed", "skipped", "removed", "none", "upstream_failed"])
def test_a_gate_that_ended_unanswered_before_its_time_is_undecided_and_after_it_has_lapsed(
    entry: CandidateEntry, state: str
) -> None:
    gate = answer(entry, task_state=state, **NOBODY)
    assert undecided(gate, entry).startswith(f"nobody answered (its task is {state!r})")
    assert undecided(gate, lapsed(entry)) == ""


def test_an_approval_that_was_cleared_is_undecided(entry: CandidateEntry) -> None:
    assert undecided(answer(entry, try_number=2), entry).startswith("its answer was cleared")


def test_it_says_who_did_what_to_this_run_since_the_candidate_was_proposed(entry: CandidateEntry) -> None:
    run = "release_model.navigator/manual__1"
    at = entry.at + timedelta(seconds=1)
    touches = (
        Touch(who="engineer", action="patch_task_instance", what=f"{run}/decide", at=at),
        Touch(who="bulk", action="patch_dag_run", what=run, at=at),
        Touch(who="early", action="post_clear_task_instances", what=run, at=entry.at - timedelta(seconds=1)),
        Touch(who="elsewhere", action="delete_dag_run", what=f"{run}0", at=at),
    )
    said = undecided(answer(entry, task_state="failed", **{**NOBODY, "touched_by": touches}), entry)
    assert "engineer did patch_task_instance on release_model.navigator/manual__1/decide" in said
    assert "bulk did patch_dag_run" in said
    assert "early" not in said
    assert "elsewhere" not in said


def test_nobody_is_named_where_the_log_names_nobody(entry: CandidateEntry) -> None:
    assert "names nobody" in undecided(answer(entry, task_state="failed", **NOBODY), entry)


def test_a_note_is_kept_once_and_says_that_the_gate_is_over(tmp_path: Path, entry: CandidateEntry) -> None:
    store = Store(str(tmp_path / "store"))
    assert not gate_is_over(store, entry.digest)
    gate = answer(entry, task_state="failed", **NOBODY)
    for _ in range(2):
        note_undecided(Approvals(store), entry, gate, "nobody answered")
    assert len(list(store.keys(f"approvals/{entry.digest}"))) == 1
    assert gate_is_over(store, entry.digest)
