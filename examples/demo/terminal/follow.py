"""Follow: one DAG run from its plan to its end, its gate answered where nobody is there to answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from examples.demo.terminal.api import GATE_TASK, Api, TaskState
from examples.demo.terminal.board import Board, Row
from examples.demo.terminal.task_log import DagRun, log_lines, log_path
from simgate.core.errors import SimgateError

ORDER = (
    "plan", "index", "batches", "generate", "validate", "publish", "train", "evaluate_candidate", "evaluate_live",
    "export", "compare", "hil", "propose", GATE_TASK, "promote", "settle",
)  # fmt: skip
WEIGHT = ("failed", "running", "awaiting_input", "deferred", "up_for_retry", "queued", "scheduled", "")
"""States by how much they say of a mapped task as a whole."""
POLL_S = 1.0
LIMIT_S = 1800.0
PROGRESS = re.compile(r"^\d+/\d+ ")
WAITING = ("awaiting_input", "deferred")

GateKeeper = Callable[[Board], None]
"""Called, again and again, while the gate waits."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A DAG run at its end."""

    failed: bool
    """Whether the run, or any task of it, failed: a refused promotion counts though what comes after it ends well."""
    tasks: tuple[TaskState, ...]
    seconds: float


def follow(api: Api, logs: Path, title: str, dag_run: DagRun, on_gate: GateKeeper, *, limit_s: float | None) -> Ended:
    """Show the run until it ends."""
    with Board(title) as board:
        while True:
            state = api.run_state(dag_run.dag, dag_run.run)
            tasks = api.tasks(dag_run.dag, dag_run.run)
            board.update(rows(tasks, logs, dag_run))
            if state in ("success", "failed"):
                break
            if any(task.state in WAITING for task in tasks):
                on_gate(board)
            if limit_s is not None and board.elapsed_s > limit_s:
                raise SimgateError(
                    f"{dag_run.dag} is not done after {limit_s:.0f} s", remedy="see its tasks in Airflow"
                )
            time.sleep(POLL_S)
        seconds = board.elapsed_s
    failed = state == "failed" or any(task.state == "failed" for task in tasks)
    return Ended(failed, tuple(tasks), seconds)


def rows(tasks: Sequence[TaskState], logs: Path, dag_run: DagRun) -> list[Row]:
    """Make one row of each task's instances, in the pipeline's order."""
    by_task: dict[str, list[TaskState]] = {}
    for task in tasks:
        by_task.setdefault(task.task, []).append(task)
    known = [name for name in ORDER if name in by_task]
    return [_row(name, by_task[name], logs, dag_run) for name in (*known, *sorted(set(by_task) - set(known)))]


def _row(name: str, instances: Sequence[TaskState], logs: Path, dag_run: DagRun) -> Row:
    leading = min(instances, key=lambda item: WEIGHT.index(item.state) if item.state in WEIGHT else len(WEIGHT))
    done = sum(item.state in ("success", "skipped") for item in instances)
    detail = ""
    if leading.state == "running":
        said = (_progress(log_path(logs, dag_run, item)) for item in instances if item.state == "running")
        detail = "   ".join(line for line in said if line)
    elif leading.state in WAITING:
        detail = "waits for an answer"
    return Row(name, leading.state, done, len(instances), _seconds(instances), detail)


def _seconds(instances: Sequence[TaskState]) -> float:
    begun = [item.started_at for item in instances if item.started_at is not None]
    if not begun:
        return 0.0
    ends = [item.ended_at or datetime.now(UTC) for item in instances]
    return max(0.0, (max(ends) - min(begun)).total_seconds())


def _progress(path: Path) -> str:
    return next((line for line in reversed(log_lines(path)) if PROGRESS.match(line)), "")
