"""RunPage: a DAG run at a glance: what it is for, and what came of each stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.responses import Response

from simgate.plan.jobs import DATASET_STAGES, RELEASE_STAGES
from simgate.plan.record import DatasetWhy, ReleaseWhy, Trigger
from simgate_airflow.stores import open_store
from simgate_airflow.ui import page
from simgate_airflow.ui.address import candidate_url, path_of
from simgate_airflow.ui.kept_candidate import candidate_of_run
from simgate_airflow.ui.result_table import result_section
from simgate_airflow.ui.run_results import Result, RunResults, results_of

NO_PLAN = (
    "This run has no plan yet: its first task, `plan`, writes it. A run whose plan found nothing new is skipped, and "
    "has none for ever."
)


def run_page(domain: str, dag_id: str, run_id: str) -> Response:
    """Return the page of one DAG run."""
    run = results_of(open_store("reader", domain), domain, dag_id, run_id)
    title = f"{dag_id} · {run_id}"
    if run is None:
        return page.page(title, [page.section("Nothing yet", page.words(NO_PLAN))])
    return page.page(title, [_facts(run.why), *candidate_section(run), _stages(run)])


def _facts(why: DatasetWhy | ReleaseWhy) -> str:
    asked = {"Scenes": f"snapshot {why.snapshot_sha256[:12]}"} if isinstance(why, DatasetWhy) else _release(why)
    people = ", ".join(why.people)
    return page.section(
        "Why",
        page.facts({"Set off by": set_off_by(why.triggers), "Work of": people, "Trust domain": why.domain, **asked}),
    )


def set_off_by(triggers: Sequence[Trigger]) -> str:
    """Name each cause of a run once; the last trigger is the push or dataset that planning found behind the others."""
    links = triggers[:-1] or triggers
    return "; ".join(dict.fromkeys(_link(item, triggers[-1]) for item in links))


def _link(item: Trigger, behind: Trigger) -> str:
    if item.kind == "manual":
        return f"{item.who or 'somebody'}, by hand"
    if item.kind in ("reconcile", "nightly"):
        return "the clock"
    found = behind if behind.kind == item.kind else item
    if item.kind == "dataset":
        return f"the publication of {found.detail}"
    return f"{found.detail}, by {found.who}" if found.who else found.detail


def _release(why: ReleaseWhy) -> dict[str, str]:
    live = f"engine {why.live.export_content[:12]}" if why.live else "nothing: no model is live in this channel"
    made_from = next((item.detail for item in reversed(why.triggers) if item.kind == "dataset"), "")
    return {"Model": why.recipe.model, "Channel": why.recipe.channel, "Made from": made_from, "Would replace": live}


def candidate_section(run: RunResults) -> Iterator[str]:
    """Yield the card that links the evidence of the run's candidate; nothing for a run without one."""
    if not isinstance(run.why, ReleaseWhy):
        return
    entry = candidate_of_run(run.store, run.why, run.folder)
    if entry is not None:
        address = path_of(candidate_url(entry.candidate.model, entry.candidate.channel, entry.digest))
        yield page.section(
            "Candidate", f"<p>{page.link(address, f'The evidence of candidate {entry.digest[:12]}')}</p>"
        )


def _stages(run: RunResults) -> str:
    lines = [line for of_task in run.recorded().values() for line in of_task]
    stages = DATASET_STAGES if isinstance(run.why, DatasetWhy) else RELEASE_STAGES
    results: list[Result] = []
    for stage in stages:
        known = list({line.slot: line for line in lines if line.stage == stage}.values())
        results += [*run.of(known), *run.open_of(stage, known)]
    begun = {result.stage for result in results}
    return result_section("Stages", results, not_begun=[stage for stage in stages if stage not in begun])
