"""Approval: how the gate's task ends once somebody answered."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog
from airflow.sdk import Context
from airflow.sdk.execution_time import task_runner
from structlog.testing import capture_logs

from simgate_airflow.gate.approval import ReleaseApproval
from simgate_airflow.ui.address import task_url


def answered(option: str, **form: str) -> dict[str, Any]:
    """The answer as Airflow hands it to the task."""
    return {
        "chosen_options": [option], "params_input": form, "responded_at": datetime.now(UTC),
        "responded_by_user": {"id": "7", "name": "release-manager"},
    }  # fmt: skip


def end(event: dict[str, Any]) -> Any:
    run = SimpleNamespace(dag_id="release_model.navigator", run_id="manual__1", task_id="decide")
    gate = ReleaseApproval(task_id="decide")
    return gate.execute_complete(cast("Context", {"ti": run}), event)


def test_a_reject_ends_the_gate_with_one_plain_line_and_no_exception_of_airflow() -> None:
    with pytest.raises(SystemExit) as ended:
        end(answered("Reject", reason="it limps\nat the door"))
    page = task_url("release_model.navigator", "manual__1", "decide")
    assert ended.value.code == (
        "Rejected by release-manager: it limps at the door; settle quarantines the candidate; "
        f"what is live stays live: {page}"
    )
    assert ended.value.__context__ is None


def test_a_reject_without_a_reason_says_so() -> None:
    with pytest.raises(SystemExit, match="Rejected by release-manager: no reason given; settle"):
        end(answered("Reject"))


def test_airflow_fails_a_rejected_gate_for_good_and_logs_its_sentence_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = SimpleNamespace(
        dag_id="release_model.navigator", run_id="manual__1", task_id="decide", task=ReleaseApproval(task_id="decide"),
        stats_tags={}, rendered_map_index=None, _failure_metrics_emitted=False,
        _ti_context_from_server=SimpleNamespace(should_retry=False, xcom_keys_to_clear=[]),
    )  # fmt: skip
    event = answered("Reject", reason="it limps")

    def resumed(context: dict[str, Any], ti: SimpleNamespace, log: object) -> object:
        return ti.task.execute_complete(context, event)

    monkeypatch.setattr(task_runner, "_prepare", lambda _ti, _log, _context: None)
    monkeypatch.setattr(task_runner, "_execute_task", resumed)
    before = signal.getsignal(signal.SIGTERM)
    with capture_logs() as lines:
        state, message, _ = task_runner._run_task_and_map_outcome(
            cast("Any", run), cast("Context", {"ti": run}), structlog.get_logger()
        )
    signal.signal(signal.SIGTERM, before)
    assert (state.value, type(message).__name__) == ("failed", "TaskState")
    (said,) = (line for line in lines if line["log_level"] == "error")
    assert said["exit_code"].startswith("Rejected by release-manager: it limps; settle quarantines the candidate")
    assert not any("exc_info" in line for line in lines)


def test_an_approval_lets_the_run_go_on() -> None:
    assert end(answered("Approve"))["chosen_options"] == ["Approve"]


def test_a_gate_that_a_reject_ended_is_never_tried_again() -> None:
    gate = ReleaseApproval(task_id="decide", retries=3)
    assert (gate.retries, gate.fail_on_reject) == (0, True)
