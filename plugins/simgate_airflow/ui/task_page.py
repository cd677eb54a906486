"""TaskPage: what one task made, reused or failed at; a single result shows its report at once."""

from __future__ import annotations

from collections.abc import Iterator

from starlette.responses import Response

from simgate.core.errors import SimgateError
from simgate.plan.slot_name import SlotName
from simgate.rows.stages import STAGES
from simgate_airflow.stores import open_store
from simgate_airflow.ui import page
from simgate_airflow.ui.address import path_of, run_url
from simgate_airflow.ui.attempt_place import place_of
from simgate_airflow.ui.kept_attempt import read_attempt
from simgate_airflow.ui.report_page import report_page
from simgate_airflow.ui.result_table import result_section
from simgate_airflow.ui.run_page import NO_PLAN, candidate_section
from simgate_airflow.ui.run_results import Result, RunResults, results_of, task_lines_of

NO_STAGE = "This task runs no stage, so it has no report. The run's page has those of its stages."
NOTHING = (
    "This task has made nothing yet, and no attempt was begun. If it failed, the tab Logs says why; if it waits, what "
    "comes before it is not done."
)


def task_page(domain: str, dag_id: str, run_id: str, task_id: str, map_index: int) -> Response:
    """Return the page of one task; of all mapped ones for -1."""
    run = results_of(open_store("reader", domain), domain, dag_id, run_id)
    name = task_id if map_index < 0 else f"{task_id} [{map_index}]"
    links = {"the whole run": path_of(run_url(dag_id, run_id))}
    results = _results(run, task_id, map_index) if run else []
    if len(results) == 1 and (shown := _report(results[0], links)) is not None:
        return shown
    if results:
        return page.page(name, [result_section(results[0].stage, results)], links=links)
    said = NO_PLAN if run is None else NOTHING if _stage_of(task_id) else NO_STAGE
    # Whoever answers stands before the tasks around the gate.
    around = [] if run is None or _stage_of(task_id) else candidate_section(run)
    return page.page(name, [*around, page.section("No report", page.words(said))], links=links)


def _results(run: RunResults, task_id: str, map_index: int) -> list[Result]:
    recorded = run.recorded()
    lines = task_lines_of(recorded, task_id, map_index)
    stage = _stage_of(task_id) or (lines[0].stage if lines else "")
    known = [line for of_task in recorded.values() for line in of_task]
    pending = run.open_of(stage, known) if stage else []
    # `evaluate_live` is for the run about the live model alone.
    mine = [result for result in pending if result.slot.subject is None or task_id == _task_of(result.slot)]
    return [*run.of(lines), *mine]


def _stage_of(task_id: str) -> str:
    """Return the stage that a task runs, by the names of our DAGs; empty for a task that runs none."""
    tasks = {_task_of(slot): slot.stage for slot in _slots()}
    return tasks.get(task_id, "")


def _slots() -> Iterator[SlotName]:
    """Yield every slot that a task of our DAGs may be for; its shards are one task's."""
    for row in STAGES.ours:
        yield SlotName(stage=row.name)
        yield from (SlotName(stage=row.name, subject=item.subject) for item in row.evidence)


def _task_of(slot: SlotName) -> str:
    return f"{slot.stage}_{slot.subject}" if slot.subject else slot.stage


def _report(result: Result, links: dict[str, str]) -> Response | None:
    try:
        return report_page(read_attempt(place_of(result.uri)), str(result.slot), links)
    except SimgateError:  # damaged: the list says so in words
        return None
