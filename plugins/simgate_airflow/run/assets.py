# mypy: allow-untyped-calls
"""Assets: what DAGs are scheduled on. Their events are hints; what to do is read from the store."""

from __future__ import annotations

from airflow.sdk import Asset, AssetWatcher

from simgate_airflow.run.triggers import ScenesHeadTrigger

SCENES = Asset(
    name="scenes", uri="simgate://scenes", watchers=[AssetWatcher(name="scenes-head", trigger=ScenesHeadTrigger())]
)
"""Moved by `simgate scenes push`; the watcher sees it within seconds."""
DATASET = Asset(name="dataset", uri="simgate://dataset")
"""Moved by `publish`, and only if the content is new."""
