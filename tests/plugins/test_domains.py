"""Trust domains in Airflow: whose run it is, what a pull request's run may do, and what nobody can talk it into."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from simgate.core.errors import InputError
from simgate.core.storage.heads import dataset_head, push_scenes
from simgate.core.storage.store import Store
from simgate.hil.stage import check_domain
from simgate.plan.jobs import slots, write_jobs
from simgate.plan.record import find_why, record_folder
from simgate.specs.hil import HilSpec
from simgate_airflow.gate import promotion
from simgate_airflow.run import dataset_run, release_run, run_record
from simgate_airflow.run.assets import dataset_asset
from simgate_airflow.stores import role_folder
from tests.demo_recipes import demo_dataset_recipe, demo_release_recipe
from tests.e2e import small_stages
from tests.plugins.wire import Wire

DATASET = dataset_asset("rooms")
SCENES = ("office", "home", "warehouse")
PR = "pr-7"


def context(dag_id: str, run_id: str, asked: object = None, *, kind: str = "manual") -> Context:
    """A task's context; only build_dataset declares the param, but anybody can send it with any run."""
    recipe = demo_dataset_recipe() if dag_id == "build_dataset.rooms" else demo_release_recipe()
    declared = {"recipe": None, "pull_request": None} if dag_id == "build_dataset.rooms" else {"recipe": None}
    run = SimpleNamespace(
        dag_id=dag_id, run_id=run_id, run_type=kind, triggering_user_name="engineer", run_after=datetime.now(UTC),
        consumed_asset_events=[],
    )  # fmt: skip
    return cast(
        "Context",
        {
            "dag_run": run, "dag": SimpleNamespace(params=declared),
            "params": {"recipe": recipe.model_dump(mode="json"), "pull_request": asked},
            "outlet_events": {DATASET: SimpleNamespace(extra={})},
        },
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path, wire: Wire) -> Store:
    policy = Path(__file__).parents[2] / "examples/demo/policy.yaml"
    wire({"SIMGATE_STORE": str(tmp_path / "store"), "SIMGATE_POLICY": str(policy)})
    return Store(str(tmp_path / "store"))


def push(store: Store, folder: Path, domain: str, **edits: str) -> None:
    for scene in SCENES:
        path = folder / scene / f"{scene}.usda"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#usda 1.0 {scene} {edits.get(scene, '')}")
    number = domain.removeprefix("pr-") if domain != "main" else ""
    push_scenes(store, domain, folder, author="dev@example.org", message="test", pull_request=number)


def build(store: Store, run: Context) -> None:
    """Everything up to publish."""
    folder = dataset_run.plan(run)
    for stage in ("index", "generate", "validate"):
        batches = dataset_run.batches(run, stage) if stage == "generate" else [[]]
        names = [name for batch in batches for name in batch]
        found = slots(store, folder, stage)
        wanted = [slot for slot in found if stage != "generate" or slot.name.model_dump(mode="json") in names]
        jobs = [word for uri in write_jobs(store, folder, wanted) for word in ("--job", uri)]
        assert small_stages.run(["-m", "simgate", stage, *jobs, "--out", store.url]) == 0


def objects(store: Store, *, without: str = "") -> dict[str, str]:
    """Every object with its digest, but those of one domain."""
    return {key: store.digest(key) for key in store.keys("") if f"/{without}/" not in key}


@pytest.mark.parametrize("kind", ["scheduled", "asset_triggered", "manual", "backfill", "asset_materialization"])
def test_a_run_that_names_no_pull_request_is_the_deployments_own(store: Store, kind: str) -> None:
    assert run_record.domain_of(context("build_dataset.rooms", "r", kind=kind)) == "main"


@pytest.mark.parametrize(
    "kind", ["scheduled", "asset_triggered", "backfill", "operator_triggered", "asset_materialization"]
)
def test_what_a_clock_a_watcher_or_an_event_starts_is_never_a_pull_requests(store: Store, kind: str) -> None:
    with pytest.raises(InputError, match="started by hand"):
        run_record.domain_of(context("build_dataset.rooms", "r", 7, kind=kind))


@pytest.mark.parametrize(
    "asked", [0, -1, True, False, 7.0, 1e3, "7", "main", "7/../main", "", [7], {"n": 7}, 10**9, 2**64, float("nan")]
)
def test_what_is_no_number_of_a_pull_request_is_refused_for_good(store: Store, tmp_path: Path, asked: object) -> None:
    push(store, tmp_path / "scenes", "main")
    before = objects(store)
    for task in (dataset_run.plan, lambda run: dataset_run.batches(run, "generate"), dataset_run.publish):
        with pytest.raises(AirflowFailException, match="no number of a pull request"):
            task(context("build_dataset.rooms", "r", asked))
    assert objects(store) == before


def test_a_pull_request_has_its_own_head_reuses_main_and_tells_nobody(store: Store, tmp_path: Path) -> None:
    push(store, tmp_path / "scenes", "main")
    run = context("build_dataset.rooms", "main-1")
    build(store, run)
    assert dataset_run.publish(run)["seq"] == 1
    before = objects(store)

    push(store, tmp_path / "scenes", PR, home="moved a chair")
    mine = context("build_dataset.rooms", "pr-run", 7)
    build(store, mine)
    with pytest.raises(AirflowSkipException, match="the asset is main's"):
        dataset_run.publish(mine)
    assert mine["outlet_events"][DATASET].extra == {}, "nothing to tell"
    assert dataset_head(store, PR, "rooms").seq == dataset_head(store, "main", "rooms").seq == 1
    assert dataset_head(store, PR, "rooms").content_digest != dataset_head(store, "main", "rooms").content_digest
    made = store.keys(f"memo/{PR}")
    assert len(made) == 1 + 2 + 1, "index, the two shards of the edited scene, validate; the rest is main's"
    kept = {
        key: digest
        for key, digest in objects(store, without=PR).items()
        if not key.startswith(("files/", "snapshots/"))
    }
    assert kept == {key: digest for key, digest in before.items() if not key.startswith(("files/", "snapshots/"))}
    why = find_why(store, record_folder(PR, "build_dataset.rooms/pr-run"))
    assert (why.domain, why.pull_request) == (PR, "7")
    assert [trigger.kind for trigger in why.triggers] == ["manual", "pull_request"]
    with pytest.raises(AirflowSkipException, match="judged already"):
        dataset_run.plan(context("build_dataset.rooms", "main-2"))


def test_no_release_task_does_anything_for_a_pull_request(store: Store, tmp_path: Path) -> None:
    push(store, tmp_path / "scenes", PR)
    mine = context("build_dataset.rooms", "pr-run", 7)
    build(store, mine)
    with pytest.raises(AirflowSkipException):
        dataset_run.publish(mine)
    before = objects(store)
    for task in (
        release_run.plan,
        release_run.compare,
        release_run.propose_candidate,
        promotion.promote,
        promotion.settle,
    ):
        with pytest.raises(AirflowFailException, match="does nothing for a pull request"):
            task(context("release_model.navigator", "r", 7))
    assert objects(store) == before


def test_a_deployment_of_a_pull_request_releases_nothing_and_builds_for_no_other(
    store: Store, tmp_path: Path, wire: Wire
) -> None:
    wire({"SIMGATE_DOMAIN": PR})
    push(store, tmp_path / "scenes", PR)
    own = context("build_dataset.rooms", "r", kind="scheduled")
    build(store, own)
    with pytest.raises(AirflowSkipException, match="the asset is main's"):
        dataset_run.publish(own)
    with pytest.raises(AirflowFailException, match="another pull request"):
        dataset_run.plan(context("build_dataset.rooms", "r2", 8))
    for task in (release_run.plan, release_run.compare, release_run.propose_candidate, promotion.promote):
        with pytest.raises(AirflowFailException, match="only main's dataset is released"):
            task(context("release_model.navigator", "r"))


def test_a_plan_that_somebody_forged_for_another_domain_is_not_followed(store: Store, tmp_path: Path) -> None:
    push(store, tmp_path / "scenes", "main")
    folder = dataset_run.plan(context("build_dataset.rooms", "r"))
    store.create(f"{record_folder(PR, 'build_dataset.rooms/r')}/why.json", store.get(f"{folder}/why.json"))
    for task in (dataset_run.plan, lambda run: dataset_run.batches(run, "generate"), dataset_run.publish):
        with pytest.raises(AirflowFailException, match="another trust domain"):
            task(context("build_dataset.rooms", "r", 7))


def test_each_domain_has_its_own_planner_account_and_a_missing_one_is_refused(
    store: Store, tmp_path: Path, wire: Wire
) -> None:
    keys = tmp_path / "keys"
    (keys / "planner-main").mkdir(parents=True)
    wire({"SIMGATE_KEYS": str(keys)})
    assert role_folder("planner", "main") == keys / "planner-main"
    with pytest.raises(AirflowFailException, match=r"no keys for role planner of domain pr-7"):
        dataset_run.plan(context("build_dataset.rooms", "r", 7))


@pytest.mark.parametrize(("bench", "domain", "refused"), [
    ("device", "pr-7", True), ("device", "main", False), ("emulated", "pr-7", False), ("emulated", "main", False),
])  # fmt: skip
def test_a_pull_request_reaches_no_bench(bench: str, domain: str, refused: bool) -> None:
    spec: Mapping[str, Any] = {"bench": bench, "family": "navigator", "target": "onnxruntime-cpu"}
    asked = HilSpec.from_value(dict(spec), what="spec")
    if refused:
        with pytest.raises(InputError, match="a pull request reaches no bench") as error:
            check_domain(asked, domain)
        assert error.value.exit_code == 2
    else:
        check_domain(asked, domain)
