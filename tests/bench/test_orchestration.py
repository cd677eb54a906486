"""Orchestration: push → first task, what a task costs beside its work, and a run that has nothing to do."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import pairwise

from tests.bench.tables import middle, publish
from tests.e2e.airflow_client import Run, User, wait_for
from tests.e2e.conftest import World, world

__all__ = ["world"]
ROUNDS = 3


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _new_run(user: User, dag: str, known: set[str]) -> Run:
    wait_for(lambda: any(run.run_id not in known for run in user.runs(dag)), 120, f"a new run of {dag}")
    return next(run for run in reversed(user.runs(dag)) if run.run_id not in known)


def test_orchestration(world: World) -> None:
    engineer = world.user("engineer")
    to_first_task, gaps, idle = [], [], []
    for number in range(ROUNDS):
        known = {run.run_id for run in engineer.runs("build_dataset.rooms")}
        pushed = world.push(home=f"round {number}")
        run = _new_run(engineer, "build_dataset.rooms", known)
        run.ended()
        to_first_task.append((_time(run.instance("plan")["start_date"]) - pushed.at).total_seconds())
        gaps.extend(_gaps(run))
        idle.append(_nothing_changed(engineer))
    rows: list[dict[str, object]] = [
        {"what": "scene push → first task starts", "median s": middle(to_first_task), "max s": max(to_first_task)},
        {"what": "end of a task → start of the next", "median s": middle(gaps), "max s": max(gaps)},
        {"what": "nothing changed: trigger → run ends", "median s": middle(idle), "max s": max(idle)},
    ]
    publish("orchestration", rows, note="LocalExecutor, SQLite, small stages: the scheduler's share alone")


def _gaps(run: Run) -> list[float]:
    found = run.user.get(f"{run.path}/taskInstances", limit=100)["task_instances"]
    ran = [item for item in found if item["start_date"] and item["end_date"] and item["map_index"] < 0]
    ordered = sorted(ran, key=lambda item: item["start_date"])
    between = ((_time(b["start_date"]) - _time(a["end_date"])).total_seconds() for a, b in pairwise(ordered))
    return [gap for gap in between if gap >= 0]


def _nothing_changed(user: User) -> float:
    began = time.monotonic()
    run = user.trigger("build_dataset.rooms")
    run.ended()
    return time.monotonic() - began
