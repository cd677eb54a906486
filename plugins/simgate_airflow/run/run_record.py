"""Run record: which folder of the store belongs to a DAG run; derived, never taken from XCom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simgate.core.errors import InputError
from simgate.core.runtime.job import MAIN
from simgate.core.storage.store import Store
from simgate.plan.record import DatasetWhy, ReleaseWhy, find_why, record_folder
from simgate_airflow.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Context

PULL_REQUEST = "pull_request"
"""The param that makes a run a pull request's; a DAG that does not declare it never runs for one."""
MAX_PULL_REQUEST = 999_999_999
BY_HAND = "manual"
"""Airflow's type of a run that somebody, or a CI system in their name, started through the API."""


def run_name(dag_id: str, run_id: str) -> str:
    """Return the name of a DAG run in the store; a DAG id holds no slash, so it can be taken apart again."""
    return f"{dag_id}/{run_id}"


def airflow_run(name: str) -> tuple[str, str] | None:
    """Return (DAG id, run id) of a run's name; None for a run that was started elsewhere."""
    dag_id, slash, run_id = name.partition("/")
    return (dag_id, run_id) if slash else None


def run_of(context: Context) -> str:
    """Return the name of the DAG run that a task belongs to."""
    dag_run = context["dag_run"]
    return run_name(dag_run.dag_id, dag_run.run_id)


def domain_of(context: Context) -> str:
    """Return the trust domain of a DAG run: this deployment's, or `pr-<n>` for a run that was started by hand for pull
    request n.
    """
    own = settings().domain
    asked: Any = context.get("params", {}).get(PULL_REQUEST)
    if asked is None:
        return own
    _check_pull_request(context, asked)
    domain = f"pr-{asked}"
    if own not in (MAIN, domain):
        raise InputError("this deployment is for another pull request", actual=domain, expected=own)
    return domain


def _check_pull_request(context: Context, asked: Any) -> None:
    # JSON Schema lets 7.0 pass for an integer, and a DAG takes params that it never declared.
    if type(asked) is not int or not 1 <= asked <= MAX_PULL_REQUEST:
        raise InputError(
            "params.pull_request is no number of a pull request", actual=repr(asked)[:80], expected="1, 2, …"
        )
    run: Any = context["dag_run"]
    kind = str(getattr(run.run_type, "value", run.run_type))
    if kind != BY_HAND:
        raise InputError("only a run that was started by hand is a pull request's", actual=kind, expected=BY_HAND)
    if PULL_REQUEST not in context["dag"].params:
        raise InputError(
            f"{run.dag_id} does nothing for a pull request", actual=f"params.pull_request={asked}",
            remedy="merge it; what follows happens on main",
        )  # fmt: skip


def folder_of(context: Context) -> str:
    """Return the folder of the DAG run that a task belongs to."""
    return record_folder(domain_of(context), run_of(context))


def why_of(store: Store, context: Context) -> DatasetWhy | ReleaseWhy | None:
    """Return the run's why.json, or None before plan wrote it; one that another run wrote is refused."""
    why = find_why(store, folder_of(context))
    if why is not None and why.run != run_of(context):
        raise InputError(
            "another run has this run's folder", actual=why.run, expected=run_of(context),
            remedy="trigger again with another run id",
        )  # fmt: skip
    if why is not None and why.domain != domain_of(context):
        raise InputError("the plan is for another trust domain", actual=why.domain, expected=domain_of(context))
    return why
