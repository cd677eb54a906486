"""Audit: who started, set, cleared or forged anything in the runs that a release stands on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simgate.core.errors import NotFound
from simgate.release.approval import Touch
from simgate_airflow.rest import Query, Rest, run_path
from simgate_airflow.run.trigger_chain import FROM_API

ANY = "~"
"""The API's spelling of "all DAGs" or "all runs"."""
STARTS = "trigger_dag_run"
"""Logged without a run id; the run itself knows who triggered it."""
HARMLESS = (STARTS, "patch_dag", "patch_dags", "favorite_dag", "unfavorite_dag", "reparse_dag_file")
NOTED = ("patch_dag_run", "patch_task_instance")
"""Set a state, or a note: a remark about a run is no deed in it."""
ANSWER = "update_hitl_detail"
EVENT_MAKERS = ("create_asset_event", "materialize_asset")
STATES = ("running", "success", "failed", "up_for_retry", "skipped", "deferred", "awaiting_input", "upstream_failed")
"""The scheduler's own lines: most of the log, and nobody's deed."""
SLACK = timedelta(seconds=10)
"""Between the log line of a posted event and the event's own time."""
UNKNOWN = "unknown"
"""Somebody whom nobody can name: refuses, as every unmapped author does."""


@dataclass(frozen=True, slots=True)
class AirflowRun:
    """A DAG run by its ids."""

    dag_id: str
    run_id: str


@dataclass(frozen=True, slots=True)
class Audit:
    """Users who started or touched the runs behind a candidate, as Airflow's audit log has them."""

    started_by: tuple[str, ...]
    """Airflow users who started one of them."""
    touched_by: tuple[Touch, ...]


def read_audit(rest: Rest, runs: Iterable[AirflowRun], *, answered: AirflowRun, gates: frozenset[str]) -> Audit:
    """Find who started and who touched the runs, and the runs whose asset events triggered them. Answering a gate is no
    touch.
    """
    known: dict[AirflowRun, dict[str, Any]] = {}
    started: list[str] = []
    waiting = [answered, *runs]
    while waiting:
        run = waiting.pop()
        if run in known:
            continue
        known[run] = _read_run(rest, run)
        started += [known[run]["triggering_user_name"]] if known[run].get("triggering_user_name") else []
        for event in _events(rest, run):
            if event.get("source_run_id"):
                waiting.append(AirflowRun(event["source_dag_id"], event["source_run_id"]))
            if (event.get("extra") or {}).get(FROM_API):
                started += _posters(rest, event)
    touches = [touch for run, state in known.items() for touch in _touches(rest, run, state, gates)]
    return Audit(tuple(sorted(set(started))), tuple(sorted(set(touches), key=lambda touch: (touch.at, touch.who))))


def _read_run(rest: Rest, run: AirflowRun) -> dict[str, Any]:
    try:
        state: dict[str, Any] = rest.get(run_path(run.dag_id, run.run_id))
    except NotFound:
        # A run that was removed from Airflow: its log and its RunRecord are still there.
        return {}
    return state


def _events(rest: Rest, run: AirflowRun) -> list[dict[str, Any]]:
    try:
        events: list[dict[str, Any]] = rest.get(f"{run_path(run.dag_id, run.run_id)}/upstreamAssetEvents")[
            "asset_events"
        ]
    except NotFound:
        return []
    return events


def _posters(rest: Rest, event: dict[str, Any]) -> list[str]:
    at = datetime.fromisoformat(event["timestamp"])
    window: dict[str, Query] = {"after": (at - SLACK).isoformat(), "before": (at + SLACK).isoformat()}
    logged = rest.pages("eventLogs", "event_logs", **window)
    return [line["owner"] or UNKNOWN for line in logged if line["event"] in EVENT_MAKERS] or [UNKNOWN]


def _touches(rest: Rest, run: AirflowRun, state: dict[str, Any], gates: frozenset[str]) -> Iterator[Touch]:
    for line in _log(rest, run, state):
        # Who answered a gate, this one or an earlier release's, decided about the work and did none of it.
        if _by_a_person(line) and not (line["event"] == ANSWER and line["task_id"] in gates):
            what = "/".join(part for part in (run.dag_id, run.run_id, line["task_id"] or "") if part)
            yield Touch(
                who=line["owner"] or UNKNOWN, action=line["event"], what=what, at=datetime.fromisoformat(line["when"])
            )


def _log(rest: Rest, run: AirflowRun, state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Read lines about the run, and lines since its beginning that may be about it: those that name no run, or all."""
    deeds: dict[str, Query] = {"excluded_events": STATES}
    yield from rest.pages("eventLogs", "event_logs", dag_id=run.dag_id, run_id=run.run_id, **deeds)
    since: dict[str, Query] = {"after": state["queued_at"]} if state.get("queued_at") else {}
    for dag_id in (run.dag_id, ANY):
        for line in rest.pages("eventLogs", "event_logs", dag_id=dag_id, **since, **deeds):
            if line["run_id"] in (None, "", ANY) or (dag_id == ANY and line["run_id"] == run.run_id):
                yield line


def _by_a_person(line: dict[str, Any]) -> bool:
    """Return whether a request that changes something made the line; lines of the scheduler name no HTTP method."""
    if line["event"] in HARMLESS or line["event"].startswith("get_"):
        return False
    try:
        extra = json.loads(line["extra"] or "{}")
    except ValueError:
        return False
    if not isinstance(extra, dict) or extra.get("method", "GET") == "GET":
        return False
    only_a_note = line["event"] in NOTED and "note" in extra and not (extra.get("state") or extra.get("new_state"))
    return not only_a_note
