"""Five hundred shards: what each task of build_dataset asks of the store; over S3 each call is milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk import Context

from simgate.core.storage.heads import dataset_head, push_scenes
from simgate.core.storage.store import Store
from simgate.plan.jobs import slots, write_jobs
from simgate.plan.slot_name import SlotName
from simgate_airflow import stores
from simgate_airflow.place.stage_run import StageRun, planned_slots
from simgate_airflow.run import dataset_run, release_run, run_record
from simgate_airflow.run.assets import dataset_asset
from tests.counting_store import CountingStore
from tests.demo_recipes import demo_release_recipe
from tests.e2e import small_stages
from tests.many_shards import SHARDS, recipe
from tests.plugins.wire import Wire

DATASET = dataset_asset("rooms")
BATCHES = 64
FEW = 24
"""Calls that a task may spend beside those for its shards."""


class Counted:
    """A dataset run whose store counts."""

    def __init__(self, folder: Path, shards: int, opened: list[CountingStore]) -> None:
        self.store = Store(str(folder / "store"))
        self.opened = opened
        run = SimpleNamespace(
            dag_id="build_dataset.rooms", run_id=f"scheduled__{shards}", run_type="scheduled",
            triggering_user_name=None, run_after=datetime.now(UTC), consumed_asset_events=[],
        )  # fmt: skip
        self.context: Any = {
            "dag_run": run, "params": {"recipe": recipe(shards).model_dump(mode="json")},
            "outlet_events": {DATASET: SimpleNamespace(extra={})}, "ti": SimpleNamespace(task_id="t", map_index=-1),
        }  # fmt: skip

    def push(self, folder: Path) -> None:
        for scene in ("office", "home", "warehouse"):
            (folder / scene).mkdir(parents=True)
            (folder / scene / f"{scene}.usda").write_text(f"#usda 1.0 {scene}")
        push_scenes(self.store, "main", folder, author="scenes@example.org", message="test")

    def make(self, stage: str) -> None:
        """Run a stage in this process, as the place would."""
        folder = run_record.folder_of(self.context)
        uris = write_jobs(self.store, folder, slots(self.store, folder, stage))
        jobs = [word for uri in uris for word in ("--job", uri)]
        assert small_stages.run(["-m", "simgate", stage, *jobs, "--out", self.store.url]) == 0

    def count(self, task: Callable[[Any], Any]) -> int:
        """Calls that one task makes."""
        self.opened.clear()
        task(self.context)
        return sum(store.total for store in self.opened)


def look_twice(stage: str, batch: list[dict[str, Any]] | None) -> Callable[[Any], Any]:
    """What a stage's task asks before and after the work."""

    def task(context: Any) -> None:
        run = StageRun(context, lambda store, inner: planned_slots(store, inner, stage), batch, informs=False)
        run.write_jobs()
        run.look()

    return task


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[CountingStore]:
    found: list[CountingStore] = []

    def opening(url: str, *more: Any) -> CountingStore:
        found.append(CountingStore(url, *more, latency_s=0.002))
        return found[-1]

    monkeypatch.setattr(stores, "Store", opening)
    return found


def test_each_task_of_500_shards_asks_the_store_a_few_times_a_shard_and_never_waits_for_each(
    tmp_path: Path, wire: Wire, opened: list[CountingStore]
) -> None:
    policy = Path(__file__).parents[2] / "examples/demo/policy.yaml"
    wire({
        "SIMGATE_STORE": str(tmp_path / "store"), "SIMGATE_MAX_BATCHES": str(BATCHES), "SIMGATE_POLICY": str(policy)
    })  # fmt: skip
    run = Counted(tmp_path, SHARDS, opened)
    run.push(tmp_path / "scenes")
    assert run.count(dataset_run.plan) <= FEW
    run.make("index")

    cut: list[list[list[dict[str, Any]]]] = []
    assert run.count(lambda context: cut.append(dataset_run.batches(context, "generate"))) <= 2 * SHARDS + FEW
    assert max(store.peak for store in opened) >= 4, "they wait together, not one after the other"
    batches = cut[0]
    assert len(batches) == BATCHES
    names = {SlotName.from_value(name, what="slot") for batch in batches for name in batch}
    assert len(names) == SHARDS == sum(map(len, batches))

    largest: list[dict[str, Any]] = max(batches, key=len)
    assert run.count(look_twice("generate", largest)) <= 5 * len(largest) + FEW, "a batch pays for its own shards"
    run.make("generate")
    assert len(run.store.keys("memo/main")) == 1 + SHARDS
    assert run.count(lambda context: dataset_run.batches(context, "generate")) <= 2 * SHARDS + FEW
    assert run.count(look_twice("validate", None)) <= 3 * SHARDS + FEW
    run.make("validate")
    assert run.count(dataset_run.publish) <= 2 * SHARDS + FEW
    assert dataset_head(run.store, "main", "rooms").seq == 1
    released = cast("Context", {**run.context, "params": {"recipe": demo_release_recipe().model_dump(mode="json")}})
    assert run.count(lambda _context: release_run.plan(released)) <= SHARDS + FEW, "whose work all of it is"
