"""Access: who may read a page. Whoever may read the DAG's runs in Airflow, by Airflow's own login, and nobody else."""

from __future__ import annotations

from typing import Annotated

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, HTTPException, Request

from simgate_airflow.ui.attempt_place import AttemptPlace
from simgate_airflow.ui.kept_attempt import KeptAttempt, read_attempt
from simgate_airflow.ui.kept_candidate import KeptCandidate, read_candidate

READS_RUNS = Depends(requires_access_dag("GET", DagAccessEntity.RUN))
READS_TASKS = Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE))
"""For routes whose path holds a `dag_id`."""
OUTSIDE = "This was made outside Airflow, so Airflow cannot say who may read it. `simgate show` and `simgate link` can."


def _attempt(request: Request, user: GetUserDep, domain: str, stage: str, run_key: str, attempt: str) -> KeptAttempt:
    found = read_attempt(AttemptPlace(domain, stage, run_key, attempt))
    _check_reader(request, user, found.dag_run, DagAccessEntity.TASK_INSTANCE)
    return found


def _candidate(request: Request, user: GetUserDep, model: str, channel: str, digest: str) -> KeptCandidate:
    found = read_candidate(model, channel, digest)
    _check_reader(request, user, found.dag_run, DagAccessEntity.RUN)
    return found


def _check_reader(request: Request, user: GetUserDep, dag_run: tuple[str, str] | None, entity: DagAccessEntity) -> None:
    """Raise Forbidden unless the user may read the DAG that made it."""
    if dag_run is None:
        raise HTTPException(403, OUTSIDE)
    requires_access_dag("GET", entity, param_dag_id=dag_run[0])(request, user)


ReadAttempt = Annotated[KeptAttempt, Depends(_attempt)]
"""The attempt that the path names, for a user who may read it."""
ReadCandidate = Annotated[KeptCandidate, Depends(_candidate)]
"""The candidate likewise."""
