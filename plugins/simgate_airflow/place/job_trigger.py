"""Job trigger: waits for a training's Job without a worker's slot, and passes the log of its first pod on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import cached_property
from typing import Any

from airflow.providers.cncf.kubernetes.hooks.kubernetes import AsyncKubernetesHook
from airflow.providers.cncf.kubernetes.utils.pod_manager import AsyncPodManager, detect_pod_terminate_early_issues
from airflow.triggers.base import BaseTrigger, TriggerEvent
from kubernetes_asyncio import client

from simgate_airflow.place.pod_shape import CONTAINER
from simgate_airflow.place.pod_trigger import LOST_AFTER_S, PATIENCE_S, is_final

LOG_EVERY_S = 10.0


class StageJobTrigger(BaseTrigger):
    """Fires when the Job completed or failed, when it is gone, or when its pods do not come up in time."""

    def __init__(
        self, *, name: str, namespace: str, poll_s: float, start_within_s: float, in_cluster: bool | None = None
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.name = name
        self.namespace = namespace
        self.poll_s = poll_s
        self.start_within_s = start_within_s
        self.in_cluster = in_cluster
        self._log_time: Any = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments; no credentials are among them."""
        names = ("name", "namespace", "poll_s", "start_within_s", "in_cluster")
        return (f"{type(self).__module__}.{type(self).__qualname__}", {name: getattr(self, name) for name in names})

    @cached_property
    def hook(self) -> AsyncKubernetesHook:
        """The way to the API server: the service account, or KUBECONFIG."""
        return AsyncKubernetesHook(conn_id=None, in_cluster=self.in_cluster)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until there is something to judge."""
        silent_since: float | None = None
        last_log = 0.0
        while True:
            try:
                status, message = await self._look()
                if status:
                    yield self._event(status, message)
                    return
                if time.monotonic() - last_log > LOG_EVERY_S:
                    last_log = time.monotonic()
                    await self._pass_log_on()
                silent_since = None
            except Exception as error:
                silent_since = silent_since or time.monotonic()
                if is_final(error) or time.monotonic() - silent_since > PATIENCE_S:
                    yield self._event("error", f"job {self.name}: {error!r}")
                    return
                self.log.warning("cannot ask for job %s, asking again: %r", self.name, error)
            await asyncio.sleep(self.poll_s)

    async def on_kill(self) -> None:
        """Delete the Job and its pods after somebody ended the deferred task."""
        async with self.hook.get_conn() as connection:
            body = client.V1DeleteOptions(propagation_policy="Background")
            await client.BatchV1Api(connection).delete_namespaced_job(self.name, self.namespace, body=body)

    async def _look(self) -> tuple[str, str]:
        """Read (success | failed | timeout, why), or two empty strings while it runs."""
        async with self.hook.get_conn() as connection:
            job = await client.BatchV1Api(connection).read_namespaced_job(self.name, self.namespace)
            pods = await self._pods(connection)
        return look(job, pods, self.start_within_s)

    async def _pods(self, connection: Any) -> list[Any]:
        selector = f"batch.kubernetes.io/job-name={self.name}"
        found = await client.CoreV1Api(connection).list_namespaced_pod(self.namespace, label_selector=selector)
        return list(found.items)

    async def _pass_log_on(self) -> None:
        async with self.hook.get_conn() as connection:
            pods = await self._pods(connection)
            if not pods:
                await self._say_why_not(connection)
        for pod in pods:
            if pod.status.phase == "Running" and pod.metadata.name.startswith(f"{self.name}-0-"):
                manager = AsyncPodManager(async_hook=self.hook)
                self._log_time = await manager.fetch_container_logs_before_current_sec(pod, CONTAINER, self._log_time)

    async def _say_why_not(self, connection: Any) -> None:
        selector = f"involvedObject.name={self.name},type=Warning"
        try:
            found = await client.CoreV1Api(connection).list_namespaced_event(self.namespace, field_selector=selector)
        except Exception as error:  # words for people; the account may not even be allowed to read them
            self.log.debug("no events of %s: %r", self.name, error)
            return
        for event in found.items[-1:]:
            self.log.warning("job %s has no pods yet: %s: %s", self.name, event.reason, event.message)

    def _event(self, status: str, message: str) -> TriggerEvent:
        told = {"name": self.name, "namespace": self.namespace, "status": status, "message": message}
        return TriggerEvent(told)


def end_of(job: Any) -> tuple[str, str]:
    """Read (success | failed, why) of an ended job, or two empty strings: a suspended one has conditions too."""
    for condition in job.status.conditions or ():
        if condition.status == "True" and condition.type in ("Complete", "Failed"):
            why = ": ".join(part for part in (condition.reason, condition.message) if part)
            return ("success" if condition.type == "Complete" else "failed", why or condition.type)
    return "", ""


def look(job: Any, pods: Sequence[Any], start_within_s: float) -> tuple[str, str]:
    """Read (success | failed | timeout, why), or two empty strings while it runs or may still begin."""
    status, message = end_of(job)
    if status:
        return status, message
    if stuck := next(filter(None, (detect_pod_terminate_early_issues(pod) for pod in pods)), ""):
        return "failed", stuck
    # A job that its queue holds back has not started, and has no pods; one beyond a quota has started, and has none.
    age_s = time.time() - (job.status.start_time or job.metadata.creation_timestamp).timestamp()
    waiting = [pod.metadata.name for pod in pods if pod.status.phase == "Pending"]
    if age_s > start_within_s and (waiting or not (pods or _had_pods(job.status))):
        missing = f"{', '.join(waiting)} did not start" if waiting else "no pod came up"
        return "timeout", f"{missing} within {start_within_s:.0f} s"
    lost = [pod for pod in pods if _overdue(pod)]
    return ("failed", f"pod {lost[0].metadata.name} lost its node") if lost else ("", "")


def _had_pods(status: Any) -> bool:
    """Return whether the job had pods: those that ended may be gone before the job reports its end."""
    ending = {condition.type for condition in status.conditions or ()} & {"FailureTarget", "SuccessCriteriaMet"}
    gone = status.uncounted_terminated_pods
    return bool(ending or status.failed or status.succeeded or (gone and (gone.failed or gone.succeeded)))


def _overdue(pod: Any) -> bool:
    due = pod.metadata.deletion_timestamp
    return due is not None and time.time() > due.timestamp() + LOST_AFTER_S
