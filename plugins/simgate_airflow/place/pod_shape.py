"""Pod shape: what a stage's pod is asked to be; a pure function of settings, stage, domain and job keys."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simgate.core.errors import InputError
from simgate.core.storage.credentials import ROLE_KEYS
from simgate.rows.roles import role_name, role_of_stage
from simgate_airflow.place.pod_settings import PodsSettings, StagePods

Shape = dict[str, Any]
"""An object of Kubernetes as its API spells it."""

CONTAINER = "stage"
MANAGED_BY = {"app.kubernetes.io/managed-by": "simgate"}
KEYS_PATH = "/run/simgate/keys"
USER_ID = 10001
MOST_JOBS = 4
"""So many jobs are named in the arguments; more are handed over as a list in the store, so that no pod grows."""
TRAINING_PORT = 29400
TRAINING_SERVICE = "simgate-train"
"""The headless service under which the pods of one training find each other."""
_NAME_CHARACTERS = 50


@dataclass(frozen=True, slots=True)
class Order:
    """The jobs that a pod runs, and the run that it runs them for."""

    stage: str
    domain: str
    folder: str
    """The run's folder in the store."""
    store_url: str
    jobs: tuple[str, ...]
    """Arguments that name the jobs: `--job KEY …` or `--jobs KEY`."""
    suffix: str
    """Makes the name one of a kind: lower-case letters and digits."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the task in Airflow, by which its pod is found again."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    """Name of the image that the jobs need; empty for the stage's own."""

    @property
    def name(self) -> str:
        """Name of the pod, or of the job."""
        return f"simgate-{self.stage}-{self.domain}"[:_NAME_CHARACTERS].rstrip("-") + f"-{self.suffix}"


def job_arguments(keys: Sequence[str], list_key: str) -> tuple[str, ...]:
    """Return the stage's arguments: `--job` for each of a few jobs, one `--jobs` list for many."""
    return ("--jobs", list_key) if len(keys) > MOST_JOBS else tuple(word for key in keys for word in ("--job", key))


def own_labels(order: Order) -> dict[str, str]:
    """Return labels by which people and policies know the pod."""
    return {
        **MANAGED_BY,
        "simgate.dev/stage": order.stage,
        "simgate.dev/domain": order.domain,
        "simgate.dev/role": role_of_stage(order.stage),
        "simgate.dev/run": hashlib.sha256(order.folder.encode()).hexdigest()[:12],
    }


def pod_shape(pods: PodsSettings, order: Order) -> Shape:
    """Return the pod of one stage, or of one batch of it."""
    queue = pods.of(order.stage).queue
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        # Kueue's own webhook gates the pod by this label until its queue has room.
        "metadata": _metadata(pods, order, {"kueue.x-k8s.io/queue-name": queue} if queue else {}),
        "spec": pod_spec(pods, order),
    }


def job_shape(pods: PodsSettings, order: Order) -> Shape:
    """Return the indexed Job of a training that is spread over several pods."""
    mine = pods.of(order.stage)
    labels = own_labels(order) | dict(order.labels)
    nodes = {
        # Index 0 of an indexed Job has this host name; the headless service makes it an address.
        "MASTER_ADDR": f"{order.name}-0.{TRAINING_SERVICE}",
        "MASTER_PORT": str(TRAINING_PORT),
        "SIMGATE_NODES": str(mine.nodes),
    }
    spec = pod_spec(pods, order, nodes) | {"subdomain": TRAINING_SERVICE}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        # The queue is named here alone: Kueue then suspends the whole Job, and all its pods start together.
        "metadata": _metadata(pods, order, {"kueue.x-k8s.io/queue-name": mine.queue} if mine.queue else {}),
        "spec": {
            "completionMode": "Indexed",
            "completions": mine.nodes,
            "parallelism": mine.nodes,
            # A rank cannot rejoin: one lost pod ends the try, and the next one resumes from the checkpoint.
            "backoffLimit": 0,
            "activeDeadlineSeconds": mine.deadline_s,
            "template": {"metadata": {"labels": labels, "annotations": dict(order.annotations)}, "spec": spec},
        },
    }


def pod_spec(pods: PodsSettings, order: Order, variables: Mapping[str, str] | None = None) -> Shape:
    """Build the pod's spec: one container without privileges, on the nodes that the settings name."""
    mine = pods.of(order.stage)
    spec: Shape = {
        "restartPolicy": "Never",
        "serviceAccountName": f"simgate-{role_of_stage(order.stage)}",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": mine.grace_s,
        "securityContext": {
            "runAsNonRoot": True, "runAsUser": USER_ID, "runAsGroup": USER_ID, "fsGroup": USER_ID,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(pods, order, variables or {})],
        "volumes": _volumes(order, mine),
        "nodeSelector": mine.node_selector,
        "tolerations": [_toleration(item.model_dump()) for item in mine.tolerations],
        "priorityClassName": mine.priority_class,
        "runtimeClassName": mine.runtime_class,
        "imagePullSecrets": [{"name": name} for name in pods.pull_secrets],
    }  # fmt: skip
    if variables is None:
        spec["activeDeadlineSeconds"] = mine.deadline_s
    return {name: value for name, value in spec.items() if value not in ("", [], {})}


def _metadata(pods: PodsSettings, order: Order, more: Mapping[str, str]) -> Shape:
    labels = own_labels(order) | dict(order.labels) | dict(more)
    return {
        "name": order.name, "namespace": pods.namespace, "labels": labels, "annotations": dict(order.annotations),
    }  # fmt: skip


def _container(pods: PodsSettings, order: Order, variables: Mapping[str, str]) -> Shape:
    mine, image = pods.of(order.stage), pods.image(order.stage, order.image)
    if not re.match("s3://[^/]", order.store_url):
        raise InputError(
            "pods cannot reach this store", actual=order.store_url, expected="s3://bucket[/prefix]",
            remedy="set SIMGATE_STORE, or SIMGATE_PLACE=local",
        )  # fmt: skip
    environment = {
        # The root is read-only: whatever a library keeps in a home folder goes to the scratch.
        "HOME": "/tmp", "TMPDIR": "/tmp",  # noqa: S108 (the pod's own)
        **variables, **pods.environment,
        "SIMGATE_IMAGE": image, ROLE_KEYS: KEYS_PATH,
    }  # fmt: skip
    return {
        "name": CONTAINER,
        "image": image,
        "command": ["python", "-m", "simgate"],
        "args": [order.stage, *order.jobs, "--out", order.store_url, "--place", "pod"],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "resources": _resources(mine),
        "volumeMounts": _mounts(mine),
        "securityContext": {
            "allowPrivilegeEscalation": False, "privileged": False, "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        # Its last words stay readable where the log is gone with its node.
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }  # fmt: skip


def _resources(mine: StagePods) -> Shape:
    gpus = {"nvidia.com/gpu": str(mine.gpus)} if mine.gpus else {}
    return {
        "requests": {"cpu": mine.cpu, "memory": mine.memory, "ephemeral-storage": mine.scratch, **gpus},
        "limits": {"memory": mine.memory, **gpus},
    }


def _volumes(order: Order, mine: StagePods) -> list[Shape]:
    secret = f"simgate-keys-{role_name(role_of_stage(order.stage), order.domain)}"
    volumes: list[Shape] = [
        {"name": "scratch", "emptyDir": {"sizeLimit": mine.scratch}},
        {"name": "keys", "secret": {"secretName": secret, "defaultMode": 0o440}},
    ]
    # Ranks on several GPUs of one node speak through shared memory, of which a pod has 64 MiB by default.
    return (
        [*volumes, {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": mine.memory}}]
        if mine.gpus > 1
        else volumes
    )


def _mounts(mine: StagePods) -> list[Shape]:
    mounts: list[Shape] = [
        {"name": "scratch", "mountPath": "/tmp"},  # noqa: S108 (the pod's own)
        {"name": "keys", "mountPath": KEYS_PATH, "readOnly": True},
    ]
    return [*mounts, {"name": "shm", "mountPath": "/dev/shm"}] if mine.gpus > 1 else mounts  # noqa: S108


def _toleration(fields: Mapping[str, object]) -> Shape:
    return {name: value for name, value in fields.items() if value not in ("", None)}
