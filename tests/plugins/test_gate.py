"""The gate as REST tells it; a recorded Airflow answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from simgate.core.errors import NotFound, SimgateError
from simgate_airflow.gate.audit import UNKNOWN, AirflowRun, read_audit
from simgate_airflow.gate.recorded_gate import GATE_TASKS, NO_REASON, UNTOUCHED, read_gate, reason_of
from simgate_airflow.rest import Rest, run_path
from simgate_airflow.settings import read_settings

RUN = AirflowRun("release_model.navigator", "asset_triggered__2026-01-01T00:00:00+00:00_x")
DATASET = AirflowRun("build_dataset.rooms", "manual__1")
AT = "2026-01-01T00:00:00Z"


class Recorded:
    """An Airflow made of a few answers."""

    def __init__(self) -> None:
        self.all_admins = False
        self.logs: list[dict[str, Any]] = []
        self.events: dict[AirflowRun, list[dict[str, Any]]] = {}
        self.runs: dict[AirflowRun, dict[str, Any]] = {
            RUN: {"triggering_user_name": None, "queued_at": AT},
            DATASET: {"triggering_user_name": "engineer", "queued_at": AT},
        }
        self.failures = 0
        self.answer: dict[str, Any] = {"chosen_options": ["Approve"], "params_input": {}}

    def line(
        self, event: str, owner: str, run: AirflowRun | None = RUN, *, dag: str = "", task: str = "", **extra: Any
    ) -> None:
        self.logs.append(
            {
                "event": event,
                "owner": owner,
                "when": AT,
                "task_id": task or None,
                "extra": json.dumps(extra),
                "dag_id": dag or (run.dag_id if run else None),
                "run_id": run.run_id if run else None,
            }
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            self.failures -= 1
            return httpx.Response(503, text="busy")
        path = request.url.path
        if path == "/auth/token":
            known = request.method == "POST" or self.all_admins
            return httpx.Response(201 if known else 403, json={"access_token": "t"})
        if path == "/api/v2/eventLogs":
            return httpx.Response(200, json=self._logs(request.url.params))
        for run, state in self.runs.items():
            base = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}"
            if path == base:
                return httpx.Response(200, json=state)
            if path == f"{base}/upstreamAssetEvents":
                return httpx.Response(200, json={"asset_events": self.events.get(run, [])})
            if path == f"{base}/taskInstances/decide" and run == RUN:
                return httpx.Response(200, json={"try_number": 1, "start_date": AT, "state": "success"})
            if path == f"{base}/taskInstances/decide/-1/hitlDetails" and run == RUN:
                return httpx.Response(200, json=self._asked())
        return httpx.Response(404, json={"detail": "not found"})

    def _logs(self, query: httpx.QueryParams) -> dict[str, Any]:
        asked = {name: query[name] for name in ("dag_id", "run_id") if name in query}
        found = [line for line in self.logs if all(line[name] == value for name, value in asked.items())]
        offset, limit = int(query["offset"]), int(query["limit"])
        return {"event_logs": found[offset : offset + limit], "total_entries": len(found)}

    def _asked(self) -> dict[str, Any]:
        return {
            "subject": "Release navigator: candidate abc", "response_received": True, **self.answer,
            "responded_by_user": {"id": "release-manager", "name": "Release Manager"}, "responded_at": AT,
            "assigned_users": [{"id": "release-manager", "name": "release-manager"}],
        }  # fmt: skip


@pytest.fixture
def airflow() -> Recorded:
    return Recorded()


@pytest.fixture
def rest(airflow: Recorded, tmp_path: Path) -> Rest:
    (tmp_path / "password").write_text("secret\n")
    settings = read_settings({"SIMGATE_PROMOTER_PASSWORD_FILE": str(tmp_path / "password")})
    return Rest.of(settings, httpx.MockTransport(airflow))


def touched(rest: Rest) -> set[str]:
    return {touch.who for touch in read_audit(rest, [DATASET], answered=RUN, gates=GATE_TASKS).touched_by}


def test_the_gate_is_read_whole(rest: Rest) -> None:
    gate = read_gate(rest, RUN, [DATASET])
    assert gate.chosen_options == ("Approve",)
    assert (gate.responder_id, gate.task_state, gate.try_number) == ("release-manager", "success", 1)
    assert gate.run_started_by == ("engineer",)
    assert not gate.all_admins
    assert gate.reason == ""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"reason": " it hits the desk "}, "it hits the desk"), ({}, NO_REASON), (None, NO_REASON),
        ({"reason": UNTOUCHED}, NO_REASON), ({"reason": "  "}, NO_REASON), ({"reason": 7}, NO_REASON),
        ({"reason": ["a"]}, NO_REASON), ({"other": "x"}, NO_REASON),
    ],
)  # fmt: skip
def test_the_reason_of_a_reject_is_kept_and_a_missing_one_is_said_whatever_the_api_took(
    rest: Rest, airflow: Recorded, given: Any, kept: str
) -> None:
    airflow.answer = {"chosen_options": ["Reject"], "params_input": given}
    assert read_gate(rest, RUN, []).reason == kept


def test_a_reason_that_is_too_long_is_cut_and_says_so(rest: Rest, airflow: Recorded) -> None:
    airflow.answer = {"chosen_options": ["Reject"], "params_input": {"reason": "x" * 5000}}
    reason = read_gate(rest, RUN, []).reason
    assert len(reason) == 2000
    assert reason.endswith("(cut)")
    assert reason_of({"chosen_options": ["Reject"], "params_input": {"reason": "a\ud800b"}}) == "a?b"


def test_a_gate_that_never_asked_is_none(rest: Rest) -> None:
    assert read_gate(rest, DATASET, []) is None


def test_an_airflow_where_everybody_is_admin_is_noticed(rest: Rest, airflow: Recorded) -> None:
    airflow.all_admins = True
    assert read_gate(rest, RUN, []).all_admins


def test_whoever_cleared_set_or_forged_anything_in_a_run_touched_it(rest: Rest, airflow: Recorded) -> None:
    airflow.line("post_clear_task_instances", "clearer", DATASET, method="POST")
    airflow.line("patch_task_instance", "setter", RUN, task="decide", method="PATCH")
    airflow.line("create_xcom_entry", "forger", RUN, task="decide", method="POST")
    airflow.line("success", "airflow", RUN, task="decide", host_name="vm")
    assert touched(rest) == {"clearer", "setter", "forger"}


def test_an_answer_at_a_gate_is_no_touch_of_the_work_that_was_judged(rest: Rest, airflow: Recorded) -> None:
    """A release manager who answered an earlier release is not barred from the next, which reuses some of its work."""
    airflow.line("update_hitl_detail", "release-manager", RUN, task="decide", method="PATCH")
    airflow.line("update_hitl_detail", "release-manager", DATASET, task="decide", method="PATCH")
    airflow.line("update_hitl_detail", "release-manager", RUN, task="approve", method="PATCH")
    assert touched(rest) == set()
    airflow.line("update_hitl_detail", "somebody", DATASET, task="another", method="PATCH")
    assert touched(rest) == {"somebody"}


def test_a_note_is_no_touch_but_a_state_with_a_note_is(rest: Rest, airflow: Recorded) -> None:
    airflow.line("patch_dag_run", "reviewer", RUN, method="PATCH", note="looks good")
    airflow.line("patch_task_instance", "setter", RUN, method="PATCH", note="looks good", new_state="success")
    assert touched(rest) == {"setter"}


def test_a_deed_that_names_no_run_or_all_runs_counts_for_every_run_since(rest: Rest, airflow: Recorded) -> None:
    airflow.line("post_clear_task_instances", "by-date", None, dag="build_dataset.rooms", method="POST")
    airflow.line("bulk_task_instances", "bulk", AirflowRun("~", "~"), method="PATCH")
    airflow.line("trigger_dag_run", "starter-of-another-run", None, dag="build_dataset.rooms", method="POST")
    airflow.line("patch_dag", "pauser", None, dag="build_dataset.rooms", method="PATCH")
    assert touched(rest) == {"by-date", "bulk"}


def test_every_page_of_the_log_is_read(rest: Rest, airflow: Recorded) -> None:
    for number in range(250):
        airflow.line("get_something", "reader", RUN, method="POST", number=number)
    airflow.line("clear_dag_run", "late", RUN, method="POST")
    assert touched(rest) == {"late"}


def test_the_runs_behind_an_asset_event_are_followed_and_a_posted_one_has_a_poster(
    rest: Rest, airflow: Recorded
) -> None:
    airflow.events[RUN] = [
        {"source_dag_id": "build_dataset.rooms", "source_run_id": "manual__1", "extra": {}, "timestamp": AT}
    ]
    airflow.events[DATASET] = [{"source_run_id": None, "extra": {"from_rest_api": True}, "timestamp": AT}]
    assert read_audit(rest, [], answered=RUN, gates=GATE_TASKS).started_by == ("engineer", UNKNOWN)
    airflow.line("create_asset_event", "poster", None, method="POST")
    assert read_audit(rest, [], answered=RUN, gates=GATE_TASKS).started_by == ("engineer", "poster")


def test_the_log_of_a_run_that_was_deleted_still_counts(rest: Rest, airflow: Recorded) -> None:
    del airflow.runs[DATASET]
    airflow.line("post_clear_task_instances", "clearer", DATASET, method="POST")
    airflow.line("delete_dag_run", "deleter", DATASET, method="DELETE")
    assert touched(rest) == {"clearer", "deleter"}


def test_a_busy_api_is_asked_again_and_a_dead_one_is_an_error(
    rest: Rest, airflow: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simgate_airflow.rest.time.sleep", lambda _s: None)
    airflow.failures = 2
    assert rest.get(run_path(RUN.dag_id, RUN.run_id))["queued_at"] == AT
    airflow.failures = 99
    with pytest.raises(SimgateError, match="does not answer"):
        rest.get("monitor/health")


def test_what_is_not_there_is_not_found(rest: Rest) -> None:
    with pytest.raises(NotFound):
        rest.get(run_path("no", "such"))
