"""Pod place: what a pod and a job of pods have in common: what they are asked for, their settings, logs and ends."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from kubernetes.client import ApiClient, V1Pod
from kubernetes.client.exceptions import ApiException

from simgate.core.runtime.job_list import write_job_list
from simgate_airflow.place.pod_end import PodEnd, pod_end, quota_remedy
from simgate_airflow.place.pod_settings import pods_settings
from simgate_airflow.place.pod_shape import CONTAINER, MOST_JOBS, Order, job_arguments
from simgate_airflow.place.pod_task import annotations_of
from simgate_airflow.place.stage_local import readable_line
from simgate_airflow.run.run_record import domain_of, folder_of
from simgate_airflow.settings import settings
from simgate_airflow.stores import open_store

if TYPE_CHECKING:
    from airflow.sdk import Context

POLL_S = 2.0
LOG_EVERY_S = 5
"""While a pod runs, its log comes into Airflow's at least that often."""


class PodPlace(KubernetesPodOperator):
    """Takes a stage's jobs and knows how to ask for a pod; a subclass makes it and waits for its end."""

    stage: str
    job_uris: tuple[str, ...] = ()
    image_name: str = ""
    exit_code: int | None = None
    ended: str = ""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            # No connection: in the cluster the service account, elsewhere what KUBECONFIG names.
            kubernetes_conn_id=None, deferrable=True, poll_interval=POLL_S, logging_interval=LOG_EVERY_S,
            do_xcom_push=False, base_container_name=CONTAINER, log_pod_spec_on_failure=False,
            on_finish_action="delete_pod", on_kill_action="delete_pod", **kwargs,
        )  # fmt: skip

    def order(self, context: Context) -> Order:
        """Build the order of this task: stage, jobs, labels, image."""
        domain, folder = domain_of(context), folder_of(context)
        keys = self.job_uris
        listed = write_job_list(open_store("planner", domain), folder, keys) if len(keys) > MOST_JOBS else ""
        return Order(
            self.stage, domain, folder, settings().store_url, job_arguments(keys, listed), secrets.token_hex(4),
            labels=self._get_ti_pod_labels(context), annotations=annotations_of(context), image=self.image_name,
        )  # fmt: skip

    def take_settings(self) -> None:
        """Set the stage's patience and grace, anew in each process, for they may have changed since a deferral."""
        mine = pods_settings().of(self.stage)
        self.startup_timeout_seconds = mine.start_timeout_s
        self.schedule_timeout_seconds = mine.queue_timeout_s
        self.termination_grace_period = mine.grace_s

    def note(self, end: PodEnd) -> None:
        """Remember how it ended, for the error that a person reads."""
        self.exit_code, self.ended = end.exit_code, end.sentence
        self.log.info("%s", end.sentence)

    def end_of(self, pod: V1Pod) -> PodEnd:
        """Read how a pod ended from its status and events."""
        shape = ApiClient().sanitize_for_serialization(pod)
        return pod_end(shape, self.stage, pods_settings().of(self.stage), self.warnings_of(pod.metadata.name))

    def warnings_of(self, name: str) -> list[str]:
        """Return messages of a pod's or job's warnings, oldest first; empty where they cannot be read."""
        selector = f"involvedObject.name={name},type=Warning"
        try:
            events = self.client.list_namespaced_event(pods_settings().namespace, field_selector=selector).items
        except Exception as error:  # they are words for people; the account may not even be allowed to read them
            self.log.debug("no events of %s: %s", name, error)
            return []
        return [f"{event.reason}: {event.message}" for event in events]

    def refused(self, error: ApiException) -> str:
        """Say why Kubernetes refused the pod, with the remedy for an exceeded quota."""
        body = str(error.body or error.reason or "")
        remedy = quota_remedy(body, self.stage)
        return f"Kubernetes refused the pod of {self.stage} ({error.status}): {body[:400]}{remedy}"

    def _write_logs(self, pod: V1Pod, follow: bool = False, since_time: Any = None) -> None:  # type: ignore[override] # noqa: ARG002
        answer = self.client.read_namespaced_pod_log(
            name=pod.metadata.name, namespace=pod.metadata.namespace, container=CONTAINER,
            _preload_content=False, **_since(since_time),
        )  # fmt: skip
        for line in answer:
            self.log.info("%s", readable_line(line.decode(errors="replace")))


def _since(moment: Any) -> dict[str, int]:
    if moment is None:
        return {}
    found = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return {"since_seconds": max(1, int((datetime.now(UTC) - found).total_seconds()) + 1)}
