"""Five hundred shards of a stage that takes no time: what is left is orchestration."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from simgate.plan.record import record_folder
from simgate_airflow.run.run_record import run_name
from tests.bench.tables import publish
from tests.e2e.airflow_client import Run
from tests.e2e.components import components
from tests.many_shards import SHARDS, assert_every_shard_once, recipe
from tests.servers.postgres import Postgres, postgres

__all__ = ["postgres"]
BATCHES = 64
THE_FIELD_S = 560
"""What users of Airflow 2.10 report for 500 mapped tasks."""


def test_500_shards(postgres: Postgres, tmp_path: Path) -> None:
    with components(postgres, tmp_path, database="bench", max_batches=str(BATCHES)) as (_, world):
        world.push()
        admin = world.user("admin")
        admin.ask("PATCH", "dags/release_model.navigator", {"is_paused": True}).raise_for_status()
        for first in admin.runs("build_dataset.rooms"):
            first.ended()
        run = admin.trigger("build_dataset.rooms", recipe=recipe(SHARDS).model_dump(mode="json"))
        assert run.ended(1200) == "success"
        assert_every_shard_once(world.store, record_folder("main", run_name(run.dag, run.run_id)), SHARDS)
        again = admin.trigger("build_dataset.rooms", recipe=recipe(SHARDS).model_dump(mode="json"))
        assert again.ended() == "success"
        rows = [*_rows(run), {"what": "the same again: nothing to do", "s": _seconds(again.user.get(again.path))}]
    publish(
        "shards", rows, note=f"{SHARDS} shards, {BATCHES} mapped tasks, PostgreSQL, two schedulers of two slots each"
    )


def _rows(run: Run) -> list[dict[str, object]]:
    found = run.user.get(f"{run.path}/taskInstances", limit=100)["task_instances"]
    whole_s = _seconds(run.user.get(run.path))
    mapped = [item for item in found if item["task_id"] == "generate"]
    assert len(mapped) == BATCHES
    spent_s = sum(_seconds(item) for item in mapped)
    planning = {item["task_id"]: _seconds(item) for item in found if item["task_id"] != "generate"}
    return [
        {"what": f"{SHARDS} shards: run begins → run ends", "s": whole_s},
        {"what": f"against {THE_FIELD_S} s that users of 2.10 report for 500 mapped tasks", "s": whole_s / THE_FIELD_S},
        {"what": "a shard", "s": whole_s / SHARDS},
        {"what": "a mapped task, process and all", "s": spent_s / BATCHES},
        *({"what": f"task {name}", "s": seconds} for name, seconds in planning.items()),
    ]


def _seconds(item: dict[str, Any]) -> float:
    if not item["start_date"]:
        return 0.0
    began, ended = (datetime.fromisoformat(item[name]) for name in ("start_date", "end_date"))
    return (ended - began).total_seconds()
