"""The rendered chart on a real API server: every object is taken, and each account may do what it needs and no more."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
import yaml
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from simgate.rows.roles import GATE_STAGES, WORK_STAGES
from simgate_airflow.place.pod_settings import PodsSettings
from simgate_airflow.place.pod_shape import Order, job_shape, pod_shape
from tests.e2e.airflow_client import wait_for
from tests.servers.kubernetes.cluster import Cluster
from tests.unit.helm_chart import NAMESPACE, SETS, Shape, copy_with_stub, merged, named, render, values_of, worker_pods

pytestmark = pytest.mark.timeout(240)
STAGES = "simgate-stages"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
FIRST = ("Namespace", "PriorityClass", "ServiceAccount", "ConfigMap", "Role")


@dataclass
class Installed:
    """The chart with GPU values, applied; the other sets rendered."""

    api: client.ApiClient
    rendered: dict[str, list[Shape]]

    def __post_init__(self) -> None:
        self.dynamic = DynamicClient(self.api)

    def apply(self, item: Shape, *, dry_run: bool = False) -> Any:
        """Server-side apply, by a cluster administrator."""
        resource = self.dynamic.resources.get(api_version=item["apiVersion"], kind=item["kind"])
        more: dict[str, Any] = {"dry_run": "All"} if dry_run else {}
        return self.dynamic.server_side_apply(
            resource, body=item, name=item["metadata"]["name"], namespace=item["metadata"].get("namespace"),
            field_manager="simgate-tests", force_conflicts=True, **more,
        )  # fmt: skip

    def account(self, name: str, namespace: str = NAMESPACE) -> client.ApiClient:
        """The API as a service account sees it."""
        caller = client.ApiClient(self.api.configuration)
        caller.set_default_header("Impersonate-User", f"system:serviceaccount:{namespace}:{name}")
        caller.set_default_header("Impersonate-Group", "system:serviceaccounts")
        return caller

    @property
    def pods(self) -> PodsSettings:
        """What the workers read."""
        data = named(self.rendered["gpu"], "ConfigMap", "simgate-pods")["data"]["pods.yaml"]
        return PodsSettings.from_value(yaml.safe_load(data), what="pods.yaml")


@pytest.fixture(scope="module")
def installed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    with helm.Chart.load(copy_with_stub(tmp_path_factory.mktemp("chart"))) as chart:
        rendered = {name: render(chart, values_of(name)) for name in SETS}
    found = Installed(cluster.api, rendered)
    cluster.core.create_namespace({"metadata": {"name": NAMESPACE, "labels": RESTRICTED}})
    nodes = client.NodeV1Api(cluster.api)
    # What the operator of GPU nodes brings; a pod that names a runtime class that is not there is refused.
    nodes.create_runtime_class({"metadata": {"name": "nvidia"}, "handler": "runc"})
    try:
        for item in sorted(rendered["gpu"], key=_order):
            found.apply(item)
        yield found
    finally:
        for namespace in (NAMESPACE, STAGES):
            cluster.core.delete_collection_namespaced_pod(namespace, grace_period_seconds=0)
            cluster.core.delete_namespace(namespace)
        client.SchedulingV1Api(cluster.api).delete_priority_class("simgate-training")
        nodes.delete_runtime_class("nvidia")


def _order(item: Shape) -> int:
    return FIRST.index(item["kind"]) if item["kind"] in FIRST else len(FIRST)


@pytest.mark.parametrize("values", SETS)
def test_the_server_takes_every_object_of_every_values_set(installed: Installed, values: str) -> None:
    for item in sorted(installed.rendered[values], key=_order):
        # A Job is a hook: Helm removes the one before, since a Job cannot be changed.
        name = item["metadata"]["name"] + ("-next" if item["kind"] == "Job" else "")
        taken = installed.apply(merged(item, {"metadata": {"name": name}}), dry_run=True)
        assert taken.metadata.name == name


def test_the_pods_of_our_own_workloads_are_admitted_in_a_restricted_namespace(installed: Installed) -> None:
    core = client.CoreV1Api(installed.api)

    def begun() -> bool:
        names = {pod.metadata.name for pod in core.list_namespaced_pod(NAMESPACE).items}
        return all(any(name.startswith(f"simgate-{part}-") for name in names) for part in ("minio", "mlflow", "roles"))

    wait_for(begun, 30, "a pod of MinIO, of MLflow and of the roles Job")
    warned = [
        item.message for item in core.list_namespaced_event(NAMESPACE).items if "PodSecurity" in str(item.message)
    ]
    assert warned == []
    for name in ("reaper", "seal", "seal-all"):
        template = named(installed.rendered["gpu"], "CronJob", f"simgate-{name}")["spec"]["jobTemplate"]["spec"][
            "template"
        ]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template["spec"]}
        assert core.create_namespaced_pod(NAMESPACE, pod, dry_run="All").metadata.name == name


@pytest.mark.parametrize("name", ["planner", "ledger"])
def test_the_executor_makes_both_kinds_of_workers_as_the_scheduler(
    installed: Installed, name: str, tmp_path: Path
) -> None:
    template = named(installed.rendered["gpu"], "ConfigMap", "simgate-pod-templates")["data"][f"{name}.yaml"]
    (tmp_path / "pod.yaml").write_text(template)
    pod = PodGenerator.construct_pod(
        scheduler_job_id="1", pod_id=f"{name}-1", dag_id="release_model.navigator", task_id="promote", kube_image="",
        try_number=1, date=None, args=["python", "-m", "airflow"], pod_override_object=None, run_id="run",
        base_worker_pod=PodGenerator.deserialize_model_file(str(tmp_path / "pod.yaml")), namespace=NAMESPACE,
    )  # fmt: skip
    scheduler = client.CoreV1Api(installed.account("simgate-airflow-scheduler"))
    made = scheduler.create_namespaced_pod(NAMESPACE, pod, dry_run="All")
    assert made.spec.service_account_name == {"planner": "simgate-worker", "ledger": "simgate-ledger"}[name]
    assert made.spec.containers[0].image == values_of("gpu")["images"]["airflow"], "by digest"


def order_for(stage: str, domain: str = "main") -> Order:
    return Order(stage, domain, f"plans/{domain}/run", "s3://simgate", ("--job", "plans/x.json"), "a1b2c3d4")


@pytest.mark.parametrize("stage", [*WORK_STAGES, *GATE_STAGES])
@pytest.mark.parametrize("domain", ["main", "pr-7"])
def test_a_worker_may_make_every_stage_s_pod_in_the_labelled_namespace(
    installed: Installed, stage: str, domain: str
) -> None:
    worker = installed.account("simgate-worker")
    order = order_for(stage, domain)
    made = client.CoreV1Api(worker).create_namespaced_pod(STAGES, pod_shape(installed.pods, order), dry_run="All")
    assert not made.spec.host_network
    account = "simgate-gate" if stage in GATE_STAGES else "simgate-stage"
    assert (made.spec.service_account_name, made.spec.automount_service_account_token) == (account, False)


def test_a_training_over_two_nodes_is_admitted_with_its_pods(installed: Installed) -> None:
    batch = client.BatchV1Api(installed.account("simgate-worker"))
    job = job_shape(installed.pods, order_for("train"))
    batch.create_namespaced_job(STAGES, job)
    core = client.CoreV1Api(installed.api)
    selector = "simgate.dev/stage=train"
    try:
        wait_for(lambda: len(core.list_namespaced_pod(STAGES, label_selector=selector).items) == 2, 30, "two pods")
    finally:
        batch.delete_namespaced_job(job["metadata"]["name"], STAGES, propagation_policy="Background")


def worse(pod: Shape, change: str) -> Shape:
    bad = copy.deepcopy(pod)
    spec, container = bad["spec"], bad["spec"]["containers"][0]
    if change == "hostPath":
        spec["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    elif change in ("hostNetwork", "hostPID"):
        spec[change] = True
    elif change == "privileged":
        container["securityContext"] |= {"privileged": True, "allowPrivilegeEscalation": True}
    elif change == "root":
        spec["securityContext"] = {"runAsUser": 0}
    elif change == "capability":
        container["securityContext"]["capabilities"] = {"add": ["NET_RAW"]}
    return bad


@pytest.mark.parametrize("change", ["hostPath", "hostNetwork", "hostPID", "privileged", "root", "capability"])
def test_pod_security_refuses_a_worse_pod_of_the_worker(installed: Installed, change: str) -> None:
    core = client.CoreV1Api(installed.account("simgate-worker"))
    bad = worse(pod_shape(installed.pods, order_for("generate")), change)
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_pod(STAGES, bad, dry_run="All")
    assert refused.value.status == 403
    assert "violates PodSecurity" in json.loads(refused.value.body)["message"]


def test_the_quota_and_the_largest_memory_bound_a_pod(installed: Installed) -> None:
    core = client.CoreV1Api(installed.account("simgate-worker"))
    for field, value, said in (("memory", "600Gi", "maximum memory usage"), ("cpu", "500", "exceeded quota")):
        greedy = pod_shape(installed.pods, order_for("index"))
        resources = greedy["spec"]["containers"][0]["resources"]
        resources["requests"][field] = value
        if field == "memory":
            resources["limits"][field] = value
        with pytest.raises(ApiException) as refused:
            core.create_namespaced_pod(STAGES, greedy, dry_run="All")
        assert said in json.loads(refused.value.body)["message"]


# Verb, resource (with its group), namespace: which accounts may. All others may not.
RIGHTS: tuple[tuple[str, str, str, set[str]], ...] = (
    ("create", "pods", STAGES, {"worker"}),
    ("patch", "pods", STAGES, {"worker"}),
    ("get", "pods", STAGES, {"worker", "airflow-triggerer"}),
    ("watch", "pods", STAGES, {"worker", "airflow-triggerer"}),
    ("list", "pods", STAGES, {"worker", "airflow-triggerer", "reaper"}),
    ("delete", "pods", STAGES, {"worker", "airflow-triggerer", "reaper"}),
    ("get", "pods/log", STAGES, {"worker", "airflow-triggerer"}),
    ("list", "events", STAGES, {"worker", "airflow-triggerer"}),
    ("create", "jobs.batch", STAGES, {"worker"}),
    ("delete", "jobs.batch", STAGES, {"worker", "airflow-triggerer", "reaper"}),
    ("create", "pods/exec", STAGES, set()),
    ("create", "pods/eviction", STAGES, set()),
    ("create", "pods/ephemeralcontainers", STAGES, set()),
    ("get", "secrets", STAGES, set()),
    ("list", "secrets", STAGES, set()),
    ("create", "serviceaccounts/token", STAGES, set()),
    ("create", "deployments.apps", STAGES, set()),
    ("patch", "networkpolicies.networking.k8s.io", STAGES, set()),
    ("patch", "resourcequotas", STAGES, set()),
    ("create", "pods", NAMESPACE, {"airflow-scheduler"}),
    ("delete", "pods", NAMESPACE, {"airflow-scheduler"}),
    ("create", "pods/exec", NAMESPACE, set()),
    ("get", "secrets", NAMESPACE, set()),
    ("list", "secrets", NAMESPACE, set()),
    ("get", "configmaps", NAMESPACE, set()),
    ("create", "rolebindings.rbac.authorization.k8s.io", NAMESPACE, set()),
    ("create", "serviceaccounts/token", NAMESPACE, set()),
    ("patch", "namespaces", "", set()),
    ("create", "pods", "kube-system", set()),
    ("get", "nodes", "", set()),
)
ACCOUNTS = {
    **dict.fromkeys(("stage", "gate"), STAGES),
    **dict.fromkeys(("worker", "ledger", "reaper", "seal", "roles", "minio", "mlflow"), NAMESPACE),
    **dict.fromkeys(("airflow-scheduler", "airflow-triggerer"), NAMESPACE),
}


@pytest.mark.parametrize(
    ("verb", "resource", "namespace", "allowed"),
    RIGHTS,
    ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else value,
)
def test_each_account_may_do_what_the_table_says(
    installed: Installed, verb: str, resource: str, namespace: str, allowed: set[str]
) -> None:
    plural, _, group = resource.partition(".")
    name, _, part = plural.partition("/")
    asked = {"verb": verb, "resource": name, "subresource": part, "group": group, "namespace": namespace}
    review = {"spec": {"resourceAttributes": asked}}
    found = set()
    for account, home in ACCOUNTS.items():
        api = client.AuthorizationV1Api(installed.account(f"simgate-{account}", home))
        if api.create_self_subject_access_review(review).status.allowed:
            found.add(account)
    assert found == allowed


def test_nobody_reads_the_ledger_s_keys_nor_mounts_them_from_the_stages_namespace(installed: Installed) -> None:
    core = client.CoreV1Api(installed.api)
    keys = {"metadata": {"name": "simgate-keys-ledger"}, "stringData": {"store.json": "{}"}}
    core.create_namespaced_secret(NAMESPACE, keys)
    for account, home in ACCOUNTS.items():
        own = client.CoreV1Api(installed.account(f"simgate-{account}", home))
        with pytest.raises(ApiException) as refused:
            own.read_namespaced_secret("simgate-keys-ledger", NAMESPACE)
        assert refused.value.status == 403, account
    pod = worker_pods(installed.rendered["gpu"])["ledger"]
    with pytest.raises(ApiException) as refused:
        client.CoreV1Api(installed.account("simgate-worker")).create_namespaced_pod(NAMESPACE, pod, dry_run="All")
    assert refused.value.status == 403


def test_a_stage_s_pod_gets_no_token_and_its_account_has_none_mounted(installed: Installed) -> None:
    core = client.CoreV1Api(installed.api)
    for name in ("simgate-stage", "simgate-gate"):
        assert core.read_namespaced_service_account(name, STAGES).automount_service_account_token is False
    made = core.create_namespaced_pod(STAGES, pod_shape(installed.pods, order_for("probe")), dry_run="All")
    assert [item.name for item in made.spec.volumes] == ["scratch", "keys"], "admission added no token's volume"
