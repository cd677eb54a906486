"""DAGs of the trivial stage as pods and as Jobs: what StagePod and StageJob do with each way that a pod can end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param

from simgate.plan.jobs import Slot, make_job
from simgate.plan.slot_name import SlotName
from simgate.specs.probe import ProbeSpec
from simgate_airflow.place.place import stage_class
from simgate_airflow.place.stage_job import StageJob
from simgate_airflow.run.run_record import folder_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from simgate.core.storage.store import Store

EACH: dict[str, Any] = {"retries": 1, "retry_delay": timedelta(seconds=1)}
PARAMS = {"specs": Param([], type="array")}


class Probes:
    """Takes its slots from the run's params instead of a plan."""

    def slots(self, store: Store, context: Context) -> tuple[Slot, ...]:  # noqa: ARG002
        folder = folder_of(context)
        specs = [ProbeSpec.from_value(value, what="params.specs") for value in context["params"]["specs"]]
        return tuple(
            Slot(SlotName(stage="probe", number=number), make_job("probe", spec, [], domain="main", run_record=folder))
            for number, spec in enumerate(specs)
        )


class Probe(Probes, stage_class()):  # type: ignore[misc]  # the place that the settings name
    """In pods."""


class JobProbe(Probes, StageJob):
    """In indexed Jobs, as a training that is spread over several pods."""


with DAG("pods", schedule=None, params=PARAMS, catchup=False, max_active_runs=8):
    Probe(task_id="probe", stage="probe", **EACH)

with DAG("mapped_pods", schedule=None, params=PARAMS, catchup=False):
    batches = [[{"stage": "probe", "number": number} for number in numbers] for numbers in ((0,), range(1, 6))]
    Probe.partial(task_id="probe", stage="probe", map_index_template="{{ batch_label }}", **EACH).expand(batch=batches)

with DAG("jobs", schedule=None, params=PARAMS, catchup=False, max_active_runs=8):
    JobProbe(task_id="probe", stage="probe", **EACH)
