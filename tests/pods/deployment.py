"""A deployment for tests of pods: Airflow in several processes, a real Kubernetes, MinIO, and the probe's image."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from simgate.core.storage.credentials import STORE_KEYS_NAME
from simgate.core.storage.store import Store
from simgate_airflow.local.standalone import ACCOUNTS, LocalAirflow, furnish
from tests.e2e.airflow_client import Run, User, wait_for
from tests.e2e.components import PATIENCE, Components
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.minio import MinioServer, write_keys
from tests.servers.oci import Image

ROOT = Path(__file__).parents[2]
ROLES = ("planner-main", "gate-main", "stage-main", "reader")
COMPONENTS = ("api-server", "scheduler-1", "dag-processor", "triggerer-1")
SELECTOR = "app.kubernetes.io/managed-by=simgate"
START_S = 240.0


@dataclass
class Deployment:
    """Everything that a test of pods needs."""

    cluster: Cluster
    namespace: str
    image: Image
    store: Store
    folder: Path
    components: Components = field(repr=False)
    airflow: LocalAirflow
    stage: dict[str, Any] = field(default_factory=dict)

    @property
    def admin(self) -> User:
        """Somebody who may do everything."""
        return User(self.airflow, "admin")

    def run(self, *specs: Mapping[str, Any], dag: str = "pods") -> Run:
        """Start a run of probes."""
        return self.admin.trigger(dag, specs=[{"seed": 0, "files": 2, "size_bytes": 10, **spec} for spec in specs])

    def configure(self, *, image: str = "", **stage: Any) -> None:
        """Write the pod settings; what runs next reads them."""
        common = {"cpu": "50m", "memory": "256Mi", "scratch": "50Mi", "grace_s": 5, "deadline_s": 300, **self.stage}
        value = {
            "version": 1,
            "namespace": self.namespace,
            "images": {"light": image or self.image.reference},
            "stages": {"default": common | stage},
        }
        path = self.folder / "pods.yaml"
        path.with_suffix(".part").write_text(yaml.safe_dump(value))
        path.with_suffix(".part").replace(path)

    def pods(self) -> list[client.V1Pod]:
        """Every pod of simgate that is there."""
        found: list[client.V1Pod] = self.cluster.core.list_namespaced_pod(self.namespace, label_selector=SELECTOR).items
        return found

    def pod(self, condition: Callable[[client.V1Pod], bool] = lambda _pod: True, within_s: float = 90) -> client.V1Pod:
        """Wait for a pod."""
        found: list[client.V1Pod] = []

        def there() -> bool:
            found[:] = [pod for pod in self.pods() if condition(pod)]
            return bool(found)

        wait_for(there, within_s, f"a pod; there are {[(p.metadata.name, p.status.phase) for p in self.pods()]}")
        return found[0]

    def running_pod(self) -> client.V1Pod:
        """Wait for a pod whose stage has begun to work."""
        pod = self.pod(lambda pod: pod.status.phase == "Running" and pod.metadata.deletion_timestamp is None)
        wait_for(lambda: '"files"' in self.said(pod), 60, f"{pod.metadata.name} to work")
        return pod

    def said(self, pod: client.V1Pod) -> str:
        """A pod's log."""
        try:
            return str(self.cluster.core.read_namespaced_pod_log(pod.metadata.name, self.namespace))
        except ApiException:
            return ""

    def no_pods(self, within_s: float = 60) -> None:
        """Wait until no pod is left."""
        wait_for(lambda: not self.pods(), within_s, "no pod to be left")

    def pod_of(self, name: str, task: Mapping[str, str], *, managed_by: str = "simgate") -> client.V1Pod:
        """A pod that somebody made for a task, and that sleeps."""
        labels = {"app.kubernetes.io/managed-by": managed_by}
        annotations = {f"simgate.dev/airflow-{key}": value for key, value in task.items()}
        sleeper = {"name": "main", "image": "busybox:1.35", "command": ["sleep", "600"]}
        body = {
            "metadata": {"name": name, "labels": labels, "annotations": annotations},
            "spec": {"restartPolicy": "Never", "terminationGracePeriodSeconds": 1, "containers": [sleeper]},
        }
        return self.cluster.core.create_namespaced_pod(self.namespace, body)

    def remove(self, pods: Iterable[client.V1Pod]) -> None:
        """Kill pods that a test made; those that are gone are gone."""
        for pod in pods:
            with contextlib.suppress(ApiException):
                self.cluster.core.delete_namespaced_pod(pod.metadata.name, self.namespace, grace_period_seconds=0)

    def started(self) -> int:
        """How many attempts lie in the store."""
        return len([key for key in self.store.keys("runs/main/probe") if key.endswith("/started.json")])

    def reap(self, *words: str) -> list[dict[str, str]]:
        """Run the reaper once; what it says."""
        command = [sys.executable, "-m", "simgate_airflow.place.reaper", *words]
        done = subprocess.run(
            command, env=self.components.variables, capture_output=True, text=True, timeout=120, cwd=self.folder
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@contextlib.contextmanager
def deployment(cluster: Cluster, minio: MinioServer, image: Image, folder: Path) -> Iterator[Deployment]:
    """Deploy; at the end nothing is left."""
    cluster.load([image])
    (folder / "dags").mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "dags" / "pods.py", folder / "dags")
    for role in ROLES:
        write_keys(minio.keys, folder / "keys" / role)
    store = minio.store(f"pods-{folder.name}")
    with cluster.namespace("simgate") as namespace:
        _prepare(cluster, namespace, folder)
        given = {
            "SIMGATE_STORE": store.url, "SIMGATE_PLACE": "pod", "SIMGATE_KEYS": str(folder / "keys"),
            "SIMGATE_PODS": str(folder / "pods.yaml"), "KUBECONFIG": str(cluster.kubeconfig),
            **{f"AIRFLOW__{name}": value for name, value in PATIENCE.items()},
        }  # fmt: skip
        url, variables = furnish(
            folder / "home", dags=folder / "dags", plugins=ROOT / "plugins", environment=given, port=0
        )
        components = Components(folder / "home", url, variables)
        airflow = LocalAirflow(components.home, url, 0, dict(ACCOUNTS))
        found = Deployment(cluster, namespace, image, store, folder, components, airflow)
        found.configure()
        try:
            _start(found)
            yield found
        finally:
            components.stop()


def _prepare(cluster: Cluster, namespace: str, folder: Path) -> None:
    for account in ("simgate-stage", "simgate-gate"):
        cluster.core.create_namespaced_service_account(namespace, {"metadata": {"name": account}})
    for role in ("stage-main", "gate-main"):
        data = {STORE_KEYS_NAME: (folder / "keys" / role / STORE_KEYS_NAME).read_text()}
        secret = {"metadata": {"name": f"simgate-keys-{role}"}, "stringData": data}
        cluster.core.create_namespaced_secret(namespace, secret)


def _start(found: Deployment) -> None:
    components = found.components
    with (components.home / "migrate.log").open("wb") as log:
        migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(migrate, env=components.variables, check=True, timeout=START_S, stdout=log, stderr=log)
    components.start(*COMPONENTS)
    wait_for(lambda: _knows_dags(found), START_S, f"the DAGs; see {components.home}")
    assert found.admin.get("importErrors")["import_errors"] == []


def _knows_dags(found: Deployment) -> bool:
    try:
        return all(found.admin.ask("GET", f"dags/{dag}").is_success for dag in ("pods", "mapped_pods"))
    except (httpx.TransportError, ValueError, KeyError):
        return False
