"""Cluster: one node of a real Kubernetes, started in seconds, ended without a trace."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from tests.servers.cache import locked, say
from tests.servers.kubernetes import holder
from tests.servers.kubernetes.admission import force_host_network
from tests.servers.kubernetes.debian import debian_root
from tests.servers.kubernetes.hyperkube import hyperkube
from tests.servers.kubernetes.places import Places, home
from tests.servers.oci import Image, write_archive

READY_WITHIN_S = 120.0
IMPORT_TIMEOUT_S = 900.0


def prepare() -> None:
    """Build and fetch what a cluster is made of; instant once it is in the cache."""
    debian_root()
    hyperkube()


@dataclass
class Cluster:
    """A running cluster."""

    places: Places
    held: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    """The process that holds its namespaces, for whoever started it."""
    api: client.ApiClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.api = config.new_client_from_config(str(self.kubeconfig))

    @property
    def name(self) -> str:
        """Its name on this machine."""
        return self.places.name

    @property
    def kubeconfig(self) -> Path:
        """Of a cluster administrator; gone with the cluster."""
        return self.places.kubeconfig

    @property
    def api_ip(self) -> str:
        """Where the API server listens, at 443."""
        return self.places.api_ip

    @property
    def node(self) -> str:
        """Name and address of the one node."""
        return self.places.node_ip

    @property
    def logs(self) -> Path:
        """What the components print."""
        return self.places.state / "log"

    @property
    def core(self) -> client.CoreV1Api:
        """Pods, secrets, namespaces."""
        return client.CoreV1Api(self.api)

    @contextmanager
    def namespace(self, prefix: str) -> Iterator[str]:
        """A namespace of one's own, ready for pods; at the end its pods are killed and it is deleted."""
        made = self.core.create_namespace({"metadata": {"generateName": f"{prefix}-"}}).metadata.name
        try:
            holder.wait_for(
                lambda: bool(self.core.list_namespaced_service_account(made).items), 30, f"{made}'s account"
            )
            yield made
        finally:
            self.core.delete_collection_namespaced_pod(made, grace_period_seconds=0)
            self.core.delete_namespace(made)

    def load(self, images: Sequence[Image]) -> None:
        """Make images known to the node, where they are not yet; their bytes are streamed, no archive is written."""
        if not (images := [image for image in images if not self.holds(image)]):
            return
        command = [*self._ctr(), "images", "import", "--snapshotter", "overlayfs", "-"]
        with (self.logs / "load.log").open("ab") as log:
            reader = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
            assert reader.stdin
            try:
                with reader.stdin:
                    write_archive(images, reader.stdin)
            finally:
                code = reader.wait(IMPORT_TIMEOUT_S)
        if code != 0:
            tail = (self.logs / "load.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"the node did not take {[image.reference for image in images]}: {tail}")

    def holds(self, image: Image) -> bool:
        """Whether the node knows an image."""
        listed = subprocess.run([*self._ctr(), "images", "ls", "-q"], capture_output=True, text=True, timeout=60)
        return image.reference in listed.stdout.splitlines()

    def process(self, component: str) -> int:
        """The pid of `kubelet`, `kube-scheduler`, `etcd`, …: to be stopped or killed by a test of faults."""
        for pid in holder.children(holder.inside(self.places)):
            if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode() == component:
                return pid
        raise LookupError(f"{component} does not run in cluster {self.name}; see {self.logs}")

    def keep_logs(self, target: Path) -> Path:
        """Copy what the components printed; where it is now."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.logs, target)
        return target

    def down(self) -> None:
        """End everything that belongs to it and undo what it changed on the machine."""
        self.api.close()
        with _one_at_a_time():
            holder.end(self.places)
        if self.held is not None:
            self.held.wait(holder.GONE_WITHIN_S)
            if self.held.stdin:
                self.held.stdin.close()

    def _ctr(self) -> list[str]:
        # The socket lies in the cluster's private /run, which /proc shows.
        socket = f"/proc/{holder.inside(self.places)}/root/run/containerd/containerd.sock"
        return [f"{self.places.debian}/usr/bin/ctr", "-a", socket, "-n", "k8s.io"]


def up(name: str, *, owned: bool = False) -> Cluster:
    """Start a cluster and wait until it takes pods; an `owned` one ends when this process does, however it ends."""
    prepare()
    with _one_at_a_time():
        _sweep()
        places = holder.places_of(name)
        if holder.alive(places):
            raise RuntimeError(f"cluster {name} runs already; python -m tests.servers.kubernetes down --name {name}")
        held = holder.start(places, owned=owned)
    cluster = Cluster(places, held)
    try:
        _wait_ready(cluster)
        force_host_network(cluster.api)
    except BaseException:
        say(f"cluster {name} did not start; its logs are in {cluster.keep_logs(home() / 'failed' / name)}")
        cluster.down()
        raise
    return cluster


def find(name: str) -> Cluster | None:
    """The running cluster of that name."""
    for places in holder.known():
        if places.name == name and holder.alive(places):
            return Cluster(places)
    return None


def sweep() -> None:
    """Clean up after clusters whose processes are gone."""
    with _one_at_a_time():
        _sweep()


def _sweep() -> None:
    for places in list(holder.known()):
        if not holder.alive(places):
            holder.end(places)


def _one_at_a_time() -> AbstractContextManager[None]:
    return locked(home() / "clusters.lock", what="the list of clusters")


def _wait_ready(cluster: Cluster) -> None:
    def ready() -> bool:
        if not holder.alive(cluster.places):
            tail = (cluster.logs / "inside.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"cluster {cluster.name} ended while it started: {tail}")
        try:
            conditions = cluster.core.read_node(cluster.node).status.conditions or []
            accounts = cluster.core.list_namespaced_service_account("default").items
        except (ApiException, HTTPError):
            return False
        return bool(accounts) and any(item.type == "Ready" and item.status == "True" for item in conditions)

    holder.wait_for(ready, READY_WITHIN_S, f"cluster {cluster.name} to be ready; see {cluster.logs}")
