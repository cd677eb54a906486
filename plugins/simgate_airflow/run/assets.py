# mypy: allow-untyped-calls
"""Assets: what DAGs are scheduled on. Their events are hints; what to do is read from the store."""

from __future__ import annotations

from airflow.sdk import Asset, AssetWatcher

from simgate_airflow.run.triggers import ScenesHeadTrigger

DATASET = "dataset."
"""First part of the names of datasets' assets; the recipe's name follows."""
SCENES = Asset(
    name="scenes", uri="simgate://scenes", watchers=[AssetWatcher(name="scenes-head", trigger=ScenesHeadTrigger())]
)
"""Moved by `simgate scenes push`; the watcher sees it within seconds."""


def dataset_asset(recipe: str) -> Asset:
    """Return the dataset of one recipe: moved by `publish`, and only if the content is new."""
    return Asset(name=f"{DATASET}{recipe}", uri=f"simgate://dataset/{recipe}")
