"""TaskLog: the log of one task instance, where a local Airflow writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from examples.demo.terminal.api import TaskState

TAIL_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG."""

    dag: str
    run: str


def log_path(logs: Path, dag_run: DagRun, task: TaskState) -> Path:
    """Return the file of a task instance's log."""
    folder = logs / f"dag_id={dag_run.dag}" / f"run_id={dag_run.run}" / f"task_id={task.task}"
    folder = folder / f"map_index={task.map_index}" if task.map_index >= 0 else folder
    return folder / f"attempt={task.try_number}.log"


def log_lines(path: Path) -> list[str]:
    """Return the end of a task's log, as a person reads it."""
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
