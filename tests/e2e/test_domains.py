"""Trust domains in a real Airflow, seen by somebody who may start runs and forge events, XComs and params."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from simgate.core.storage.heads import dataset_head
from simgate.plan.record import find_why, record_folder
from simgate_airflow.run.run_record import run_name
from tests.e2e.airflow_client import ENDED, Run, wait_for
from tests.e2e.conftest import World
from tests.raw_ledger import Ledger

pytestmark = pytest.mark.timeout(600)
PR = "pr-7"
SHARED = ("files/", "snapshots/")
"""By content, of every domain."""


@pytest.fixture(autouse=True, scope="module")
def quiet(world: World) -> None:
    """Main's newest dataset waits at the gate for an answer: nothing is left to be done there, whatever ran before."""
    admin = world.user("admin")
    before = {run.run_id for run in admin.runs("release_model.navigator")}
    world.push(home="main, before anybody attacks")
    waits = "its release to wait for an answer"
    wait_for(
        lambda: any(run.run_id not in before and _waits(run) for run in admin.runs("release_model.navigator")),
        240,
        waits,
    )
    runs = [*admin.runs("build_dataset.rooms"), *admin.runs("release_model.navigator")]
    wait_for(lambda: all(run.state in ENDED or _waits(run) for run in runs), 240, "the runs to end")


def _waits(run: Run) -> bool:
    return run.tasks.get("decide") == "awaiting_input"


def objects(world: World) -> dict[str, str]:
    """Every object that belongs to main or to nobody, with its digest."""
    keys = (key for key in world.store.keys("") if f"/{PR}/" not in key and not key.startswith(SHARED))
    return {key: world.store.digest(key) for key in keys}


def released(world: World) -> tuple[Any, ...]:
    """What a release would move."""
    runs = len(world.user("admin").runs("release_model.navigator"))
    return Ledger(world.store, "navigator").head(), world.store.keys("candidates"), runs


def push_from_ci(world: World, text: str) -> None:
    """What a CI system runs for a pull request."""
    scene = world.folder / "scenes" / "home" / "home.usda"
    scene.write_text(f"#usda 1.0\n# {text}\n")
    command = [
        sys.executable, "-c", "from simgate.cli import main; raise SystemExit(main())", "scenes", "push",
        str(world.folder / "scenes"), "--domain", PR, "--author", "dev@example.org", "--store", world.store.url,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_pull_requests_run_writes_its_own_prefix_alone_and_starts_no_release(world: World) -> None:
    before, live = objects(world), released(world)
    push_from_ci(world, "in a pull request")
    run = world.user("engineer").trigger("build_dataset.rooms", pull_request=7)
    assert run.ended(120) == "success"
    assert run.tasks["publish"] == "skipped"
    assert "the asset is main's" in run.log("publish")
    why = find_why(world.store, record_folder(PR, run_name(run.dag, run.run_id)))
    assert (why.domain, why.pull_request, set(why.people)) == (PR, "7", {"engineer", "dev@example.org"})
    assert (
        dataset_head(world.store, PR, "rooms").content_digest
        != dataset_head(world.store, "main", "rooms").content_digest
    )
    assert 0 < len(world.store.keys(f"memo/{PR}")) < 7, "what main has made already is main's"
    assert objects(world) == before, "byte for byte"
    assert released(world) == live


def test_its_forged_xcoms_and_cleared_tasks_touch_nothing_of_mains(world: World) -> None:
    engineer = world.user("engineer")
    run = next(run for run in reversed(engineer.runs("build_dataset.rooms")) if run.tasks["publish"] == "skipped")
    before, live = objects(world), released(world)
    mains = [record_folder("main", "x"), "generate:office[0+6]", "memo/main/x.json", "../main"]
    for task, value in (("plan", "plans/main/x"), ("batches", [mains])):
        forged = {"value": value, "map_index": -1}
        engineer.ask("PATCH", f"{run.path}/taskInstances/{task}/xcomEntries/return_value", forged).raise_for_status()
    run.clear(engineer, "generate", downstream=True).raise_for_status()
    assert run.ended(120) == "failed"
    assert "this run has no such slots" in run.log("generate", 2, map_index=0)
    assert objects(world) == before
    assert released(world) == live


def test_nobody_becomes_another_domain_by_a_param(world: World) -> None:
    engineer = world.user("engineer")
    before, live = objects(world), released(world)
    for value in ("7/../main", "main", 0, -7, True, 1_000_000_000, 7.5, [7]):
        body = {"logical_date": None, "conf": {"pull_request": value}}
        assert engineer.ask("POST", "dags/build_dataset.rooms/dagRuns", body).status_code == 400, value
    runs = [
        engineer.trigger("build_dataset.rooms", pull_request=7.0),
        engineer.trigger("build_dataset.rooms", pull_request=8),
        engineer.trigger("release_model.navigator", pull_request=7),
    ]
    assert [run.ended(120) for run in runs] == ["failed"] * 3
    assert [run.instance("plan")["try_number"] for run in runs] == [1, 1, 1], "none is tried again"
    assert "no scenes in domain pr-8" in runs[1].log("plan")
    assert "does nothing for a pull request" in runs[2].log("plan")
    assert objects(world) == before
    assert released(world)[:2] == live[:2]


def test_a_forged_event_or_a_materialized_asset_releases_nothing(world: World) -> None:
    admin = world.user("admin")
    before, live = objects(world), released(world)
    count = len(admin.runs("build_dataset.rooms"))
    head = dataset_head(world.store, PR, "rooms")
    forged = {"pull_request": 7, "domain": PR, "seq": head.seq, "content_digest": head.content_digest}
    for asset in ("scenes", "dataset.rooms"):
        admin.post_event(asset, **forged).raise_for_status()
    number = next(item["id"] for item in admin.get("assets", name_pattern="dataset.rooms")["assets"])
    admin.ask("POST", f"assets/{number}/materialize", {"conf": {"pull_request": 7}}).raise_for_status()
    wait_for(lambda: len(admin.runs("release_model.navigator")) > live[2], 60, "the forged release run")
    wait_for(lambda: len(admin.runs("build_dataset.rooms")) >= count + 2, 60, "the forged dataset runs")
    new = [*admin.runs("build_dataset.rooms")[count:], *admin.runs("release_model.navigator")[live[2] :]]
    ended = {(run.dag, run.run_id.partition("__")[0]): (run.ended(240), run.tasks["plan"]) for run in new}
    assert ended[("release_model.navigator", "asset_triggered")] == ("success", "skipped")
    assert ended[("build_dataset.rooms", "asset_materialization")] == ("failed", "failed")
    assert ended[("build_dataset.rooms", "asset_triggered")] == ("success", "skipped")
    assert objects(world) == before
    assert released(world)[:2] == live[:2]
