"""A foreign simulator, family and engine in a real Airflow, from a push to a live model, with no edit in simgate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.store import Store
from simgate_airflow.local.standalone import LocalAirflow, find
from tests.e2e.airflow_client import Run, User, wait_for
from tests.e2e.conftest import HOURLY, LEAP_DAY, ROOT
from tests.outside.conftest import copy_project
from tests.outside.layer import Layer
from tests.raw_ledger import Ledger

pytestmark = pytest.mark.timeout(900)
DATASET, RELEASE = "build_dataset.floors", "release_model.tugger"
START = """
import os, sys
from pathlib import Path
from simgate_airflow.local.standalone import start
given = {name: value for name, value in os.environ.items() if name.startswith("SIMGATE_")}
start(Path("home"), dags=Path("dags"), plugins=Path(sys.argv[1]), environment=given, port=0)
"""


@dataclass(frozen=True)
class Site:
    """A project with an Airflow of its own, which runs in the environment of the foreign distribution."""

    layer: Layer
    project: Path
    airflow: LocalAirflow

    @property
    def store(self) -> Store:
        """Its store."""
        return Store(str(self.project / "store"))

    def user(self, name: str) -> User:
        """An account."""
        return User(self.airflow, name)

    def first_run(self, dag: str, within_s: float) -> Run:
        """Wait for the first run of a DAG."""
        admin = self.user("admin")
        wait_for(lambda: bool(admin.runs(dag)), within_s, f"a run of {dag}")
        return admin.runs(dag)[0]


@pytest.fixture(scope="module")
def site(layer: Layer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start Airflow where the wheel is installed, and see to it that nothing of it is left."""
    project = copy_project(tmp_path_factory.mktemp("site") / "project")
    (project / "dags").mkdir()
    for source in (ROOT / "dags").glob("*.py"):
        (project / "dags" / source.name).write_text(re.sub(HOURLY, LEAP_DAY, source.read_text()))
    paths = {"SIMGATE_RECIPES": str(project / "recipes"), "SIMGATE_POLICY": str(project / "policy.yaml")}
    started = layer.run("-c", START, str(ROOT / "plugins"), cwd=project, **paths, SIMGATE_POLL_S="0.5")
    airflow = find(project / "home")
    assert airflow is not None, started.stdout + started.stderr
    try:
        found = Site(layer, project, airflow)
        admin = found.user("admin")
        wait_for(lambda: all(admin.ask("GET", f"dags/{dag}").is_success for dag in (DATASET, RELEASE)), 120, "the DAGs")
        assert admin.get("importErrors")["import_errors"] == []
        yield found
    finally:
        airflow.stop()


def test_a_push_of_its_scenes_becomes_a_live_model_of_its_own_kind(site: Site) -> None:
    author = ("--author", "scenes@example.org", "--message", "two rooms")
    pushed = site.layer.simgate(site.project, "scenes", "push", "scenes", *author)
    assert pushed.returncode == 0, pushed.stderr
    dataset = site.first_run(DATASET, 30)
    assert dataset.ended() == "success", dataset.failures()
    release = site.first_run(RELEASE, 60)
    wait_for(lambda: release.tasks.get("decide") == "awaiting_input" or release.state == "failed", 420, "the gate")
    assert release.state != "failed", release.failures()
    release.answer(site.user("release-manager"), "Approve").raise_for_status()
    assert release.ended() == "success", release.failures()
    live = Ledger(site.store, "tugger").live("floor")
    assert live is not None
    bundle = read_manifest(site.store, live.evidence["export"])
    assert {"engine/engine.json", "engine/model.zz"} <= {item.name for item in bundle.artifacts}
    assert (bundle.spec["family"], bundle.spec["target"]) == ("pilot", "squeezed")


def test_all_that_its_release_stands_on_names_the_distribution_where_it_was_used(site: Site) -> None:
    live = Ledger(site.store, "tugger").live("floor")
    assert live is not None
    named = {role: distributions(read_manifest(site.store, ref)) for role, ref in live.evidence.items()}
    assert named.pop("validate") == ()
    assert {len(items) for items in named.values()} == {1}
    (only,) = {item for items in named.values() for item in items}
    assert only.startswith("toylab 1.0 (files ")


def test_the_release_is_verified_where_the_distribution_is(site: Site) -> None:
    done = site.layer.simgate(site.project, "verify", "tugger")
    assert done.returncode == 0, done.stdout + done.stderr


def distributions(manifest: Manifest) -> tuple[str, ...]:
    """What a run says that it used."""
    return tuple(str(item) for item in manifest.predicate.build_definition.internal_parameters.distributions)
