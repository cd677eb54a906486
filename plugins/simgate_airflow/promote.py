"""Promote and settle: the tasks behind the gate. They take no XCom: a forged one cannot reach them."""

from __future__ import annotations

from airflow.sdk import get_current_context, task


@task(task_id="promote")
def promote_candidate() -> dict[str, str]:
    """One ledger entry that makes the candidate live, or a failure with every reason, in the log and in the store."""
    from simgate_airflow.promotion import promote

    return promote(get_current_context())


@task(task_id="settle")
def settle_candidate() -> dict[str, str]:
    """Record a reject, a time-out or a refusal: one ledger entry that quarantines the run's candidate."""
    from simgate_airflow.promotion import settle

    return settle(get_current_context())
