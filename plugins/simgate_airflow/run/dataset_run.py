"""Dataset run: what the tasks of build_dataset decide, in the store and nowhere else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError
from simgate.core.given.snapshot import read_snapshot
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.job import MAIN
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.heads import scenes_head
from simgate.core.storage.store import Store
from simgate.plan import dataset, jobs, record
from simgate.plan.scenes import left_out, without_recipe
from simgate.plan.stage_end import lines
from simgate.plan.standing import standings
from simgate.specs.recipe import DatasetRecipe
from simgate_airflow.failure import failures_for_airflow
from simgate_airflow.run.assets import dataset_asset
from simgate_airflow.run.recipes import check_recipe_of, dataset_recipes
from simgate_airflow.run.run_record import domain_of, folder_of, run_of, why_of
from simgate_airflow.run.trigger_chain import triggers_of
from simgate_airflow.settings import settings
from simgate_airflow.stores import open_store

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)


def plan(context: Context) -> str:
    """Write why.json, or skip the run where the scenes' head is judged already."""
    with failures_for_airflow():
        store = open_store("planner", domain_of(context))
        if why_of(store, context) is not None:
            return folder_of(context)
        recipe = DatasetRecipe.from_value(context["params"]["recipe"], what="params.recipe")
        check_recipe_of(context["dag_run"].dag_id, recipe)
        _say_left_out(store, domain_of(context), recipe)
        why = dataset.plan_dataset(
            store, domain=domain_of(context), recipe=recipe, run=run_of(context), triggers=triggers_of(context)
        )
        if why is None:
            raise AirflowSkipException("the scenes' head is judged already with this recipe: nothing to do")
        return record.write_why(store, why)


def _say_left_out(store: Store, domain: str, recipe: DatasetRecipe) -> None:
    """Warn of pushed scenes that neither this run's recipe nor any other takes."""
    head = scenes_head(store, domain)
    files = read_snapshot(store, head.snapshot_sha256, domain).files if head else ()
    if said := without_recipe(left_out([*dataset_recipes(), recipe], files)):
        log.warning("%s", said)


def batches(context: Context, stage: str) -> list[list[dict[str, Any]]]:
    """Return names of a stage's uncommitted slots, in batches; one empty batch where all is committed already."""
    with failures_for_airflow():
        store, folder = open_store("planner", domain_of(context)), folder_of(context)
        dataset_why(store, context)
        found = standings(store, jobs.slots(store, folder, stage), folder)
        if reused := lines(found):
            record.record_task(store, folder, f"{stage}.reused", reused)
        pending = [item.slot for item in found if item.line is None]
        cut = jobs.batches(pending, settings().max_batches)
    # A stage that maps over nothing would be skipped, and all that comes after it too.
    return [[slot.name.model_dump(mode="json") for slot in batch] for batch in cut] or [[]]


def publish(context: Context) -> dict[str, Any]:
    """Move the dataset's head and tell its asset; skipped, and nobody told, where the content is not new.

    A pull request moves its own head, and tells nobody.
    """
    with failures_for_airflow():
        store = open_store("planner", domain_of(context))
        why = dataset_why(store, context)
        head, moved = dataset.publish_judged(store, why, _passed(store, why))
    if why.domain != MAIN:
        raise AirflowSkipException(
            f"dataset {head.seq} of {why.domain} is published there; the asset is main's, so no event is sent"
        )
    # A retry after the move finds its own head: the event was not told yet.
    if not moved and head.run_record != folder_of(context):
        raise AirflowSkipException(f"dataset {head.seq} has this content already: nothing to publish")
    said: dict[str, Any] = {"seq": head.seq, "content_digest": head.content_digest}
    context["outlet_events"][dataset_asset(why.recipe.name)].extra = {**said}
    return said


def dataset_why(store: Store, context: Context) -> record.DatasetWhy:
    """Return the dataset run's why.json."""
    why = why_of(store, context)
    if not isinstance(why, record.DatasetWhy):
        raise InputError("this run has no dataset plan", remedy="its first task, `plan`, writes it")
    return why


def _passed(store: Store, why: record.DatasetWhy) -> ManifestRef:
    # The task before may have been set to success by hand: its state is no proof.
    ref = dataset.judged(store, why)
    verdict = read_verdict(store, read_manifest(store, ref)) if ref else None
    if ref is None or verdict is None or verdict.verdict != "PASS":
        said = "; ".join(verdict.reasons) if verdict else "nothing, it is not committed"
        raise AirflowFailException(f"the dataset is not published: validate says {said}")
    return ref
