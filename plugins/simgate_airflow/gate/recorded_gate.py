"""Gate: the release gate as Airflow's own records have it, never as a task was told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from simgate.core.errors import NotFound
from simgate.core.storage.store import Store
from simgate.plan.record import find_why
from simgate.release.approval import REJECT, GateRecord
from simgate.release.candidate import CandidateEntry
from simgate.release.lineage import lineages, walk
from simgate_airflow.gate.audit import AirflowRun, read_audit
from simgate_airflow.rest import Rest, run_path
from simgate_airflow.run.run_record import airflow_run

GATE_TASK = "decide"
GATE_TASKS = frozenset((GATE_TASK, "approve"))
"""With the name that the gate had before: an answer of that time is no touch of the work either."""
REASON = "reason"
UNTOUCHED = "Nothing to add."
"""Content of the form before somebody writes: no reason."""
NO_REASON = "no reason given"
MAX_REASON_CHARACTERS = 2000
CUT = " … (cut)"


def read_gate(rest: Rest, run: AirflowRun, upstream: Iterable[AirflowRun]) -> GateRecord | None:
    """Return the gate of a run with everything that may speak against its answer; None where it never asked."""
    path = f"{run_path(run.dag_id, run.run_id)}/taskInstances/{GATE_TASK}"
    try:
        asked = rest.get(f"{path}/-1/hitlDetails")
    except NotFound:
        return None
    instance: dict[str, Any] = rest.get(path)
    audit = read_audit(rest, upstream, answered=run, gates=GATE_TASKS)
    responder = asked.get("responded_by_user") or {}
    return GateRecord(
        dag_id=run.dag_id, run_id=run.run_id, task_id=GATE_TASK, try_number=instance["try_number"],
        try_started_at=_time(instance["start_date"]), task_state=instance["state"] or "none",
        subject=asked["subject"], response_received=asked["response_received"],
        chosen_options=tuple(asked["chosen_options"] or ()), responder_id=responder.get("id", ""),
        responder_name=responder.get("name", ""),
        responded_at=_time(asked["responded_at"]),
        assigned_ids=tuple(user["id"] for user in asked["assigned_users"]), all_admins=rest.everybody_is_admin(),
        run_started_by=audit.started_by, touched_by=audit.touched_by, reason=reason_of(asked),
    )  # fmt: skip


def reason_of(asked: Mapping[str, Any]) -> str:
    """Return the reason that came with the answer; Airflow's API checks no form, so anything may stand there."""
    given = (asked.get("params_input") or {}).get(REASON)
    text = given.encode("utf-8", "replace").decode().strip() if isinstance(given, str) else ""
    if text in ("", UNTOUCHED):
        return NO_REASON if REJECT in (asked["chosen_options"] or ()) else ""
    if len(text) > MAX_REASON_CHARACTERS:
        return text[: MAX_REASON_CHARACTERS - len(CUT)] + CUT
    return text


def upstream_folders(store: Store, entry: CandidateEntry) -> frozenset[str]:
    """Return the RunRecords that a candidate stands on, reused work and its own run included."""
    trees = lineages(store, list(entry.candidate.evidence.values()))
    made_for = (node.run_record for tree in trees for node in walk(tree) if node.kind != "snapshot")
    return frozenset((entry.candidate.run_record, *made_for))


def airflow_runs(store: Store, folders: Iterable[str]) -> list[AirflowRun]:
    """Return the DAG runs that wrote RunRecords; a run that was started outside Airflow has none."""
    planned = sorted({folder for folder in folders if folder.startswith("plans/")})
    whys = (find_why(store, folder) for folder in planned)
    ids = (airflow_run(why.run) for why in whys if why is not None)
    return [AirflowRun(*pair) for pair in ids if pair is not None]


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
