"""Api: Airflow's REST API under one account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from simgate.core.errors import SimgateError

TIMEOUT_S = 30.0
TRIES = 4
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
    """Reads runs, answers a gate, starts a run."""

    def __init__(self, url: str, account: str, password: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self.account = account
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False, transport=transport)
        self._password = password
        self._token = ""

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def run_state(self, dag: str, run: str) -> str:
        """Return the state of a DAG run: queued, running, success or failed."""
        return str(self._send("GET", _run(dag, run))["state"])

    def knows(self, dag: str, run: str) -> bool:
        """Return whether this Airflow has that run."""
        return self._answer("GET", _run(dag, run), None, None).status_code == httpx.codes.OK

    def tasks(self, dag: str, run: str) -> list[TaskState]:
        """Return every task instance of a run."""
        rows = self._send("GET", f"{_run(dag, run)}/taskInstances", query={"limit": 200})["task_instances"]
        return [_task(row) for row in rows]

    def failed_runs_since(self, dag: str, moment: datetime) -> list[str]:
        """Return runs of a DAG that were queued later than a moment and failed."""
        query = {"state": "failed", "order_by": "-run_after", "limit": 10}
        rows = self._send("GET", f"dags/{quote(dag)}/dagRuns", query=query)["dag_runs"]
        return [row["dag_run_id"] for row in rows if (at := _time(row["queued_at"])) is not None and at > moment]

    def import_errors(self) -> list[str]:
        """Return DAG files that cannot be read, and why."""
        found = self._send("GET", "importErrors")["import_errors"]
        return [f"{row['filename']}: {row['stack_trace']}" for row in found]

    def gate_waits(self, dag: str, run: str) -> bool:
        """Return whether the run's gate has asked and nobody has answered."""
        answer = self._answer("GET", _gate(dag, run), None, None)
        return answer.status_code == httpx.codes.OK and not answer.json()["response_received"]

    def answer_gate(self, dag: str, run: str, option: str, reason: str) -> None:
        """Answer the run's gate in this account's name."""
        self._send("PATCH", _gate(dag, run), body={"chosen_options": [option], "params_input": {"reason": reason}})

    def trigger(self, dag: str) -> str:
        """Start a run by hand; its id."""
        body = {"logical_date": None, "note": "started by the demo"}
        return str(self._send("POST", f"dags/{quote(dag)}/dagRuns", body=body)["dag_run_id"])

    def _send(self, method: str, path: str, *, query: dict[str, Any] | None = None, body: Any = None) -> Any:
        answer = self._answer(method, path, query, body)
        if not answer.is_success:
            raise SimgateError(f"Airflow refused {method} {path}", actual=f"{answer.status_code} {answer.text[:300]}")
        return answer.json()

    def _answer(self, method: str, path: str, query: dict[str, Any] | None, body: Any) -> httpx.Response:
        # A question may be asked again: on a busy machine an answer comes late, or SQLite is locked for a moment.
        for tries_left in reversed(range(TRIES if method == "GET" else 1)):
            try:
                headers = {"Authorization": f"Bearer {self._login()}"}
                answer = self._client.request(method, f"/api/v2/{path}", params=query, json=body, headers=headers)
            except httpx.TransportError as error:
                if tries_left:
                    continue
                raise SimgateError(f"Airflow's API does not answer {path}: {error!r}") from error
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._token = ""
            if not answer.is_server_error:
                break
        return answer

    def _login(self) -> str:
        if not self._token:
            body = {"username": self.account, "password": self._password}
            answer = self._client.post("/auth/token", json=body)
            if not answer.is_success:
                raise SimgateError(f"Airflow refuses the account {self.account}", actual=answer.status_code)
            self._token = answer.json()["access_token"]
        return self._token


def _run(dag: str, run: str) -> str:
    return f"dags/{quote(dag, safe='')}/dagRuns/{quote(run, safe='')}"


def _gate(dag: str, run: str) -> str:
    return f"{_run(dag, run)}/taskInstances/{GATE_TASK}/-1/hitlDetails"


def _task(row: dict[str, Any]) -> TaskState:
    return TaskState(
        task=row["task_id"], map_index=row["map_index"], state=row["state"] or "", started_at=_time(row["start_date"]),
        ended_at=_time(row["end_date"]), try_number=row["try_number"],
    )  # fmt: skip


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
