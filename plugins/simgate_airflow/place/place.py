"""Place: where this deployment runs its stages; a DAG asks for the operator and does not care which it is."""

from __future__ import annotations

from airflow.sdk import BaseOperator

from simgate_airflow.settings import settings


def stage_class(stage: str = "") -> type[BaseOperator]:
    """The operator that runs a stage here, as SIMGATE_PLACE says; only that place's libraries are loaded.

    Named, a stage that the pod settings spread over several nodes gets the operator that can do so.
    """
    if settings().place == "pod":
        return _pod_class(stage)
    from simgate_airflow.place.stage_local import StageLocal

    return StageLocal


def _pod_class(stage: str) -> type[BaseOperator]:
    from simgate_airflow.place.pod_settings import pods_settings

    if stage and pods_settings().of(stage).nodes > 1:
        from simgate_airflow.place.stage_job import StageJob

        return StageJob
    from simgate_airflow.place.stage_pod import StagePod

    return StagePod
