"""Pod trigger: waits for a pod without a worker's slot; outlives an API server's restart, gives a lost node up."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.cncf.kubernetes.triggers.pod import ContainerState, KubernetesPodTrigger
from kubernetes.client import V1Pod

PATIENCE_S = 600.0
"""So long the API server may be away before the watch is given up; the pod itself runs on."""
LOST_AFTER_S = 30.0
"""A pod that is there so long after its deletion was due has no kubelet any more that could end it."""
_FINAL = (401, 403, 404)


class StagePodTrigger(KubernetesPodTrigger):
    """The provider's trigger, more patient with the API server and less with a node that is gone."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments; no credentials are among them."""
        return (f"{type(self).__module__}.{type(self).__qualname__}", super().serialize()[1])

    def define_pod_container_state(self, pod: V1Pod) -> ContainerState:
        """Return FAILED for a pod on a lost node, else the provider's answer."""
        return ContainerState.FAILED if is_lost(pod) else super().define_pod_container_state(pod)

    async def _get_pod(self) -> V1Pod:  # type: ignore[override]
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await self.hook.get_pod(name=self.pod_name, namespace=self.pod_namespace)
            except Exception as error:
                if is_final(error) or time.monotonic() > deadline:
                    raise
                self.log.warning("cannot ask for pod %s, asking again: %r", self.pod_name, error)
                await asyncio.sleep(self.poll_interval)


def is_final(error: Exception) -> bool:
    """Return whether asking again is useless: the object is gone, or this account may not see it."""
    return getattr(error, "status", None) in _FINAL


def is_lost(pod: V1Pod) -> bool:
    """Return whether a pod that was deleted a while ago is still listed: its node is gone and cannot end it."""
    due = pod.metadata.deletion_timestamp
    return due is not None and datetime.now(UTC) > due + timedelta(seconds=LOST_AFTER_S)
