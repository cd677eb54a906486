"""StagePod: a stage as a pod; the store says what came of it, whatever happens to the pod, its log and its watcher."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from airflow.sdk.exceptions import AirflowException
from kubernetes.client import V1Pod
from kubernetes.client.exceptions import ApiException

from simgate.rows.stages import Subject
from simgate_airflow.place.pod_end import pod_gone
from simgate_airflow.place.pod_place import PodPlace
from simgate_airflow.place.pod_settings import pods_settings
from simgate_airflow.place.pod_shape import own_labels, pod_shape
from simgate_airflow.place.pod_trigger import StagePodTrigger, is_lost
from simgate_airflow.place.stage_mixin import StageMixin

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context


class StagePodPlace(PodPlace):
    """Makes the pod that `pod_shape` describes, defers until it ended, and says in words how it did."""

    def execute(self, context: Context) -> Any:
        """Make a pod, or find the one that this task made before it lost its worker, and defer."""
        self.take_settings()
        try:
            return super().execute(context)
        except ApiException as error:
            self.ended = self.refused(error)
            raise AirflowException(self.ended) from error

    def trigger_reentry(self, context: Context, event: dict[str, Any]) -> Any:
        """Take the pod's end, its log's rest, and remove it."""
        self.take_settings()
        try:
            return super().trigger_reentry(context, event)
        finally:
            if self.pod is None and not self.ended:
                self.note(pod_gone(event["name"], self.warnings_of(event["name"])))

    def build_pod_request_obj(self, context: Context | None = None, *, dry_run: bool = False) -> V1Pod:  # noqa: ARG002
        """Build the pod from `pod_shape` alone, without the provider's defaults."""
        if context is None:
            raise AirflowException("a stage's pod is made for a task")
        order = self.order(context)
        self.labels = own_labels(order)
        return PodGenerator.deserialize_model_dict(pod_shape(pods_settings(), order))

    def find_pod(self, namespace: str, context: Context, *, exclude_checked: bool = True) -> V1Pod | None:
        """Return the newest pod of this task that is not being deleted; one that is has nothing left to wait for."""
        selector = self._build_find_pod_label_selector(context, exclude_checked=exclude_checked)
        pods = self.client.list_namespaced_pod(namespace=namespace, label_selector=selector).items
        alive = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
        return max(alive, key=lambda pod: pod.metadata.creation_timestamp, default=None)

    def _get_pod_from_task_state_store(self, context: Context) -> V1Pod | None:
        pod = super()._get_pod_from_task_state_store(context)
        return (
            pod if pod is not None and pod.metadata.deletion_timestamp is None and self._is_mine(pod, context) else None
        )

    def _is_mine(self, pod: V1Pod, context: Context) -> bool:
        # Whoever may write a task's state store may name any pod there: another task's would be watched, and deleted.
        wanted = self._get_ti_pod_labels(context, include_try_number=False)
        found = pod.metadata.labels or {}
        same = all(found.get(name) == value for name, value in wanted.items())
        return same and pod.metadata.namespace == pods_settings().namespace

    def invoke_defer_method(self, last_log_time: Any = None, context: Context | None = None) -> None:  # noqa: ARG002
        """Wait in the triggerer, which finds its own way to the API server: credentials stay out of the database."""
        pod: Any = self.pod
        trigger = StagePodTrigger(
            pod_name=pod.metadata.name, pod_namespace=pod.metadata.namespace,
            trigger_start_time=datetime.now(UTC), base_container_name=self.base_container_name,
            in_cluster=self.hook.is_in_cluster or None, poll_interval=self.poll_interval, get_logs=True,
            startup_timeout=self.startup_timeout_seconds, schedule_timeout=self.schedule_timeout_seconds,
            termination_grace_period=self.termination_grace_period, last_log_time=last_log_time,
            logging_interval=self.logging_interval, trigger_kwargs=dict(self.trigger_kwargs or {}),
        )  # fmt: skip
        self.defer(trigger=trigger, method_name="trigger_reentry")

    def cleanup(self, pod: V1Pod, remote_pod: V1Pod, xcom_result: Any = None, context: Context | None = None) -> None:
        """Note how the pod ended before it is deleted."""
        if remote_pod is not None:
            self.note(self.end_of(remote_pod))
        super().cleanup(pod, remote_pod, xcom_result, context)

    def _clean(self, event: dict[str, Any], result: Any, context: Context) -> None:
        # Nobody ends a pod of a lost node: waiting for that would take for ever.
        lost = self.pod is not None and is_lost(self.pod)
        super()._clean({**event, "status": "timeout"} if lost else event, result, context)


class StagePod(StageMixin, StagePodPlace):
    """Runs one stage, or one batch of it, in one pod."""

    def __init__(
        self, *, stage: str, subject: Subject | None = None, batch: Sequence[dict[str, Any]] | None = None,
        informs: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.subject = subject
        self.stage = stage
        self.batch = batch
        self.informs = informs


def stage_class(stage: str) -> type[BaseOperator]:
    """Choose the operator of this place: a Job of several pods where the settings spread the stage, else a pod."""
    if stage and pods_settings().of(stage).nodes > 1:
        from simgate_airflow.place.stage_job import StageJob  # only where a Job is wanted

        return StageJob
    return StagePod
