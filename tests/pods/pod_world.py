"""What tests of pods share: settings, an order, and shapes made of them."""

from __future__ import annotations

from typing import Any

from simgate_airflow.place.pod_settings import PodsSettings
from simgate_airflow.place.pod_shape import Order

DIGEST = "0123456789abcdef" * 4
IMAGES = {name: f"registry.example.org/simgate/{name}@sha256:{DIGEST}" for name in ("light", "sim", "torch", "agent")}
FILE: dict[str, Any] = {
    "version": 1,
    "namespace": "simgate",
    "images": IMAGES,
    "environment": {"MLFLOW_TRACKING_URI": "http://mlflow:5000"},
    "pull_secrets": ["registry"],
    "stages": {
        "default": {"cpu": 2, "memory": "4Gi", "scratch": "20Gi"},
        "generate": {
            "gpus": 1,
            "node_selector": {"pool": "spot-gpu"},
            "tolerations": [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}],
            "queue": "simulation",
        },
        "train": {
            "gpus": 8, "nodes": 4, "memory": "256Gi", "deadline_s": 86400, "grace_s": 300, "queue": "training",
            "priority_class": "batch", "runtime_class": "nvidia",
        },
    },
}  # fmt: skip


def pods(**changes: Any) -> PodsSettings:
    """The settings above, changed."""
    return PodsSettings.from_value({**FILE, **changes}, what="pods.yaml")


def order(stage: str = "probe", domain: str = "main", **changes: Any) -> Order:
    """An order for one stage."""
    given: dict[str, Any] = {
        "folder": f"plans/{domain}/demo-run1",
        "store_url": "s3://simgate/store",
        "jobs": ("--job", f"plans/{domain}/demo-run1/jobs/{stage}-0123456789abcdef.json"),
        "suffix": "a1b2c3d4",
        "labels": {"dag_id": "demo", "task_id": stage, "run_id": "run1", "try_number": "1"},
        "annotations": {"simgate.dev/airflow-dag": "demo"},
        **changes,
    }
    return Order(stage, domain, **given)
