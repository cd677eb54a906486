"""Pod overhead: what Airflow adds to a pod that Kubernetes runs anyway, with the same image, command and rights."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from datetime import datetime

from kubernetes import watch

from simgate.cli.find import runs
from simgate.core.identity.environment import Observed
from simgate.plan.jobs import make_job
from simgate.specs.probe import ProbeSpec
from simgate_airflow.place.pod_settings import read_pods_settings
from simgate_airflow.place.pod_shape import Order, pod_shape
from tests.bench.tables import middle, publish
from tests.pods.conftest import pods_world, world_of_pods
from tests.pods.deployment import Deployment

__all__ = ["pods_world", "world_of_pods"]
ROUNDS = 7
FOLDER = "plans/main/bench"
WITHIN_S = 120


def test_pod_overhead(world_of_pods: Deployment) -> None:
    _bare(world_of_pods, seed=1000)  # the node's page cache is warm for both from here on
    bare, staged, waited = [], [], []
    for number in range(ROUNDS):
        bare.append(_bare(world_of_pods, seed=2000 + number))
        seconds, queued_s = _staged(world_of_pods, seed=3000 + number)
        staged.append(seconds)
        waited.append(queued_s)
    added = [one - other for one, other in zip(staged, bare, strict=True)]
    rows = [
        _row("bare pod: created → Succeeded, less the stage's own work", bare),
        _row("StagePod: task starts → task ends, less the stage's own work", staged),
        _row("what StagePod adds to a bare pod", added),
        _row("run triggered → its task starts", waited),
        {"what": "StagePod against a bare pod", "median s": middle(staged) / middle(bare), "max s": ""},
    ]
    publish("pods", rows, note=f"{ROUNDS} rounds, interleaved; probe stage, one node, LocalExecutor; the last: a ratio")


def _row(what: str, seconds: Sequence[float]) -> dict[str, object]:
    return {"what": what, "median s": middle(seconds), "max s": max(seconds)}


def _bare(world: Deployment, seed: int) -> float:
    """A pod of the same shape, made and awaited without Airflow."""
    job = make_job("probe", ProbeSpec(seed=seed, files=2, size_bytes=10), (), domain="main", run_record=FOLDER)
    key = f"{FOLDER}/jobs/{seed}.json"
    world.store.put(key, job.to_json())
    order = Order("probe", "main", FOLDER, world.store.url, ("--job", key), secrets.token_hex(4))
    shape = pod_shape(read_pods_settings(world.folder / "pods.yaml"), order)
    began = time.monotonic()
    world.cluster.core.create_namespaced_pod(world.namespace, shape)
    assert _phase(world, order.name) == "Succeeded"
    seconds = time.monotonic() - began
    world.cluster.core.delete_namespaced_pod(order.name, world.namespace)
    return seconds - _work_s(world, seed)


def _phase(world: Deployment, name: str) -> str:
    """The phase in which a pod ended, as soon as Kubernetes knows."""
    selected = {"field_selector": f"metadata.name={name}", "timeout_seconds": WITHIN_S}
    for event in watch.Watch().stream(world.cluster.core.list_namespaced_pod, world.namespace, **selected):
        phase: str = event["object"].status.phase
        if phase in ("Succeeded", "Failed"):
            return phase
    raise AssertionError(f"{name} did not end within {WITHIN_S} s")


def _staged(world: Deployment, seed: int) -> tuple[float, float]:
    """(a task of the same stage, less its work; from the trigger to its start)."""
    run = world.run({"seed": seed})
    assert run.ended() == "success"
    task = run.instance("probe")
    began, ended = (datetime.fromisoformat(task[name]) for name in ("start_date", "end_date"))
    triggered = datetime.fromisoformat(run.user.get(run.path)["queued_at"])
    return (ended - began).total_seconds() - _work_s(world, seed), (began - triggered).total_seconds()


def _work_s(world: Deployment, seed: int) -> float:
    """What the stage itself says that it took."""
    made = next(run for run in runs(world.store, "main") if run.manifest.spec["seed"] == seed)
    observed = Observed.from_json(world.store.read(made.manifest.artifact("observed.json")), what=made.ref.uri)
    return observed.cost.wall_s
