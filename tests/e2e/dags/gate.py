"""The gate alone: a release run over evidence that is committed already, with a pause before promote."""

from __future__ import annotations

import time
from datetime import timedelta

from airflow.sdk import DAG, Param, chain, get_current_context, task

from simgate_airflow.gate.approval import ReleaseApproval
from simgate_airflow.gate.promote import promote_candidate, settle_candidate
from simgate_airflow.place.stage_local import StageLocal
from simgate_airflow.run.plan import plan_release, propose_candidate
from simgate_airflow.run.recipes import recipe_param, release_recipes
from simgate_airflow.settings import settings


@task(retries=0)
def hold() -> None:
    """Wait for the test's word, if the run was asked to."""
    from simgate.core.storage.store import Store

    context = get_current_context()
    word = f"release-holds/{context['run_id']}"
    while context["params"]["hold"] and not Store(settings().store_url).exists(word):
        time.sleep(0.3)


with DAG(
    "gate",
    schedule=None,
    max_active_runs=8,
    params={
        "recipe": recipe_param(next(iter(release_recipes()))),
        "hold": Param(False, type="boolean"),
    },
    default_args={"retry_delay": timedelta(seconds=1)},
):
    promote = promote_candidate()
    hil = StageLocal(task_id="hil", stage="hil")
    chain(plan_release(), hil, propose_candidate(), ReleaseApproval(task_id="decide"), hold(), promote)
    promote >> settle_candidate().as_teardown()
