"""Follow: one DAG run from its plan to its end, its gate answered where nobody is there to answer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from simgate.cli.console import complain, console
from simgate.cli.demo.api import Api, TaskState
from simgate.cli.demo.board import Board, Row
from simgate.core.errors import SimgateError

ORDER = (
    "plan", "index", "batches", "generate", "validate", "publish", "train", "evaluate_candidate", "evaluate_live",
    "export", "compare", "hil", "propose", "decide", "promote", "settle",
)  # fmt: skip
WEIGHT = ("failed", "running", "awaiting_input", "deferred", "up_for_retry", "queued", "scheduled", "")
"""States by how much they say of a mapped task as a whole."""
POLL_S = 1.0
LIMIT_S = 1800.0
TAIL_BYTES = 16_384
TAIL_LINES = 30
PROGRESS = re.compile(r"^\d+/\d+ ")
WAITING = ("awaiting_input", "deferred")

GateKeeper = Callable[[Board], None]
"""Called, again and again, while the gate waits."""


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG."""

    dag: str
    run: str


class RunFailed(SimgateError):
    """A DAG run failed."""


def follow(api: Api, logs: Path, title: str, dag_run: DagRun, on_gate: GateKeeper, *, limit_s: float | None) -> float:
    """Show the run until it ends; its seconds. A run that failed raises, after its failed task's log was shown."""
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
    # A refused promotion fails the story even where what comes after it ends well.
    if state == "failed" or any(task.state == "failed" for task in tasks):
        raise failure(tasks, logs, dag_run)
    return seconds


def rows(tasks: Sequence[TaskState], logs: Path, dag_run: DagRun) -> list[Row]:
    """One row a task, in the pipeline's order."""
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


def log_path(logs: Path, dag_run: DagRun, task: TaskState) -> Path:
    """Where Airflow writes a task instance's log."""
    folder = logs / f"dag_id={dag_run.dag}" / f"run_id={dag_run.run}" / f"task_id={task.task}"
    folder = folder / f"map_index={task.map_index}" if task.map_index >= 0 else folder
    return folder / f"attempt={task.try_number}.log"


def log_lines(path: Path) -> list[str]:
    """The end of a task's log, as a person reads it."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            raw = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line for text in raw if (line := _readable(text))]


def _readable(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text.strip()
    if not isinstance(value, dict):
        return text.strip()
    details = value.get("error_detail") or []
    errors = "; ".join(f"{item.get('exc_type')}: {item.get('exc_value')}" for item in details if isinstance(item, dict))
    return f"{value.get('event', '')} {errors}".strip()


def _progress(path: Path) -> str:
    return next((line for line in reversed(log_lines(path)) if PROGRESS.match(line)), "")


def failure(tasks: Sequence[TaskState], logs: Path, dag_run: DagRun) -> RunFailed:
    """Show the failed task's log and name the reason."""
    failed = [task for task in tasks if task.state == "failed"]
    if not failed:
        return RunFailed(f"{dag_run.dag} {dag_run.run} failed", remedy="see its tasks in Airflow")
    first = min(failed, key=lambda task: task.ended_at or datetime.now(UTC))
    path = log_path(logs, dag_run, first)
    lines = log_lines(path)[-TAIL_LINES:]
    complain(f"task {first.task} of {dag_run.dag} failed; the end of its log ({path}):")
    for line in lines:
        console(stderr=True).print(f"  | {line}", markup=False)
    reason = next((line for line in reversed(lines) if "Exception" in line or "Error" in line), "see the log above")
    return RunFailed(f"{dag_run.dag}: task {first.task} failed: {reason[:600]}")
