"""Pod task: for which task a pod runs, in annotations: labels are too short for Airflow's own ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from airflow.sdk import Context

_PREFIX = "simgate.dev/airflow-"


@dataclass(frozen=True, slots=True)
class PodTask:
    """One task instance in Airflow."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    """-1 for a task that is not mapped."""

    @classmethod
    def read(cls, annotations: Mapping[str, str]) -> Self | None:
        """Read the task from a pod's annotations; None for a pod that names none."""
        try:
            dag_id, run_id, task_id, map_index = (
                annotations[f"{_PREFIX}{name}"] for name in ("dag", "run", "task", "map-index")
            )
            return cls(dag_id, run_id, task_id, int(map_index))
        except (KeyError, ValueError):
            return None

    def annotations(self) -> dict[str, str]:
        """Return the annotations that name the task."""
        return {
            f"{_PREFIX}dag": self.dag_id,
            f"{_PREFIX}run": self.run_id,
            f"{_PREFIX}task": self.task_id,
            f"{_PREFIX}map-index": str(self.map_index),
        }


def annotations_of(context: Context) -> dict[str, str]:
    """Return annotations of a pod that is made for the task that runs now."""
    instance = context["ti"]
    index = getattr(instance, "map_index", -1)
    task = PodTask(instance.dag_id, instance.run_id, instance.task_id, -1 if index is None else index)
    return {**task.annotations(), f"{_PREFIX}try": str(instance.try_number)}
