"""Api: what the demo asks of Airflow, and the two orders that it gives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from simgate.core.errors import NotFound
from simgate_airflow.rest import Writer, run_path

GATE_TASK = "decide"
"""The task of release_model that asks a release manager."""


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task instance."""

    task: str
    map_index: int
    state: str
    """Empty before it is scheduled."""
    started_at: datetime | None
    ended_at: datetime | None
    try_number: int


class Api:
    """Reads runs, answers a gate, starts a run, as one account."""

    def __init__(self, url: str, account: str, password: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.account = account
        self._airflow = Writer(url, account, lambda: password, transport)

    def close(self) -> None:
        """Give the connections back."""
        self._airflow.close()

    def run_state(self, dag: str, run: str) -> str:
        """Return the state of a DAG run: queued, running, success or failed."""
        return str(self._airflow.get(run_path(dag, run))["state"])

    def knows(self, dag: str, run: str) -> bool:
        """Return whether this Airflow has that run."""
        try:
            self._airflow.get(run_path(dag, run))
        except NotFound:
            return False
        return True

    def tasks(self, dag: str, run: str) -> list[TaskState]:
        """Return every task instance of a run."""
        return [_task(row) for row in self._airflow.pages(f"{run_path(dag, run)}/taskInstances", "task_instances")]

    def failed_runs_since(self, dag: str, moment: datetime) -> list[str]:
        """Return runs of a DAG that were queued later than a moment and failed."""
        rows = self._airflow.get(f"dags/{quote(dag)}/dagRuns", state="failed", order_by="-run_after", limit=10)
        queued = ((row["dag_run_id"], _time(row["queued_at"])) for row in rows["dag_runs"])
        return [run for run, at in queued if at is not None and at > moment]

    def import_errors(self) -> list[str]:
        """Return DAG files that cannot be read, and why."""
        found = self._airflow.get("importErrors")["import_errors"]
        return [f"{row['filename']}: {row['stack_trace']}" for row in found]

    def gate_waits(self, dag: str, run: str) -> bool:
        """Return whether the run's gate has asked and nobody has answered."""
        try:
            return not self._airflow.get(_gate(dag, run))["response_received"]
        except NotFound:
            return False

    def answer_gate(self, dag: str, run: str, option: str, reason: str) -> None:
        """Answer the run's gate in this account's name."""
        self._airflow.order(
            "PATCH", _gate(dag, run), {"chosen_options": [option], "params_input": {"reason": reason}}
        )  # fmt: skip

    def trigger(self, dag: str) -> str:
        """Start a run by hand; return its id."""
        body = {"logical_date": None, "note": "started by the demo"}
        return str(self._airflow.order("POST", f"dags/{quote(dag)}/dagRuns", body)["dag_run_id"])


def _gate(dag: str, run: str) -> str:
    return f"{run_path(dag, run)}/taskInstances/{GATE_TASK}/-1/hitlDetails"


def _task(row: dict[str, Any]) -> TaskState:
    return TaskState(
        task=row["task_id"], map_index=row["map_index"], state=row["state"] or "", started_at=_time(row["start_date"]),
        ended_at=_time(row["end_date"]), try_number=row["try_number"],
    )  # fmt: skip


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
