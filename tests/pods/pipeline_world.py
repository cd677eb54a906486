"""The whole pipeline as a deployment runs it: the repository's DAGs, stages as pods, keys by role, signatures."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from simgate.core.storage.credentials import ROLE_KEYS, StoreKeys
from simgate.core.storage.store import Store
from simgate.plan.record import find_why, record_folder
from simgate_airflow.local.standalone import ACCOUNTS, LocalAirflow, furnish
from simgate_airflow.run.run_record import run_name
from tests.demo_recipes import write_recipes
from tests.e2e.airflow_client import Run, User, wait_for
from tests.e2e.components import PATIENCE, Components
from tests.pods.deployment import COMPONENTS, ROOT, START_S
from tests.servers.cache import say
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.minio import MinioServer
from tests.servers.oci import Image
from tests.tiny_pipeline import dataset_recipe, reference, release_recipe

ROLES = {"pusher": "pusher-main", "planner": "planner-main", "stage": "stage-main", "gate": "gate-main",
         "approval": "approval", "ledger": "ledger", "reader": "reader"}  # fmt: skip
"""Each role, and its folder."""
SIGNING = ("planner", "gate", "approval", "ledger")
AIRFLOWS = ("planner-main", "approval", "ledger", "reader")
"""What lies with Airflow: it never holds the key of a stage, of a gate or of a pusher."""
PODS = ("stage-main", "gate-main")
DAGS = ("build_dataset.rooms", "release_model.navigator")


@dataclass
class PipelineWorld:
    """A deployment, and the people's and the CI's commands."""

    cluster: Cluster
    namespace: str
    images: dict[str, Image]
    url: str
    """The store."""
    folder: Path
    components: Components = field(repr=False)
    airflow: LocalAirflow
    began: float = field(default_factory=time.monotonic)
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    """State of each task of each run, as far as it was said."""

    @property
    def keys(self) -> Path:
        """A folder a role, of all roles; nobody in the deployment has it."""
        return self.folder / "keys"

    @property
    def store(self) -> Store:
        """The store as the reader sees it."""
        return Store(self.url, StoreKeys.load(self.keys / "reader"))

    def user(self, name: str) -> User:
        """An account of Airflow."""
        return User(self.airflow, name)

    def say(self, text: str) -> None:
        """A line for whoever waits."""
        say(f"pipeline as pods, {time.monotonic() - self.began:.0f} s: {text}")

    def simgate(self, role: str, *words: str) -> str:
        """What the command prints under a role's keys; it ends well."""
        return simgate(self.keys / role, *words, "--store", self.url)

    def planned_run(self, dag: str, within_s: float = 180) -> Run:
        """The run of a DAG that has work to do, once an event, or the hourly clock, started it."""
        found: list[Run] = []

        def planned() -> bool:
            with contextlib.suppress(httpx.TimeoutException):  # a machine under load
                runs = self.user("admin").runs(dag)
                found[:] = [
                    run for run in runs if find_why(self.store, record_folder("main", run_name(dag, run.run_id)))
                ]
            return bool(found)

        wait_for(planned, within_s, f"a run of {dag}")
        return found[0]

    def follow(self, run: Run, *, until: str = "", within_s: float = 900) -> str:
        """Wait for a run's end, or until a task awaits input, and tell each change; the run's state."""
        states: list[str] = []
        tasks: dict[str, str] = {}

        def over() -> bool:
            with contextlib.suppress(httpx.TimeoutException):
                tasks.update(run.tasks)
                states[:] = [run.state]
            for task, state in tasks.items():
                if state and state != self.told.get((run.run_id, task)):
                    self.told[run.run_id, task] = state
                    self.say(f"{run.dag}.{task} is {state}")
                    if state in ("failed", "up_for_retry"):
                        with contextlib.suppress(httpx.HTTPError):
                            self.say(run.last_words(task))
            return states in (["success"], ["failed"]) or (bool(until) and tasks.get(until) == "awaiting_input")

        wait_for(over, within_s, f"{run.dag} to end")
        return states[0]


def simgate(keys: Path, *words: str) -> str:
    """Run `simgate` with one role's keys and no other account; what it prints."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", "from simgate.cli import main; main()", *words],
        env={**environment, ROLE_KEYS: str(keys)}, cwd=ROOT, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, f"simgate {words}: {done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def pipeline_world(
    cluster: Cluster, minio: MinioServer, images: dict[str, Image], folder: Path
) -> Iterator[PipelineWorld]:
    """Deploy as docs/operations.md says; at the end nothing is left."""
    bucket = f"pipeline-{folder.name.replace('_', '-')}"
    url, began = f"s3://{bucket}/robots", time.monotonic()
    with cluster.namespace("simgate") as namespace, ThreadPoolExecutor(1) as aside:
        say(f"pipeline as pods: loading images of {', '.join(images)} onto the node")
        loading = aside.submit(cluster.load, list(images.values()))
        policy = _keys(minio, url, folder / "keys")
        (folder / "policy.yaml").write_text(yaml.safe_dump(policy))
        _objects(cluster, namespace, folder / "keys")
        (folder / "pods.yaml").write_text(yaml.safe_dump(_pods(namespace, images)))
        home, variables = _furnished(cluster, url, folder)
        components = Components(home, variables["SIMGATE_AIRFLOW_URL"], variables)
        airflow = LocalAirflow(home, components.url, 0, dict(ACCOUNTS))
        world = PipelineWorld(cluster, namespace, images, url, folder, components, airflow, began)
        world.say("keys, policy and settings are made; Airflow starts")
        try:
            _start(world)
            world.say("Airflow is up")
            loading.result()
            world.say("the images are on the node")
            yield world
        finally:
            components.stop()


def _keys(minio: MinioServer, url: str, folder: Path) -> dict[str, Any]:
    """Set the store up and make each role's keys; the policy that trusts them."""
    simgate(minio.keys_folder, "store", "init", "--store", url)
    trusted: list[dict[str, str]] = []
    for role, name in ROLES.items():
        simgate(minio.keys_folder, "store", "key", role, "--keys", str(folder), "--store", url)
        if role in SIGNING:
            trusted += yaml.safe_load(simgate(folder / name, "keys", "new", role, "--out", str(folder / name)))
    policy: dict[str, Any] = yaml.safe_load((ROOT / "examples/demo/policy.yaml").read_text())
    # Two epochs on six frames meet no bound of a real model: the channel asks what the small recipes do.
    small = reference().model_dump(mode="json")
    policy["channels"]["demo"] |= {"reference": small, "signed": True, "allow_automatic": False}
    return policy | {"keys": trusted}


def _objects(cluster: Cluster, namespace: str, keys: Path) -> None:
    """Accounts without rights, and a Secret for each role that pods have: what the chart makes."""
    for account in ("simgate-stage", "simgate-gate"):
        cluster.core.create_namespaced_service_account(namespace, {"metadata": {"name": account}})
    for role in PODS:
        data = {path.name: path.read_text() for path in (keys / role).iterdir()}
        secret = {"metadata": {"name": f"simgate-keys-{role}"}, "stringData": data}
        cluster.core.create_namespaced_secret(namespace, secret)


def _pods(namespace: str, images: dict[str, Image]) -> dict[str, Any]:
    common = {"cpu": "100m", "memory": "3Gi", "scratch": "500Mi", "grace_s": 20, "deadline_s": 900}
    return {
        "version": 1, "namespace": namespace, "images": {name: image.reference for name, image in images.items()},
        # These pods share one network, and no DNS is in it: the first of a training is found on the loopback.
        "environment": {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo"},
        "stages": {"default": common, "train": {"nodes": 2}},
    }  # fmt: skip


def _furnished(cluster: Cluster, url: str, folder: Path) -> tuple[Path, dict[str, str]]:
    for role in AIRFLOWS:
        (folder / "airflow-keys").mkdir(exist_ok=True, mode=0o700)
        (folder / "airflow-keys" / role).symlink_to(folder / "keys" / role)
    given = {
        "SIMGATE_STORE": url, "SIMGATE_POLICY": str(folder / "policy.yaml"), "SIMGATE_POLL_S": "0.5",
        "SIMGATE_RECIPES": str(write_recipes(folder / "recipes", dataset_recipe(), release_recipe())),
        "SIMGATE_PLACE": "pod", "SIMGATE_PODS": str(folder / "pods.yaml"), "SIMGATE_MAX_BATCHES": "2",
        "SIMGATE_KEYS": str(folder / "airflow-keys"), "KUBECONFIG": str(cluster.kubeconfig),
        **{f"AIRFLOW__{name}": value for name, value in PATIENCE.items()},
    }  # fmt: skip
    home = folder / "home"
    _, variables = furnish(home, dags=ROOT / "dags", plugins=ROOT / "plugins", environment=given, port=0)
    return home, variables


def _start(world: PipelineWorld) -> None:
    components = world.components
    with (components.home / "migrate.log").open("wb") as log:
        migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(migrate, env=components.variables, check=True, timeout=START_S, stdout=log, stderr=log)
    components.start(*COMPONENTS)
    wait_for(lambda: _knows_dags(world), START_S, f"the DAGs; see {components.home}")
    assert world.user("admin").get("importErrors")["import_errors"] == []


def _knows_dags(world: PipelineWorld) -> bool:
    try:
        return all(world.user("admin").ask("GET", f"dags/{dag}").is_success for dag in DAGS)
    except (httpx.TransportError, ValueError, KeyError):
        return False
