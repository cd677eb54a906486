"""Airflow's roles under the FAB auth manager, each asked for real: role × request × status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from simgate_airflow.gate.audit import AirflowRun
from simgate_airflow.gate.recorded_gate import read_gate
from simgate_airflow.local.standalone import LocalAirflow, start
from simgate_airflow.rest import Rest, run_path
from simgate_airflow.roles import read_roles
from simgate_airflow.settings import read_settings
from tests.demo_recipes import RECIPES
from tests.e2e.airflow_client import wait_for

pytestmark = pytest.mark.timeout(240)
ROOT = Path(__file__).parents[2]
ROLES = ROOT / "helm/simgate/files/roles.json"
FAB = {"AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"}
PEOPLE = {
    "ned": "newcomer",
    "vic": "viewer",
    "promoter": "promoter",
    "eve": "engineer",
    "mona": "release-manager",
    "root": "Admin",
}
BY_HAND = {"name": "engineer", "resource": "Providers", "action": "can_read"}
"""Harmless, and not of the project's roles."""
NEWCOMER = [
    {"name": "newcomer", "resource": resource, "action": "can_read"}
    for resource in ("DAG:build_dataset.rooms", "DAG Runs", "Task Instances", "Website")
]
"""May read one DAG of the two."""
ANSWER = {"chosen_options": ["Approve"], "params_input": {}}


@dataclass
class Office:
    """An Airflow with FAB, five people, one run of each DAG; the release's gate waits for mona."""

    url: str
    tokens: dict[str, str]
    ids: dict[str, str]
    folder: Path
    dataset: str = ""
    release: str = ""

    def ask(self, who: str, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request as a person; RELEASE and DATASET stand for the two runs' paths."""
        path = path.replace("RELEASE", self.release).replace("DATASET", self.dataset)
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        return httpx.request(method, f"{self.url}/api/v2/{path}", json=body, headers=headers, timeout=30)

    def trigger(self, who: str, dag: str, **conf: str) -> str:
        """Start a run; its path."""
        answer = self.ask(who, "POST", f"dags/{dag}/dagRuns", {"logical_date": None, "conf": conf}).raise_for_status()
        return run_path(dag, answer.json()["dag_run_id"])

    def gate_state(self) -> str:
        """State of the release's gate."""
        return str(self.ask("vic", "GET", "RELEASE/taskInstances/decide").json()["state"])


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Start it, make the roles and people with the project's own command, park a gate."""
    folder = tmp_path_factory.mktemp("rbac")
    airflow = start(
        folder / "home", dags=Path(__file__).parent / "rbac_dags", plugins=ROOT / "plugins", environment=FAB, port=0
    )
    try:
        found = _people(airflow, folder)
        known = ("build_dataset.rooms", "release_model.navigator")
        wait_for(lambda: all(found.ask("root", "GET", f"dags/{dag}").is_success for dag in known), 60, "the DAGs")
        found.dataset = found.trigger("eve", "build_dataset.rooms")
        found.release = found.trigger("root", "release_model.navigator", manager=found.ids["mona"])
        wait_for(lambda: found.gate_state() == "awaiting_input", 60, "the gate to wait")
        yield found
    finally:
        airflow.stop()


def _people(airflow: LocalAirflow, folder: Path) -> Office:
    passwords = {name: f"{name}-{os.urandom(8).hex()}" for name in PEOPLE}
    words: list[str] = []
    for name, role in PEOPLE.items():
        (folder / name).write_text(passwords[name])
        words += ["--account", f"{name}:{role}:{folder / name}"]
    more = folder / "more.json"
    more.write_text(json.dumps([*json.loads(ROLES.read_text()), BY_HAND, *NEWCOMER]))
    said = _apply(airflow.home, more, *words)
    ids = dict(line.split(" has id ") for line in said if " has id " in line)
    return Office(airflow.url, {name: _token(airflow.url, name, passwords[name]) for name in PEOPLE}, ids, folder)


def _apply(home: Path, *words: str | Path) -> list[str]:
    environment = {**os.environ, **FAB, "AIRFLOW_HOME": str(home), "SIMGATE_RECIPES": str(RECIPES)}
    command = [sys.executable, "-m", "simgate_airflow.roles", *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _token(url: str, name: str, password: str) -> str:
    answer = httpx.post(f"{url}/auth/token", json={"username": name, "password": password}, timeout=30)
    return str(answer.raise_for_status().json()["access_token"])


GATE = "RELEASE/taskInstances/decide"
XCOM = {"key": "return_value", "value": {"chosen_options": ["Approve"]}, "map_index": -1}
CLEAR = {"dry_run": False, "only_failed": False}
READS = ("vic", "promoter", "eve", "mona")
# Method, path, body, who gets 200. Everybody else of the four gets 403, and nothing changes.
TABLE: tuple[tuple[str, str, Any, tuple[str, ...]], ...] = (
    ("GET", "dags/release_model.navigator", None, READS),
    ("GET", "RELEASE", None, READS),
    ("GET", "RELEASE/upstreamAssetEvents", None, READS),
    ("GET", GATE, None, READS),
    ("GET", f"{GATE}/-1/hitlDetails", None, READS),
    ("GET", "dags/~/dagRuns/~/hitlDetails", None, READS),
    ("GET", "eventLogs", None, READS),
    ("GET", "eventLogs?dag_id=release_model", None, READS),
    ("GET", "eventLogs?dag_id=~", None, READS),
    ("GET", "variables", None, ()),
    ("GET", "connections", None, ()),
    ("GET", "config", None, ()),
    ("POST", "variables", {"key": "a", "value": "b"}, ()),
    # The gate: nobody of the four sets it, clears it, forges its answer or removes it.
    ("PATCH", GATE, {"new_state": "success"}, ()),
    ("PATCH", f"{GATE}/-1", {"new_state": "success"}, ()),
    ("POST", "dags/release_model.navigator/clearTaskInstances", {**CLEAR, "task_ids": ["decide"]}, ()),
    ("POST", f"{GATE}/xcomEntries", XCOM, ()),
    ("PATCH", f"{GATE}/xcomEntries/return_value", {"value": 1, "map_index": -1}, ()),
    ("DELETE", f"{GATE}/xcomEntries/return_value", None, ()),
    ("DELETE", GATE, None, ()),
    ("PATCH", "RELEASE", {"state": "success"}, ()),
    ("POST", "RELEASE/clear", CLEAR, ()),
    ("DELETE", "RELEASE", None, ()),
    ("DELETE", "dags/release_model.navigator", None, ()),
    ("POST", "dags/release_model.navigator/dagRuns", {"logical_date": None}, ()),
    ("POST", "assets/events", {"asset_id": 1, "extra": {}}, ()),
    ("POST", "assets/1/materialize", {}, ()),
    (
        "POST",
        "backfills",
        {"dag_id": "release_model.navigator", "from_date": "2026-01-01", "to_date": "2026-01-02"},
        (),
    ),
    ("PATCH", "dags/release_model.navigator", {"is_paused": False}, ("mona",)),
    # The dataset is the engineers' own.
    ("POST", "dags/build_dataset.rooms/dagRuns", {"logical_date": None}, ("eve",)),
    ("PATCH", "DATASET/taskInstances/plan", {"new_state": "failed"}, ("eve",)),
    ("POST", "DATASET/clear", CLEAR, ("eve",)),
    ("PATCH", "DATASET", {"state": "failed"}, ("eve",)),
    ("POST", "DATASET/taskInstances/plan/xcomEntries", XCOM, ()),
)


@pytest.mark.parametrize(("method", "path", "body", "allowed"), TABLE, ids=[f"{row[0]}-{row[1]}" for row in TABLE])
def test_each_role_may_do_what_the_table_says_and_nothing_else(
    office: Office, method: str, path: str, body: Any, allowed: tuple[str, ...]
) -> None:
    found = {who: office.ask(who, method, path, body).status_code for who in READS}
    assert found == {who: 200 if who in allowed else 403 for who in READS}
    assert office.gate_state() == "awaiting_input"


@pytest.mark.parametrize("path", ["dags/~/dagRuns/~/taskInstances", "DATASET/taskInstances"])
def test_a_bulk_request_about_the_gate_is_refused_entity_by_entity(office: Office, path: str) -> None:
    run_id = office.ask("vic", "GET", "RELEASE").json()["dag_run_id"]
    entity = {
        "dag_id": RELEASE_DAG, "dag_run_id": run_id, "task_id": "decide", "map_index": -1, "new_state": "success",
    }  # fmt: skip
    body = {"actions": [{"action": "update", "entities": [entity], "action_on_non_existence": "fail"}]}
    errors = office.ask("eve", "PATCH", path, body).raise_for_status().json()["update"]["errors"]
    assert [error["status_code"] for error in errors] == [403]
    assert office.ask("mona", "PATCH", path, body).status_code == 403
    assert office.gate_state() == "awaiting_input"


RELEASE_DAG = "release_model.navigator"
RUN_OF = {"dag_id": RELEASE_DAG, "dag_run_id": "RUN"}
BULK: tuple[tuple[str, str, Any], ...] = (
    ("PATCH", "dags/DAG/dagRuns", {"actions": [{"action": "delete", "entities": [RUN_OF]}]}),
    ("PATCH", "dags/DAG/dagRuns", {"actions": [{"action": "update", "entities": [{**RUN_OF, "state": "failed"}]}]}),
    ("POST", "dags/DAG/clearDagRuns", {"dry_run": False, "dag_runs": [RUN_OF]}),
    (
        "POST",
        "dags/release_model.navigator/clearPartitions",
        {"dry_run": False, "clear_task_instances": True, "run_id": "RUN"},
    ),
    ("PATCH", "dags/DAG/dagRuns/RUN/taskInstances", {"actions": [{"action": "delete", "entities": ["decide"]}]}),
    ("PATCH", "RELEASE/taskGroupInstances/decide", {"new_state": "failed"}),
)


@pytest.mark.parametrize("dag", ["release_model.navigator", "~"])
@pytest.mark.parametrize("row", BULK, ids=[f"{row[0]}-{row[1].rpartition('/')[2]}-{n}" for n, row in enumerate(BULK)])
def test_no_bulk_request_clears_sets_or_deletes_a_waiting_gate_or_its_run(office: Office, row: Any, dag: str) -> None:
    run_id = office.ask("vic", "GET", "RELEASE").json()["dag_run_id"]
    method, path, body = row
    path = path.replace("DAG/", f"{dag}/").replace("/RUN/", f"/{run_id}/")
    for who in READS:
        answer = office.ask(who, method, path, json.loads(json.dumps(body).replace('"RUN"', json.dumps(run_id))))
        done = answer.json() if answer.is_success else {}
        assert not any(result.get("success") for result in done.values() if isinstance(result, dict)), (who, done)
        assert answer.status_code == 403 or done, (who, answer.text)
        assert office.gate_state() == "awaiting_input", who
    assert office.ask("vic", "GET", "RELEASE").json()["state"] == "running"


def test_the_assigned_manager_alone_answers_and_the_record_names_her_by_a_number(office: Office) -> None:
    time.sleep(3)  # An answer within a moment of the parking can fail the run.
    path = f"{GATE}/-1/hitlDetails"
    refused = {who: office.ask(who, "PATCH", path, ANSWER).status_code for who in ("vic", "promoter", "eve", "root")}
    assert set(refused.values()) == {403}, "an admin is not assigned either"
    assert office.ask("mona", "PATCH", path, ANSWER).status_code == 200
    asked = office.ask("promoter", "GET", path).json()
    assert asked["responded_by_user"] == {"id": office.ids["mona"], "name": "mona"}
    assert office.ids["mona"].isdigit(), "so the policy's airflow_ids need this number, and the name for the audit log"


def test_the_promoters_role_is_enough_to_read_the_gate_and_its_audit_log(office: Office) -> None:
    wired = read_settings(
        {"SIMGATE_AIRFLOW_URL": office.url, "SIMGATE_PROMOTER_PASSWORD_FILE": str(office.folder / "promoter")}
    )
    run = office.ask("vic", "GET", "RELEASE").json()
    with closing(Rest.of(wired)) as rest:
        record = read_gate(rest, AirflowRun("release_model.navigator", run["dag_run_id"]), ())
    assert record is not None
    assert (record.response_received, record.responder_id) == (True, office.ids["mona"])
    assert not record.all_admins
    assert record.run_started_by == ("root",), "the audit log knows people by their names"


@pytest.mark.parametrize("page", ["run", "task"])
def test_reports_are_shown_to_whoever_may_read_that_dag_and_to_nobody_else(office: Office, page: str) -> None:
    for dag, readers in (("build_dataset.rooms", (*READS, "ned")), ("release_model.navigator", READS)):
        task = "/plan/-1" if page == "task" else ""
        url = f"{office.url}/simgate/{page}/{dag}/manual__1{task}"
        found = {who: httpx.get(url, headers=_bearer(token), timeout=30) for who, token in office.tokens.items()}
        shown = {who for who, answer in found.items() if answer.status_code == 200}
        assert shown == {*readers, "root"}
        assert {answer.status_code for who, answer in found.items() if who not in shown} <= {403}
        assert httpx.get(url, timeout=30).status_code == 302


def test_whoever_is_shown_reports_is_shown_the_tabs(office: Office) -> None:
    for who in ("vic", "eve", "mona"):
        plugins = office.ask(who, "GET", "plugins").raise_for_status().json()["plugins"]
        tabs = {view["destination"] for plugin in plugins for view in plugin["external_views"]}
        assert {"dag_run", "task_instance"} <= tabs


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_applying_the_roles_again_takes_back_what_was_added_by_hand(office: Office) -> None:
    said = _apply(office.folder / "home", ROLES)
    assert [line for line in said if ": + " in line or ": - " in line] == ["engineer: - can_read Providers"]


def test_no_role_of_the_file_may_change_the_gates_tasks_variables_or_roles() -> None:
    roles = read_roles(ROLES)
    assert set(roles) == {"viewer", "promoter", "engineer", "release-manager"}
    writes = {
        name: {pair for pair in pairs if pair[0] not in ("can_read", "menu_access")} for name, pairs in roles.items()
    }
    own = {("can_edit", "My Password"), ("can_edit", "My Profile")}
    assert writes["promoter"] == set()
    assert writes["viewer"] == own
    assert writes["release-manager"] - own == {("can_edit", "DAG:release_model.*"), ("can_edit", "HITL Detail")}
    assert not {resource for _, resource in writes["engineer"]} & {
        "DAGs",
        "DAG:release_model.*",
        "XComs",
        "HITL Detail",
    }
