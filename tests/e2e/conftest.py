"""One local Airflow for all end-to-end tests, with the real DAGs, small stages and four people."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from simgate.core.storage.heads import ScenesHead, push_scenes
from simgate.core.storage.store import Store
from simgate.release.reference import Reference
from simgate_airflow.local.standalone import ACCOUNTS, LocalAirflow, start
from tests.demo_recipes import RECIPES, demo_dataset_recipe, demo_release_recipe
from tests.e2e.airflow_client import User, wait_for

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
SCENES = ("office", "home", "warehouse")
POLICY = {
    "version": 2,
    "people": [
        {"name": "scene-author", "emails": ["scenes@example.org"], "airflow_ids": ["engineer"]},
        {"name": "operator", "emails": [], "airflow_ids": ["admin"]},
        {"name": "release-manager", "emails": ["release@example.org"], "airflow_ids": ["release-manager"]},
        {"name": "second-manager", "emails": [], "airflow_ids": ["second-manager"]},
    ],
    "channels": {
        "demo": {
            "gates": ["validate", "evaluate", "export", "hil"],
            "reference": Reference.of(demo_dataset_recipe(), demo_release_recipe()).model_dump(mode="json"),
            "benches": ["emulated"],
            "approvers": ["release-manager", "second-manager"],
        }
    },
}
HOURLY, LEAP_DAY = r'"\d+ \* \* \* \*"', '"0 0 29 2 *"'
"""The clock's own runs would come between at any moment: a DAG that is new has one at once, minutes after its time."""
PEOPLE = {**ACCOUNTS, "second-manager": "user"}


@dataclass
class World:
    """A running Airflow with its store and its people."""

    airflow: LocalAirflow
    store: Store
    folder: Path

    def user(self, name: str) -> User:
        """An account."""
        return User(self.airflow, name)

    def wait_for_dags(self) -> None:
        """Wait until every DAG was parsed, without an error."""
        admin = self.user("admin")
        known = ("build_dataset.rooms", "release_model.navigator", "gate", "probe")
        wait_for(lambda: all(admin.ask("GET", f"dags/{dag}").is_success for dag in known), 300, "the DAGs")
        assert admin.get("importErrors")["import_errors"] == []

    def story(self) -> str:
        """Every run and its tasks: for the message of a test that waited in vain."""
        admin = self.user("admin")
        runs = [run for dag in ("build_dataset.rooms", "release_model.navigator") for run in admin.runs(dag)]
        return "\n".join(f"{run.dag} {run.run_id} is {run.state}: {run.tasks}" for run in runs)

    def push(self, *, author: str = "scenes@example.org", domain: str = "main", **edits: str) -> ScenesHead:
        """Edit scenes and push them."""
        for scene in SCENES:
            path = self.folder / "scenes" / scene / f"{scene}.usda"
            if scene in edits or not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"#usda 1.0\n# {scene} {edits.get(scene, '')}\n")
        head, moved = push_scenes(self.store, domain, self.folder / "scenes", author=author, message="an edit")
        assert moved
        return head


def furnished(folder: Path, *, max_batches: int = 2) -> dict[str, str]:
    """DAGs, policy and small stages in a folder; the variables that name them."""
    dags = folder / "dags"
    dags.mkdir()
    for source in (*(ROOT / "dags").glob("*.py"), *(HERE / "dags").glob("*.py")):
        (dags / source.name).write_text(re.sub(HOURLY, LEAP_DAY, source.read_text()))
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{HERE / "small_stages.py"}" "$@"\n')
    python.chmod(0o755)
    return {
        "SIMGATE_STORE": str(folder / "store"), "SIMGATE_POLICY": str(folder / "policy.yaml"),
        "SIMGATE_RECIPES": str(RECIPES), "SIMGATE_POLL_S": "0.5",
        "SIMGATE_PYTHON": str(python), "SIMGATE_MAX_BATCHES": str(max_batches),
    }  # fmt: skip


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Start Airflow, and see to it that nothing of it is left."""
    folder = tmp_path_factory.mktemp("airflow")
    environment = furnished(folder)
    airflow = start(
        folder / "home", dags=folder / "dags", plugins=ROOT / "plugins", environment=environment, accounts=PEOPLE,
        port=0,
    )  # fmt: skip
    try:
        found = World(airflow, Store(str(folder / "store")), folder)
        found.wait_for_dags()
        yield found
    finally:
        airflow.stop()
