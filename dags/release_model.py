"""release_model: a dataset becomes a released model, if every gate and a release manager say so.

plan → train → evaluate ×(candidate, live) → export → compare → hil → propose → decide → promote; settle

Runs when `publish` moves the dataset, and every hour to make good a lost event. The live model's verdict informs and
fails nothing: the policy compares the two, episode by episode. A run that waits at the gate holds no slot. `settle` is
a teardown: it runs however the run ends, and quarantines a candidate that was rejected, refused or left to lapse.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param, chain

from simgate.specs.recipe import demo_release_recipe
from simgate_airflow.gate.approval import ReleaseApproval
from simgate_airflow.gate.promote import promote_candidate, settle_candidate
from simgate_airflow.place.place import stage_class
from simgate_airflow.run.assets import DATASET
from simgate_airflow.run.plan import compare_engine, plan_release, propose_candidate

Stage, Training = stage_class(), stage_class("train")

with DAG(
    dag_id="release_model",
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("47 * * * *", timezone="UTC"), assets=[DATASET]),
    catchup=False,
    max_active_runs=8,
    default_args={"owner": "simgate", "retries": 2, "retry_delay": timedelta(seconds=5)},
    params={"recipe": Param(demo_release_recipe().model_dump(mode="json"), type="object", title="Release recipe")},
    tags=["simgate"],
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

    chain(plan_release(), train, [candidate, live], export, compare_engine(), hil, propose_candidate(), decide, promote)
    promote >> settle
