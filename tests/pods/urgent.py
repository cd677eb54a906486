"""An urgent pod: one of higher priority, which fits in only where no probe runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.utils import parse_quantity

from tests.pods.deployment import Deployment

NAME = "urgent"
LESS_THAN_A_PROBE_M = 25
"""A probe asks for 50 thousandths of a processor."""


@contextlib.contextmanager
def urgent_pod(world: Deployment) -> Iterator[Callable[[], None]]:
    """What makes the pod, once; at the end it is gone."""
    core, scheduling = world.cluster.core, client.SchedulingV1Api(world.cluster.api)

    def make() -> None:
        limits = {"cpu": f"{_free_millicores(core) + LESS_THAN_A_PROBE_M}m"}
        sleeper = {
            "name": "main",
            "image": "busybox:1.35",
            "command": ["sleep", "600"],
            "resources": {"limits": limits},
        }
        spec = {"containers": [sleeper], "priorityClassName": NAME, "terminationGracePeriodSeconds": 1}
        core.create_namespaced_pod(world.namespace, {"metadata": {"name": NAME}, "spec": spec})

    scheduling.create_priority_class({"metadata": {"name": NAME}, "value": 1000})
    try:
        yield make
    finally:
        with contextlib.suppress(ApiException):
            core.delete_namespaced_pod(NAME, world.namespace, grace_period_seconds=0)
        scheduling.delete_priority_class(NAME)


def _free_millicores(core: client.CoreV1Api) -> int:
    (node,) = core.list_node().items
    asked = [
        parse_quantity((container.resources.requests or {}).get("cpu", "0"))
        for pod in core.list_pod_for_all_namespaces().items
        for container in pod.spec.containers
        if pod.status.phase in ("Pending", "Running")
    ]
    return int(1000 * (parse_quantity(node.status.allocatable["cpu"]) - sum(asked)))
