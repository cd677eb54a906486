"""The cluster of the tests itself: it runs a hardened pod, and leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

from kubernetes import client

from tests.servers.kubernetes import holder, host
from tests.servers.kubernetes.cluster import Cluster, up
from tests.servers.kubernetes.fixture import require_cluster

SCRIPT = "id -u; touch /anything 2>&1; echo kept > /tmp/file; cat /tmp/file"
POD = {
    "metadata": {"name": "hardened"},
    "spec": {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Mi"}}],
        "containers": [
            {
                "name": "main",
                "image": "busybox:1.35",
                "command": ["sh", "-c", SCRIPT],
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                "securityContext": {
                    "readOnlyRootFilesystem": True,
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    },
}


def test_a_cluster_runs_a_hardened_pod_and_leaves_no_process_mount_cgroup_or_sysctl_behind() -> None:
    require_cluster()
    mounts, sysctls, others = _mounts(), _sysctls(), list(holder.known())
    cluster = up(f"trace-{os.getpid()}", owned=True)
    try:
        said = _run(cluster)
        assert _processes(cluster)
        assert host.cgroups(cluster.places.cgroup)
    finally:
        cluster.down()
    assert said.splitlines() == ["10001", "touch: /anything: Read-only file system", "kept"]
    assert _processes(cluster) == []
    assert host.cgroups(cluster.places.cgroup) == []
    assert not cluster.places.state.exists()
    assert _mounts() == mounts
    # Sysctls belong to the whole machine: with other clusters about, the last of them puts them back.
    assert others or _sysctls() == sysctls


def _run(cluster: Cluster) -> str:
    with cluster.namespace("trace") as namespace:
        cluster.core.create_namespaced_pod(namespace, POD)

        def pod() -> client.V1Pod:
            return cluster.core.read_namespaced_pod("hardened", namespace)

        holder.wait_for(lambda: pod().status.phase in ("Succeeded", "Failed"), 60, "the pod to end")
        assert pod().spec.host_network
        answer = cluster.core.read_namespaced_pod_log("hardened", namespace, _preload_content=False)
        return str(answer.data, "utf-8")


def _processes(cluster: Cluster) -> list[str]:
    """Command lines of everything that names the cluster's folder or lives in its cgroup."""
    state, cgroup = str(cluster.places.state).encode(), f"/{cluster.places.cgroup}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            if state in command or cgroup in (folder / "cgroup").read_bytes():
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return found


def _mounts() -> list[str]:
    return sorted(line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())


def _sysctls() -> dict[str, str]:
    return {name: (Path("/proc/sys") / name).read_text() for name in host.SYSCTLS}
