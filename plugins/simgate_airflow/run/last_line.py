"""LastLine: how a stage's log ends: verdict, two figures, and where the report is read."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from simgate.core.errors import SimgateError
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.plan.standing import Standing
from simgate_airflow.gate.figures import figures
from simgate_airflow.ui.address import report_url


def last_line(store: Store, found: Sequence[Standing], task_page: str) -> str:
    """`PASS  map_50 0.31 · command_error 0.17  https://…`; of several slots how many were made, and the task's page."""
    if len(found) == 1:
        return _single(store, found[0], task_page)
    made = [item.line.outcome for item in found if item.line is not None]
    refused = sum(item.failed_gate for item in found)
    missing = len(found) - len(made)
    word = f"FAIL of {refused}" if refused else f"{missing} not committed" if missing else "done"
    return f"{word}  {made.count('made')} made · {made.count('reused')} reused  {task_page}"


def _single(store: Store, item: Standing, task_page: str) -> str:
    if item.line is None:
        return f"not committed  {task_page}"
    word = item.verdict.verdict if item.verdict else item.line.outcome
    said: tuple[str, ...] = ()
    with suppress(SimgateError):  # whatever is wrong with it: the stage's end does not hang on this line
        said = figures(store, read_manifest(store, item.line.ref), item.verdict)
    return "  ".join(part for part in (word, " · ".join(said), report_url(item.line.ref.uri)) if part)
