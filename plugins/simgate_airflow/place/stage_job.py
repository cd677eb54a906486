"""StageJob: a training over several pods, as an indexed Job; the store says what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator
from airflow.sdk.exceptions import AirflowException
from kubernetes.client import V1Job, V1Pod
from kubernetes.client.exceptions import ApiException

from simgate.rows.stages import Subject
from simgate_airflow.place.job_trigger import StageJobTrigger, end_of
from simgate_airflow.place.pod_end import PodEnd, job_end
from simgate_airflow.place.pod_place import POLL_S, PodPlace
from simgate_airflow.place.pod_settings import pods_settings
from simgate_airflow.place.pod_shape import job_shape, own_labels
from simgate_airflow.place.stage_mixin import StageMixin

if TYPE_CHECKING:
    from airflow.sdk import Context


class StageJobPlace(PodPlace, KubernetesJobOperator):
    """Makes the Job that `job_shape` describes, or finds its own, defers until it ended, and removes it."""

    def execute(self, context: Context) -> Any:
        """Make a job, or find the one that this task made before it lost its worker, and defer."""
        self.take_settings()
        try:
            self.job = self._find(context) or self._create(context)
        except ApiException as error:
            self.ended = self.refused(error)
            raise AirflowException(self.ended) from error
        self.defer(trigger=self._trigger(self.job), method_name="trigger_reentry")

    def trigger_reentry(self, context: Context, event: dict[str, Any]) -> Any:  # noqa: ARG002
        """Take the rest of the pods' logs and how they ended, and remove the job."""
        self.take_settings()
        name, namespace = event["name"], event["namespace"]
        try:
            pods = self._pods_of(name, namespace)
            for pod in pods:
                self._last_words(pod)
            self.note(self._end(name, str(event["message"]), pods))
        finally:
            self._delete(name, namespace)
        if event["status"] != "success":
            raise AirflowException(str(event["message"]))

    def on_kill(self) -> None:
        """Remove the job and, with it, its pods; they have their grace to save a checkpoint."""
        if self.job is not None:
            self._delete(self.job.metadata.name, self.job.metadata.namespace)

    def _create(self, context: Context) -> V1Job:
        shape = job_shape(pods_settings(), self.order(context))
        job: V1Job = self.job_client.create_namespaced_job(pods_settings().namespace, shape)
        return job

    def _find(self, context: Context) -> V1Job | None:
        """Find this task's own Job that still runs."""
        labels = own_labels(self.order(context)) | self._get_ti_pod_labels(context, include_try_number=False)
        selector = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
        jobs = self.job_client.list_namespaced_job(pods_settings().namespace, label_selector=selector).items
        running = [job for job in jobs if job.metadata.deletion_timestamp is None and not end_of(job)[0]]
        return max(running, key=lambda job: job.metadata.creation_timestamp, default=None)

    def _trigger(self, job: V1Job) -> StageJobTrigger:
        return StageJobTrigger(
            name=job.metadata.name, namespace=job.metadata.namespace, in_cluster=self.hook.is_in_cluster or None,
            poll_s=POLL_S, start_within_s=self.startup_timeout_seconds + self.schedule_timeout_seconds,
        )  # fmt: skip

    def _pods_of(self, name: str, namespace: str) -> list[V1Pod]:
        selector = f"batch.kubernetes.io/job-name={name}"
        pods = self.client.list_namespaced_pod(namespace, label_selector=selector).items
        return sorted(pods, key=lambda pod: pod.metadata.name)

    def _last_words(self, pod: V1Pod) -> None:
        self.log.info("the log of pod %s:", pod.metadata.name)
        try:
            self._write_logs(pod)
        except Exception as error:  # the log may be gone with its node
            self.log.warning("no log of %s: %s", pod.metadata.name, error)

    def _end(self, name: str, why: str, pods: Sequence[V1Pod]) -> PodEnd:
        ends = [self.end_of(pod) for pod in pods]
        if not ends or why.startswith("DeadlineExceeded"):
            return job_end(name, why, self.stage, pods_settings().of(self.stage), self.warnings_of(name))
        failed = [end for end in ends if end.exit_code != 0]
        # What another machine's loss does to a rank is no cause: a code of its own, or a kill, comes first.
        return min(failed, key=lambda end: end.exit_code == 1, default=ends[0])

    def _delete(self, name: str, namespace: str) -> None:
        try:
            self.job_client.delete_namespaced_job(name, namespace, propagation_policy="Background")
        except ApiException as error:
            if error.status != 404:
                self.log.warning("job %s was not deleted, the reaper will: %s", name, error.reason)


class StageJob(StageMixin, StageJobPlace):
    """Train, over the pods of one Job."""

    def __init__(
        self, *, stage: str, subject: Subject | None = None, batch: Sequence[dict[str, Any]] | None = None,
        informs: bool = False, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.subject = subject
        self.stage = stage
        self.batch = batch
        self.informs = informs
