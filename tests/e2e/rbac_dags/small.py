"""Two DAGs with the real names and nothing to do: what the roles of the chart say about them is what is tested."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Asset, Context, Param

with DAG("build_dataset.rooms", schedule=None):
    EmptyOperator(task_id="plan", outlets=[Asset("DATASET")])


class AskManager(ApprovalOperator):
    """Asks the one whom the run's conf names."""

    def execute(self, context: Context) -> Any:
        person = context["params"]["manager"]
        self.assigned_users = [{"id": person, "name": person}]
        return super().execute(context)


with DAG("release_model.navigator", schedule=None, params={"manager": Param("", type="string")}):
    AskManager(task_id="decide", subject="Release", fail_on_reject=True, retries=0) >> EmptyOperator(task_id="promote")
