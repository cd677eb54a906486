"""A DAG of the trivial stage: what StageLocal does with each way that a stage can end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG, Param

from simgate.plan.jobs import Slot, make_job
from simgate.plan.slot_name import SlotName
from simgate.specs.probe import ProbeSpec
from simgate_airflow.place.stage_local import StageLocal
from simgate_airflow.run.run_record import folder_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from simgate.core.storage.store import Store


class ProbeLocal(StageLocal):
    """Takes its slots from the run's params instead of a plan."""

    def slots(self, store: Store, context: Context) -> tuple[Slot, ...]:  # noqa: ARG002
        folder = folder_of(context)
        specs = [ProbeSpec.from_value(value, what="params.specs") for value in context["params"]["specs"]]
        return tuple(
            Slot(SlotName(stage="probe", number=number), make_job("probe", spec, [], domain="main", run_record=folder))
            for number, spec in enumerate(specs)
        )


with DAG("probe", schedule=None, params={"specs": Param([], type="array")}, catchup=False):
    ProbeLocal(task_id="probe", stage="probe", retries=2, retry_delay=timedelta(seconds=1))
