"""Failure: the end of a failed task's log, and the page and file to read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from examples.demo.terminal.addresses import task_page
from examples.demo.terminal.api import TaskState
from examples.demo.terminal.task_log import DagRun, log_lines, log_path
from simgate.cli.console import complain, console
from simgate.core.errors import SimgateError

TAIL_LINES = 30


class RunFailed(SimgateError):
    """A DAG run failed, or its gate lapsed."""


def failure(url: str, tasks: Sequence[TaskState], logs: Path, dag_run: DagRun) -> RunFailed:
    """Show the failed task's log and where to read on; the error names the reason."""
    failed = [task for task in tasks if task.state == "failed"]
    if not failed:
        return RunFailed(f"{dag_run.dag} {dag_run.run} failed", remedy="see its tasks in Airflow")
    first = min(failed, key=lambda task: task.ended_at or datetime.now(UTC))
    path = log_path(logs, dag_run, first)
    lines = log_lines(path)[-TAIL_LINES:]
    complain(f"task {first.task} of {dag_run.dag} failed; the end of its log:")
    out = console(stderr=True)
    for line in lines:
        out.print(f"  | {line}", markup=False)
    out.print(f"  the whole log   {path}", markup=False)
    out.print(f"  its page        {task_page(url, dag_run.dag, dag_run.run, first.task)}", markup=False)
    reason = next((line for line in reversed(lines) if "Exception" in line or "Error" in line), "see the log above")
    return RunFailed(f"{dag_run.dag}: task {first.task} failed: {reason[:600]}")
