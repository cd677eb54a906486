"""Promote and settle: the tasks behind the gate. They take no XCom: a forged one cannot reach them."""

from __future__ import annotations

from airflow.sdk import get_current_context, task

from simgate_airflow.settings import settings


def _ledger_worker() -> dict[str, str]:
    """Return the pod template that holds the ledger's keys, where workers are pods; no other task has those keys."""
    return {"pod_template_file": settings().ledger_pod} if settings().ledger_pod else {}


@task(task_id="promote", executor_config=_ledger_worker())
def promote_candidate() -> dict[str, str]:
    """Write the ledger entry that makes the candidate live, or fail with every reason, in the log and in the store."""
    from simgate_airflow.gate.promotion import promote

    return promote(get_current_context())


@task(task_id="settle", executor_config=_ledger_worker())
def settle_candidate() -> dict[str, str]:
    """Record a reject, a time-out or a refusal: one ledger entry that quarantines the run's candidate."""
    from simgate_airflow.gate.promotion import settle

    return settle(get_current_context())
