"""Plan: the tasks around the stages. They decide in the store; a DAG file that imports this loads none of it."""

from __future__ import annotations

from typing import Any

from airflow.sdk import get_current_context, task

from simgate_airflow.run.assets import dataset_asset


@task(task_id="plan")
def plan_dataset() -> str:
    """Write why.json, or skip the run where the scenes' head is judged already."""
    from simgate_airflow.run.dataset_run import plan

    return plan(get_current_context())


@task(task_id="batches")
def make_batches(stage: str) -> list[list[dict[str, Any]]]:
    """Return names of a stage's uncommitted slots, in batches; one empty batch where all is committed already."""
    from simgate_airflow.run.dataset_run import batches

    return batches(get_current_context(), stage)


def publish_dataset(recipe: str) -> Any:
    """Publish, and tell the recipe's own asset."""
    return _publish.override(outlets=[dataset_asset(recipe)])()


@task(task_id="publish")
def _publish() -> dict[str, Any]:
    """Move the dataset's head and tell its asset; skipped, and nobody told, where the content is not new."""
    from simgate_airflow.run.dataset_run import publish

    return publish(get_current_context())


@task(task_id="plan")
def plan_release() -> str:
    """Write why.json, or skip the run where no new dataset waits."""
    from simgate_airflow.run.release_run import plan

    return plan(get_current_context())


@task(task_id="compare")
def compare_engine() -> str:
    """Skip the rest of the run where the engine is, byte for byte, the live one."""
    from simgate_airflow.run.release_run import compare

    return compare(get_current_context())


@task(task_id="propose")
def propose_candidate() -> str:
    """Append the run's candidate and return its digest, which the gate asks about."""
    from simgate_airflow.run.release_run import propose_candidate as propose

    return propose(get_current_context())
