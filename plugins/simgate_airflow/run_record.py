"""Run record: which folder of the store belongs to a DAG run; derived, never taken from XCom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simgate.core.errors import InputError
from simgate.core.store import Store
from simgate.plan.record import DatasetWhy, ReleaseWhy, find_why, record_folder
from simgate_airflow.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Context


def run_name(dag_id: str, run_id: str) -> str:
    """The name of a DAG run in the store; a DAG id holds no slash, so it can be taken apart again."""
    return f"{dag_id}/{run_id}"


def airflow_run(name: str) -> tuple[str, str] | None:
    """(DAG id, run id) of a run's name; None for a run that was started elsewhere."""
    dag_id, slash, run_id = name.partition("/")
    return (dag_id, run_id) if slash else None


def run_of(context: Context) -> str:
    """The name of the DAG run that a task belongs to."""
    dag_run = context["dag_run"]
    return run_name(dag_run.dag_id, dag_run.run_id)


def domain_of(context: Context) -> str:  # noqa: ARG001
    """Trust domain of a DAG run."""
    return settings().domain


def folder_of(context: Context) -> str:
    """The folder of the DAG run that a task belongs to."""
    return record_folder(domain_of(context), run_of(context))


def why_of(store: Store, context: Context) -> DatasetWhy | ReleaseWhy | None:
    """The run's why.json, or None before plan wrote it; one that another run wrote is refused."""
    why = find_why(store, folder_of(context))
    if why is not None and why.run != run_of(context):
        raise InputError(
            "another run has this run's folder", actual=why.run, expected=run_of(context),
            remedy="trigger again with another run id",
        )  # fmt: skip
    return why
