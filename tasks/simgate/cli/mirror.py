"""python -m simgate.cli.mirror STORE MODEL POLICY: what is live, as versions in the registry of MLflow."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

from mlflow.entities import Metric
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from simgate.cli.options import open_store
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.documents.engine import FOLDER, NAME
from simgate.release.entry import LiveModel
from simgate.release.judge import judge
from simgate.release.policy import Policy

CANDIDATE_TAG = "simgate.candidate"
HEAD_TAG = "simgate.ledger_head"
EXPERIMENT = "simgate releases"
"""MLflow experiment with the figures of live models; trainings have another."""
MOST_METRICS = 1000
"""MLflow takes no more at once."""
UNUSABLE = re.compile(r"[^A-Za-z0-9_./ -]")
"""Characters that MLflow refuses in a metric's name."""
ENGINE_NAME = f"{FOLDER}/{NAME}"


def mirror(store: Store, policy: Policy, model: str, client: MlflowClient) -> int:
    """Make each channel's live model a tagged version with the channel's name as alias; how many were new.

    The registered model's tag `simgate.ledger_head` notes the ledger's head: `simgate verify --head` takes it.
    """
    head = judge(store, policy, model).must_hold().head
    if head is None:
        return 0
    _ensure_registered(client, model)
    client.set_registered_model_tag(model, HEAD_TAG, head.sha256)
    known = {version.tags.get(CANDIDATE_TAG): version for version in client.search_model_versions(f"name='{model}'")}
    new = 0
    for channel, state in sorted(head.after.channels.items()):
        if state.live is None:
            continue
        version = known.get(state.live.candidate)
        if version is None:
            version, new = _register(store, client, model, channel, state.live, head.sha256), new + 1
        client.set_registered_model_alias(model, channel, str(version.version))
    return new


def _ensure_registered(client: MlflowClient, model: str) -> None:
    try:
        client.get_registered_model(model)
    except MlflowException:
        client.create_registered_model(model, description="Mirror of simgate's ledger; the ledger is the truth.")


def _register(
    store: Store, client: MlflowClient, model: str, channel: str, live: LiveModel, head_sha256: str
) -> ModelVersion:
    engine = read_manifest(store, live.evidence["export"]).artifact(ENGINE_NAME)
    tags = {
        CANDIDATE_TAG: live.candidate, "simgate.engine": live.engine, "simgate.channel": channel,
        "simgate.since": live.since.isoformat(),
        HEAD_TAG: head_sha256, "simgate.engine_sha256": engine.sha256,
        **{f"simgate.evidence.{role}": ref.uri for role, ref in live.evidence.items()},
    }  # fmt: skip
    source = f"{store.url}/{engine.uri.rpartition('/')[0]}"
    run = _run_of(client, model, live, _figures(store, live))
    return client.create_model_version(model, source=source, run_id=run, tags=tags, description=f"live in {channel}")


def _figures(store: Store, live: LiveModel) -> dict[str, float]:
    """Return the metrics of every gate that the model passed, by role: `evaluate.map_50`."""
    manifests = {role: read_manifest(store, ref) for role, ref in sorted(live.evidence.items())}
    verdicts = {role: read_verdict(store, manifest) for role, manifest in manifests.items()}
    said = {role: verdict.metrics for role, verdict in verdicts.items() if verdict is not None}
    return {f"{role}.{name}": value for role, metrics in said.items() for name, value in metrics.items()}


def _run_of(client: MlflowClient, model: str, live: LiveModel, figures: dict[str, float]) -> str:
    """Note the figures in a run of MLflow, for a model version shows those of the run that it names; the run's id."""
    found = client.get_experiment_by_name(EXPERIMENT)
    number = found.experiment_id if found else client.create_experiment(EXPERIMENT)
    run = client.create_run(number, run_name=f"{model} {live.candidate[:12]}", tags={CANDIDATE_TAG: live.candidate})
    now = int(time.time() * 1000)
    metrics = [Metric(UNUSABLE.sub("_", name), value, now, 0) for name, value in figures.items()]
    client.log_batch(run.info.run_id, metrics=metrics[:MOST_METRICS])
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def main(arguments: list[str]) -> int:
    """Mirror once."""
    store_url, model, policy = arguments
    os.umask(0o077)
    tracking_uri = os.environ["MLFLOW_TRACKING_URI"]
    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    print(f"{mirror(open_store(store_url), Policy.load(Path(policy)), model, client)} new", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
