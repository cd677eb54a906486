from __future__ import annotations

import json
from typing import Any

import kubernetes_validate
import pytest

from simgate.core.errors import InputError
from simgate.rows.stages import STAGES
from simgate_airflow.place.pod_shape import MOST_JOBS, job_arguments, job_shape, pod_shape
from tests.pods.pod_world import IMAGES, order, pods

KUBERNETES = "1.34"
LARGEST_POD_BYTES = 8_000


def container(shape: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = shape["spec"]["containers"][0]
    return found


@pytest.mark.parametrize("domain", ["main", "pr-999999999"])
@pytest.mark.parametrize("stage", STAGES.names())
def test_every_stages_pod_is_what_kubernetes_publishes_as_its_schema(stage: str, domain: str) -> None:
    kubernetes_validate.validate(pod_shape(pods(), order(stage, domain)), KUBERNETES, strict=True)
    kubernetes_validate.validate(pod_shape(pods(stages={}), order(stage, domain)), KUBERNETES, strict=True)


def test_a_training_over_several_pods_is_an_indexed_job() -> None:
    job = job_shape(pods(), order("train"))
    kubernetes_validate.validate(job, KUBERNETES, strict=True)
    spec = job["spec"]
    assert (spec["completionMode"], spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (
        "Indexed",
        4,
        4,
        0,
    )
    variables = {item["name"]: item["value"] for item in spec["template"]["spec"]["containers"][0]["env"]}
    assert variables["MASTER_ADDR"] == f"{job['metadata']['name']}-0.{spec['template']['spec']['subdomain']}"
    assert variables["SIMGATE_NODES"] == "4"
    # A host name has 63 characters at most, index included.
    assert len(job_shape(pods(), order("train", "pr-999999999"))["metadata"]["name"]) + len("-255") <= 63


def test_kueue_finds_its_queue_on_a_pod_and_on_a_job_but_never_on_both() -> None:
    name = "kueue.x-k8s.io/queue-name"
    assert pod_shape(pods(), order("generate"))["metadata"]["labels"][name] == "simulation"
    assert name not in pod_shape(pods(), order("probe"))["metadata"]["labels"]
    job = job_shape(pods(), order("train"))
    assert job["metadata"]["labels"][name] == "training"
    assert name not in job["spec"]["template"]["metadata"]["labels"]
    assert "suspend" not in job["spec"], "Kueue's webhook suspends it; without Kueue nobody would wake it"


@pytest.mark.parametrize("stage", STAGES.names())
def test_a_pod_has_no_rights(stage: str) -> None:
    spec = pod_shape(pods(), order(stage))["spec"]
    context, inner = spec["securityContext"], container({"spec": spec})["securityContext"]
    assert context["runAsNonRoot"]
    assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (10001, 10001, 10001)
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inner["capabilities"] == {"drop": ["ALL"]}
    assert (inner["allowPrivilegeEscalation"], inner["privileged"], inner["readOnlyRootFilesystem"]) == (
        False,
        False,
        True,
    )
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert not [volume for volume in spec["volumes"] if "hostPath" in volume]


@pytest.mark.parametrize(
    ("stage", "domain", "account", "secret"),
    [
        ("generate", "main", "simgate-stage", "simgate-keys-stage-main"),
        ("evaluate", "main", "simgate-gate", "simgate-keys-gate-main"),
        ("train", "pr-7", "simgate-stage", "simgate-keys-stage-pr-7"),
        ("hil", "pr-7", "simgate-gate", "simgate-keys-gate-pr-7"),
    ],
)
def test_a_pod_has_its_own_roles_account_and_keys_by_reference(
    stage: str, domain: str, account: str, secret: str
) -> None:
    shape = pod_shape(pods(), order(stage, domain))
    assert shape["spec"]["serviceAccountName"] == account
    assert {"name": "keys", "secret": {"secretName": secret, "defaultMode": 0o440}} in shape["spec"]["volumes"]
    mounts = {mount["name"]: mount for mount in container(shape)["volumeMounts"]}
    assert mounts["keys"] == {"name": "keys", "mountPath": "/run/simgate/keys", "readOnly": True}
    assert {"name": "SIMGATE_ROLE_KEYS", "value": "/run/simgate/keys"} in container(shape)["env"]
    assert all("valueFrom" not in item for item in container(shape)["env"])


def test_resources_nodes_and_times_are_the_settings() -> None:
    shape = pod_shape(pods(), order("generate"))
    spec = shape["spec"]
    assert container(shape)["resources"] == {
        "requests": {"cpu": "2", "memory": "4Gi", "ephemeral-storage": "20Gi", "nvidia.com/gpu": "1"},
        "limits": {"memory": "4Gi", "nvidia.com/gpu": "1"},
    }
    assert spec["nodeSelector"] == {"pool": "spot-gpu"}
    assert spec["tolerations"] == [{"key": "spot", "operator": "Exists", "effect": "NoSchedule"}]
    assert {"name": "scratch", "emptyDir": {"sizeLimit": "20Gi"}} in spec["volumes"]
    assert (spec["activeDeadlineSeconds"], spec["terminationGracePeriodSeconds"]) == (12 * 3600, 120)
    train = job_shape(pods(), order("train"))["spec"]["template"]["spec"]
    assert (train["priorityClassName"], train["runtimeClassName"]) == ("batch", "nvidia")
    assert train["terminationGracePeriodSeconds"] == 300
    assert any(mount["mountPath"] == "/dev/shm" for mount in train["containers"][0]["volumeMounts"])
    assert spec["imagePullSecrets"] == [{"name": "registry"}]


def test_the_image_is_the_stages_own_by_digest_and_the_pod_knows_which() -> None:
    shape = pod_shape(pods(), order("train"))
    assert container(shape)["image"] == IMAGES["torch"]
    assert {"name": "SIMGATE_IMAGE", "value": IMAGES["torch"]} in container(shape)["env"]


def test_labels_say_what_it_is_and_for_whom() -> None:
    labels = pod_shape(pods(), order("evaluate", "pr-7"))["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "simgate"
    assert (labels["simgate.dev/stage"], labels["simgate.dev/domain"]) == ("evaluate", "pr-7")
    assert labels["simgate.dev/role"] == "gate"
    assert len(labels["simgate.dev/run"]) == 12
    assert labels["dag_id"] == "demo"


def test_jobs_go_by_key_and_many_of_them_by_one_list_so_that_no_pod_grows() -> None:
    few = tuple(f"plans/main/run/jobs/generate-{number:016x}.json" for number in range(MOST_JOBS))
    assert job_arguments(few, "") == tuple(word for key in few for word in ("--job", key))
    many = tuple(f"plans/main/run/jobs/generate-{number:016x}.json" for number in range(500))
    arguments = job_arguments(many, "plans/main/run/job-lists/1.json")
    assert arguments == ("--jobs", "plans/main/run/job-lists/1.json")
    shape = pod_shape(pods(), order("generate", jobs=job_arguments(few, "")))
    assert len(json.dumps(shape)) < LARGEST_POD_BYTES
    assert container(shape)["args"] == [
        "generate",
        *job_arguments(few, ""),
        "--out",
        "s3://simgate/store",
        "--place",
        "pod",
    ]


@pytest.mark.parametrize("url", ["/var/store", "file:///var/store", "s3://", "https://bucket"])
def test_a_store_that_no_pod_can_reach_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="pods cannot reach this store"):
        pod_shape(pods(), order(store_url=url))


def test_a_shape_is_a_function_of_its_arguments() -> None:
    assert pod_shape(pods(), order()) == pod_shape(pods(), order())
