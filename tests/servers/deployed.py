"""Deployed: a running docker-compose.yml, as people and programs see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from simgate_airflow.local.standalone import LocalAirflow
from tests.e2e.airflow_client import Run, User, wait_for
from tests.servers import compose
from tests.servers.project import Project

T = TypeVar("T")
READER = "/run/simgate/keys/reader"
AIRFLOW = "http://127.0.0.1:8080"


class Deployed:
    """A project in a folder, and its people."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read()

    def read(self) -> None:
        """Take over .env, as the next `docker compose up` does."""
        self.project = Project(self.folder)
        self.secrets = compose.variables_of(self.folder / ".env")
        self.admin = User(LocalAirflow(self.folder / "volumes" / "accounts", AIRFLOW, 0, {}), "admin")

    def ask(self, what: Callable[[], T]) -> T:
        """An answer from inside the project's network."""
        return self.project.inside(what)

    def wait(self, what: Callable[[], bool], within_s: float, said: str) -> float:
        """Wait until something holds there."""
        return self.ask(lambda: wait_for(what, within_s, said))

    def run(self, service: str, *command: str) -> str:
        """What a command in a service's container prints, which ends well."""
        done = self.project.run(service, *command)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def simgate(self, *words: str) -> Any:
        """The JSON of a command that reads the store."""
        return json.loads(self.run("triggerer", "env", f"SIMGATE_ROLE_KEYS={READER}", "simgate", *words, "--json"))

    def login(self, account: str, password: str) -> int:
        """How the API answers a login."""
        said = {"username": account, "password": password}
        return self.ask(lambda: httpx.post(f"{AIRFLOW}/auth/token", json=said, timeout=30)).status_code

    @property
    def first_run(self) -> Run:
        """The oldest run of build_dataset that has work to do; asked for inside."""
        return next(run for run in self.admin.runs("build_dataset.rooms") if run.tasks.get("plan") != "skipped")
