"""Trigger chain: what set a DAG run off, as its RunRecord keeps it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simgate.plan.record import Trigger
from simgate_airflow.run.assets import DATASET

if TYPE_CHECKING:
    from airflow.sdk import Context

FROM_API = "from_rest_api"
"""Airflow's mark on an asset event that a user posted."""


def triggers_of(context: Context) -> tuple[Trigger, ...]:
    """Return the links that Airflow knows; planning adds the push or the dataset behind them."""
    run: Any = context["dag_run"]
    at = run.run_after or datetime.now(UTC)
    who = run.triggering_user_name or ""
    kind = str(getattr(run.run_type, "value", run.run_type))
    if kind == "scheduled":
        return (Trigger(kind="reconcile", who="", detail=run.run_id, at=at),)
    if kind == "asset_triggered" and not who:
        return tuple(_hint(event) for event in run.consumed_asset_events)
    return (Trigger(kind="manual", who=who, detail=f"{kind} {run.run_id}"[:2000], at=at),)


def _hint(event: Any) -> Trigger:
    posted = " posted by the API" if (event.extra or {}).get(FROM_API) else ""
    source = f" by {event.source_dag_id} {event.source_run_id}" if event.source_run_id else ""
    return Trigger(
        kind="dataset" if event.asset.name.startswith(DATASET) else "push", who="",
        detail=f"event of asset {event.asset.name}{source}{posted}"[:2000], at=event.timestamp,
    )  # fmt: skip
