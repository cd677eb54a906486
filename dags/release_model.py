"""release_model: a dataset becomes a released model, if every gate and a release manager say so.

One DAG a release recipe.

plan → train → evaluate ×(candidate, live) → export → compare → hil → propose → decide → promote; settle

Runs when `publish` moves the dataset, and every hour to make good a lost event. The live model's verdict informs and
fails nothing: the policy compares the two, episode by episode. A run that waits at the gate holds no slot. `settle` is
a teardown: it runs however the run ends, and quarantines a candidate that was rejected, refused or left to lapse.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, chain

from simgate_airflow.gate.approval import ReleaseApproval
from simgate_airflow.gate.promote import promote_candidate, settle_candidate
from simgate_airflow.place.place import stage_class
from simgate_airflow.run.assets import dataset_asset
from simgate_airflow.run.plan import compare_engine, plan_release, propose_candidate
from simgate_airflow.run.recipes import recipe_param, release_recipes

Stage, Training = stage_class(), stage_class("train")

for recipe in release_recipes():
    with DAG(
        dag_id=recipe.dag_id,
        schedule=AssetOrTimeSchedule(
            timetable=CronTriggerTimetable("47 * * * *", timezone="UTC"), assets=[dataset_asset(recipe.dataset)]
        ),
        catchup=False,
        max_active_runs=8,
        default_args={"owner": "simgate", "retries": 2, "retry_delay": timedelta(seconds=5)},
        params={"recipe": recipe_param(recipe)},
        tags=["simgate", recipe.name],
        doc_md=__doc__,
    ):
        train = Training(task_id="train", stage="train")
        candidate = Stage(task_id="evaluate_candidate", stage="evaluate", subject="candidate")
        live = Stage(task_id="evaluate_live", stage="evaluate", subject="live", informs=True)
        export = Stage(task_id="export", stage="export")
        hil = Stage(task_id="hil", stage="hil")
        decide = ReleaseApproval(task_id="decide")
        promote = promote_candidate()
        settle = settle_candidate().as_teardown()

        chain(plan_release(), train, [candidate, live], export, compare_engine(), hil, propose_candidate(), decide)
        decide >> promote >> settle
