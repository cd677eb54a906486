"""A user of Airflow's REST API, for tests: what a person may do with an account."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from simgate_airflow.local.standalone import LocalAirflow
from simgate_airflow.rest import Writer, run_path

ENDED = ("success", "failed")


@dataclass
class User:
    """One account."""

    airflow: LocalAirflow
    name: str
    _client: Writer | None = None

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        """One request as this user, once; any status."""
        return self._writer().ask(method, path, body, **query)

    @property
    def token(self) -> str:
        """The account's token, for a browser."""
        return self._writer().token()

    def _writer(self) -> Writer:
        if self._client is None or self._client.url != self.airflow.url:
            self._client = Writer(self.airflow.url, self.name, lambda: self.airflow.password(self.name))
        return self._client

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a GET."""
        return self.ask("GET", path, **query).raise_for_status().json()

    def trigger(self, dag: str, **conf: Any) -> Run:
        """Start a run by hand."""
        for pause_s in (1.0, 3.0, 0.0):
            answer = self.ask("POST", f"dags/{dag}/dagRuns", {"logical_date": None, "conf": conf})
            if answer.status_code != 500:
                break
            # SQLite has one writer: while the scheduler is it, Airflow may answer 500, and has made nothing.
            time.sleep(pause_s)
        assert answer.is_success, answer.text
        return Run(self, dag, answer.json()["dag_run_id"])

    def runs(self, dag: str) -> list[Run]:
        """Every run of a DAG, oldest first."""
        found = self.get(f"dags/{dag}/dagRuns", order_by="run_after", limit=100)["dag_runs"]
        return [Run(self, dag, item["dag_run_id"]) for item in found]

    def post_event(self, asset: str, **extra: Any) -> httpx.Response:
        """Forge an asset event."""
        assets = self.get("assets", name_pattern=asset)["assets"]
        number = next(item["id"] for item in assets if item["name"] == asset)
        return self.ask("POST", "assets/events", {"asset_id": number, "extra": extra})


@dataclass
class Run:
    """One DAG run, seen by a user."""

    user: User
    dag: str
    run_id: str

    @property
    def path(self) -> str:
        """Its path in the API."""
        return run_path(self.dag, self.run_id)

    @property
    def state(self) -> str:
        """Its state."""
        return str(self.user.get(self.path)["state"])

    def ended(self, within_s: float = 300) -> str:
        """Wait for the end; its state."""
        wait_for(lambda: self.state in ENDED, within_s, f"{self.dag} {self.run_id} to end: {self.tasks}")
        return self.state

    @property
    def tasks(self) -> dict[str, str]:
        """State of each task; a mapped one as `task.index`."""
        found = self.user.get(f"{self.path}/taskInstances", limit=100)["task_instances"]
        return {_name(item): item["state"] for item in found}

    def instance(self, task: str) -> dict[str, Any]:
        """One task instance."""
        found: dict[str, Any] = self.user.get(f"{self.path}/taskInstances/{task}")
        return found

    def reaches(self, task: str, state: str, within_s: float = 300) -> None:
        """Wait until a task has a state."""
        wait_for(lambda: self.tasks.get(task) == state, within_s, f"{task} to be {state}")

    def log(self, task: str, number: int = 1, *, map_index: int = -1) -> str:
        """The text of a task's log, errors included."""
        path = f"{self.path}/taskInstances/{task}/logs/{number}"
        text = self.user.ask("GET", path, full_content="true", map_index=map_index).text
        return text.encode().decode("unicode_escape", errors="replace")

    def last_words(self, task: str) -> str:
        """The end of the log of a task's newest try; a mapped one as `task.index`."""
        name, _, index = task.partition(".")
        instance = self.instance(task.replace(".", "/"))
        return self.log(name, max(instance["try_number"], 1), map_index=int(index or -1))[-3000:]

    def answer(self, who: User, option: str, **form: Any) -> httpx.Response:
        """Answer the gate, a moment after it parked: earlier an answer can fail the run. `form` is its fields."""
        self.reaches("decide", "awaiting_input")
        time.sleep(3)
        body = {"chosen_options": [option], "params_input": form}
        return who.ask("PATCH", f"{self.path}/taskInstances/decide/-1/hitlDetails", body)

    def set_task(self, who: User, task: str, state: str) -> httpx.Response:
        """Set a task's state by hand."""
        return who.ask("PATCH", f"{self.path}/taskInstances/{task}", {"new_state": state})

    def failures(self) -> str:
        """Logs of the tasks that failed."""
        failed = [task for task, state in self.tasks.items() if state == "failed"]
        return "\n".join(f"== {task}\n{self.log(task.partition('.')[0])[-6000:]}" for task in failed)

    def clear(self, who: User, *tasks: str, downstream: bool = False) -> httpx.Response:
        """Clear tasks of the run.

        Asked again after a 500: Airflow over SQLite locks itself out for 5 s where a task begins at that very moment.
        """
        body = {
            "dry_run": False, "task_ids": list(tasks), "dag_run_id": self.run_id, "only_failed": False,
            "include_downstream": downstream, "reset_dag_runs": True,
        }  # fmt: skip
        answer = who.ask("POST", f"dags/{self.dag}/clearTaskInstances", body)
        return who.ask("POST", f"dags/{self.dag}/clearTaskInstances", body) if answer.status_code == 500 else answer


def _name(item: dict[str, Any]) -> str:
    return item["task_id"] if item["map_index"] < 0 else f"{item['task_id']}.{item['map_index']}"


def wait_for(what: Callable[[], bool], within_s: float, said: str) -> float:
    """Wait until something holds; the seconds that it took."""
    started = time.monotonic()
    while not what():
        if time.monotonic() - started > within_s:
            raise AssertionError(f"waited {within_s} s for {said}")
        time.sleep(0.4)
    return time.monotonic() - started
