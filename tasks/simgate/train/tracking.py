"""Tracking: parameters, losses and digests to MLflow, for people who compare runs; nothing here can fail a training."""

from __future__ import annotations

import os
from collections.abc import Sequence

from simgate.core.runtime.work import Work
from simgate.families.card import EpochLosses, ModelCard
from simgate.specs.train import TrainSpec

EXPERIMENT = "simgate"
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""Defaults of a server that does not answer: seconds, where MLflow's own are many minutes."""


def track(work: Work[TrainSpec], card: ModelCard, history: Sequence[EpochLosses], weights_sha256: str) -> None:
    """Log the run to MLFLOW_TRACKING_URI; without it, or if logging fails, a note says so."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        work.note("mlflow skipped", reason="MLFLOW_TRACKING_URI is not set")
        return
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        _log(work, card, history, weights_sha256)
    except Exception as error:  # whatever the tracking server does, the model is trained
        work.note("mlflow failed", error=repr(error)[:500])


def _log(work: Work[TrainSpec], card: ModelCard, history: Sequence[EpochLosses], weights_sha256: str) -> None:
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    client = MlflowClient()
    experiment = client.get_experiment_by_name(EXPERIMENT)
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT)
    run = client.create_run(experiment_id, run_name=f"train {work.run_key[:12]}")
    params = {
        **work.spec.model_dump(mode="json", exclude={"network"}),
        **{f"network.{k}": v for k, v in work.spec.network},
    }
    tags = {
        "simgate.run_key": work.run_key,
        "simgate.run_record": work.job.run_record,
        "simgate.dataset_sha256": card.dataset_sha256,
        "simgate.weights_sha256": weights_sha256,
    }
    metrics = [
        Metric(name, value, 0, row.epoch)
        for row in history
        for name, value in {"total": row.total, **row.parts, "learning_rate": row.learning_rate}.items()
    ]
    for first in range(0, max(len(metrics), 1), 1000):
        some = first == 0
        client.log_batch(
            run.info.run_id,
            metrics=metrics[first : first + 1000],
            params=[Param(name, str(value)) for name, value in params.items()] if some else [],
            tags=[RunTag(name, value) for name, value in tags.items()] if some else [],
        )
    client.set_terminated(run.info.run_id)
