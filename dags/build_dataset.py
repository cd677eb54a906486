"""build_dataset: pushed scenes become a validated dataset; one DAG a dataset recipe.

plan → index → generate ×N → validate → publish

Runs when the scenes' head moves, and every hour to make good whatever an event missed. `plan` asks the store what there
is to do; where nothing changed, the run is skipped, and what exists is reused by key. A run for a pull request is
started by hand, or by a CI system: it has its own scenes' head, prefix and dataset, and starts no release.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param

from simgate_airflow.place.place import stage_class
from simgate_airflow.run.assets import SCENES
from simgate_airflow.run.plan import make_batches, plan_dataset, publish_dataset
from simgate_airflow.run.recipes import dataset_recipes, recipe_param

Stage = stage_class()

for recipe in dataset_recipes():
    with DAG(
        dag_id=recipe.dag_id,
        schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("17 * * * *", timezone="UTC"), assets=[SCENES]),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": "simgate", "retries": 2, "retry_delay": timedelta(seconds=5)},
        params={
            "recipe": recipe_param(recipe),
            "pull_request": Param(
                None,
                type=["null", "integer"],
                minimum=1,
                maximum=999_999_999,
                title="Number of a pull request",
                description="Builds that pull request's scenes in its own trust domain, and tells nobody.",
            ),
        },
        tags=["simgate", recipe.name],
        doc_md=__doc__,
    ):
        plan = plan_dataset()
        index = Stage(task_id="index", stage="index")
        batches = make_batches("generate")
        generate = Stage.partial(task_id="generate", stage="generate", map_index_template="{{ batch_label }}").expand(
            batch=batches
        )
        validate = Stage(task_id="validate", stage="validate")

        plan >> index >> batches >> generate >> validate >> publish_dataset(recipe.name)
