"""Gate end: whether people or the clock ended a gate, or somebody who was not asked."""

from __future__ import annotations

from datetime import UTC, datetime

from simgate.core.documents.when import when
from simgate.release.approval import REJECT, GateRecord, Touch
from simgate.release.candidate import CandidateEntry
from simgate.release.settle import STILL_WAITING


def undecided(gate: GateRecord, entry: CandidateEntry) -> str:
    """Say how a gate ended without an answer, before its deadline; empty if answered, lapsed or still waiting.

    Setting, clearing or deleting the task in Airflow decides nothing, and neither does a quarantine.
    """
    if REJECT in gate.chosen_options or entry.candidate.expires_at <= datetime.now(UTC):
        return ""
    if gate.response_received and gate.try_number <= 1:
        return ""
    if not gate.response_received and gate.task_state in STILL_WAITING:
        return ""
    ended = "its answer was cleared" if gate.response_received else f"nobody answered (its task is {gate.task_state!r})"
    return f"{ended}; {_deeds(gate, entry)}"


def _deeds(gate: GateRecord, entry: CandidateEntry) -> str:
    mine = f"{gate.dag_id}/{gate.run_id}"
    deeds = [touch for touch in gate.touched_by if touch.at >= entry.at and f"{touch.what}/".startswith(f"{mine}/")]
    return "; ".join(_deed(touch) for touch in deeds) or "Airflow's audit log names nobody who did it"


def _deed(touch: Touch) -> str:
    return f"{touch.who} did {touch.action} on {touch.what} at {when(touch.at)}"
