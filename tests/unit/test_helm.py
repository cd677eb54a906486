"""The Helm chart: each values set renders, is valid and restricted, and gives each pod the Secrets it needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml

from simgate_airflow.place.pod_settings import PodsSettings
from simgate_airflow.roles import of_dags, read_roles
from tests.unit.helm_chart import (
    CHART,
    NAMESPACE,
    SETS,
    Shape,
    copy_with_stub,
    named,
    pod_specs,
    render,
    values_of,
    worker_pods,
)

KUBERNETES = "1.34"
VALUES: Shape = yaml.safe_load((CHART / "values.yaml").read_text())
SECRETS: dict[str, set[str]] = {
    "planner": {"simgate-keys-planner-main", "simgate-keys-reader"},
    "ledger": {"simgate-keys-ledger", "simgate-keys-approval", "simgate-promoter"},
    "reaper": {"simgate-promoter"},
    "seal": {"simgate-keys-sealer"},
    "roles": {"simgate-promoter", "simgate-airflow-database", "simgate-airflow-keys"},
    "minio": {"simgate-minio-root"},
    "mlflow": set(),
    "triggerer": {"simgate-keys-reader"},
    "scheduler": set(),
    "dag-processor": set(),
    "api-server": {"simgate-keys-reader"},
    "stage": {"simgate-keys-stage-main"},
    "gate": {"simgate-keys-gate-main"},
}
"""Which Secrets each pod holds, Airflow's own three aside; helm/simgate/README.md has the same table."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_with_stub(tmp_path_factory.mktemp("chart"))


@pytest.fixture(scope="module")
def chart(folder: Path) -> Iterator[helm.Chart]:
    with helm.Chart.load(folder) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def rendered(chart: helm.Chart) -> dict[str, list[Shape]]:
    return {name: render(chart, values_of(name)) for name in SETS}


@pytest.mark.parametrize("name", SETS)
def test_helm_lint_finds_nothing(folder: Path, name: str) -> None:
    report = helm.lint(folder, values_of(name), strict=True, namespace=NAMESPACE)
    assert report["errors"] == []
    assert [item for item in report["messages"] if item["severity"] > 1] == []


@pytest.mark.parametrize("name", SETS)
def test_every_object_is_valid_by_the_published_schemas(rendered: dict[str, list[Shape]], name: str) -> None:
    objects = rendered[name]
    assert len(objects) > 15
    for item in (*objects, *worker_pods(objects).values()):
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


@pytest.mark.parametrize("name", SETS)
def test_every_pod_renders_restricted_and_holds_a_token_only_where_it_needs_one(
    rendered: dict[str, list[Shape]], name: str
) -> None:
    with_token = set()
    for pod, spec in pod_specs(rendered[name]):
        security = spec["securityContext"]
        assert security["runAsNonRoot"], pod
        assert security["runAsUser"] == 10001, pod
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, pod
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), pod
        assert not [volume for volume in spec.get("volumes", ()) if "hostPath" in volume], pod
        for container in spec["containers"]:
            own = container["securityContext"]
            assert own == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            }, pod  # fmt: skip
            assert re.search("@sha256:[0-9a-f]{64}$", container["image"]), pod
            assert container["resources"]["limits"]["memory"], pod
        if spec["automountServiceAccountToken"]:
            with_token.add(pod)
    assert with_token == {"planner", "reaper"} - ({"reaper"} if name == "least" else set())


def test_the_config_map_is_what_the_pod_place_reads(rendered: dict[str, list[Shape]]) -> None:
    for objects in rendered.values():
        value = yaml.safe_load(named(objects, "ConfigMap", "simgate-pods")["data"]["pods.yaml"])
        PodsSettings.from_value(value, what="the rendered ConfigMap")
    gpu = PodsSettings.from_value(value_of_pods(rendered["gpu"]), what="gpu")
    train, evaluate, hil = gpu.of("train"), gpu.of("evaluate"), gpu.of("hil")
    assert (train.gpus, train.nodes, train.memory, train.queue) == (8, 2, "256Gi", "training")
    assert train.node_selector == {"node.example/gpu": "h100"}
    assert [item.key for item in train.tolerations] == ["nvidia.com/gpu"]
    assert (evaluate.queue, evaluate.runtime_class) == ("", "nvidia"), "a stage's own field beats its pool's"
    assert (hil.gpus, hil.node_selector) == (0, {})
    assert gpu.environment == {
        "OMP_NUM_THREADS": "4", "MLFLOW_TRACKING_URI": "http://simgate-mlflow.simgate.svc:5000",
    }  # fmt: skip
    assert PodsSettings.from_value(value_of_pods(rendered["least"]), what="least").environment == {}


def value_of_pods(objects: list[Shape]) -> Any:
    return yaml.safe_load(named(objects, "ConfigMap", "simgate-pods")["data"]["pods.yaml"])


@pytest.mark.parametrize("name", SETS)
def test_no_secret_is_rendered_and_none_is_in_a_variable_or_an_argument(
    rendered: dict[str, list[Shape]], name: str
) -> None:
    assert not [item for item in rendered[name] if item["kind"] == "Secret"]
    for pod, spec in pod_specs(rendered[name]):
        for container in spec["containers"]:
            literal = [item["name"] for item in container.get("env", ()) if "value" in item]
            assert not [item for item in literal if re.search("SECRET|PASSWORD|FERNET|SQL_ALCHEMY", item)], pod


def test_each_pod_holds_the_secrets_of_the_table_and_the_readme_has_the_same(rendered: dict[str, list[Shape]]) -> None:
    found = {name: secrets_of(spec) for name, spec in pod_specs(rendered["default"])}
    for key, component in (("apiServer", "api-server"), ("dagProcessor", "dag-processor")):
        found[component] = secrets_of({"containers": [], "volumes": VALUES["airflow"][key].get("extraVolumes", [])})
    for component in ("triggerer", "scheduler"):
        found[component] = secrets_of({"containers": [], "volumes": VALUES["airflow"][component]["extraVolumes"]})
    assert found == {name: held for name, held in SECRETS.items() if name not in ("stage", "gate")}
    rows = re.findall(r"^\| `([a-z-]+)` \|[^|]*\|([^|]*)\|", (CHART / "README.md").read_text(), re.M)
    said = {name: set(re.findall("`([a-z-]+)`", cell)) for name, cell in rows if name in SECRETS}
    assert said == SECRETS


def secrets_of(spec: Shape) -> set[str]:
    volumes = {item["secret"]["secretName"] for item in spec.get("volumes", ()) if "secret" in item}
    references = (item.get("valueFrom", {}) for one in spec["containers"] for item in one.get("env", ()))
    return volumes | {item["secretKeyRef"]["name"] for item in references if "secretKeyRef" in item}


def test_a_worker_of_several_domains_holds_their_planners_and_never_the_ledger(
    rendered: dict[str, list[Shape]],
) -> None:
    workers = worker_pods(rendered["external-s3"])
    planners = {f"simgate-keys-planner-{domain}" for domain in ("main", "pr-7", "pr-12")}
    assert secrets_of(workers["planner"]["spec"]) == planners | {"simgate-keys-reader"}
    assert workers["ledger"]["spec"]["serviceAccountName"] == "simgate-ledger"
    mounted = {item["mountPath"] for item in workers["ledger"]["spec"]["containers"][0]["volumeMounts"]}
    assert "/run/simgate/keys/ledger" in mounted
    assert not [path for path in mounted if "planner" in path]


def test_promote_and_settle_ask_for_the_template_that_the_scheduler_mounts(
    rendered: dict[str, list[Shape]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from simgate_airflow import settings
    from simgate_airflow.gate import promote

    said = named(rendered["default"], "ConfigMap", "simgate-settings")["data"]
    wired = settings.read_settings(said)
    monkeypatch.setattr(promote, "settings", lambda: wired)
    mount = VALUES["airflow"]["scheduler"]["extraVolumeMounts"][0]["mountPath"]
    assert promote._ledger_worker() == {"pod_template_file": f"{mount}/ledger.yaml"}
    default = VALUES["airflow"]["config"]["kubernetes_executor"]["pod_template_file"]
    assert default == f"{mount}/planner.yaml"
    monkeypatch.setattr(promote, "settings", lambda: settings.read_settings({}))
    assert promote._ledger_worker() == {}
    assert (wired.place, str(wired.pods_path)) == ("pod", "/etc/simgate/pods/pods.yaml")


def test_the_bench_is_reached_by_main_s_hil_alone(rendered: dict[str, list[Shape]]) -> None:
    assert not [item for item in rendered["default"] if item["metadata"]["name"] == "simgate-bench"]
    bench = named(rendered["gpu"], "NetworkPolicy", "simgate-bench")["spec"]
    assert bench["podSelector"]["matchLabels"] == {
        "simgate.dev/role": "gate", "simgate.dev/domain": "main", "simgate.dev/stage": "hil",
    }  # fmt: skip
    others = [item for item in rendered["gpu"] if item["kind"] == "NetworkPolicy" and item["spec"] is not bench]
    assert "198.51.100.7/32" not in json.dumps(others)


def test_who_opens_pages_reaches_airflow_mlflow_and_minio_where_the_links_lead(chart: helm.Chart) -> None:
    user, pusher = ({"ipBlock": {"cidr": f"192.0.2.{number}/32"}} for number in (1, 2))
    peers = {"networkPolicies": {"users": [user], "pushers": [pusher]}}
    objects = render(chart, values_of("default", **peers))
    asked = {"simgate-airflow-api": [user], "simgate-mlflow": [user], "simgate-minio": [pusher, user]}
    for name, let_in in asked.items():
        (rule,) = named(objects, "NetworkPolicy", name)["spec"]["ingress"]
        assert [peer for peer in rule["from"] if "ipBlock" in peer] == let_in, name


def test_nobody_may_read_secrets_and_makers_of_pods_stay_in_their_namespace(rendered: dict[str, list[Shape]]) -> None:
    roles = {item["metadata"]["name"]: item for item in rendered["default"] if item["kind"] == "Role"}
    assert set(roles) == {"simgate-worker", "simgate-triggerer", "simgate-scheduler", "simgate-reaper"}
    assert {name for name, role in roles.items() if role["metadata"]["namespace"] == NAMESPACE} == {"simgate-scheduler"}
    resources = {word for role in roles.values() for rule in role["rules"] for word in rule["resources"]}
    assert resources == {"pods", "pods/log", "events", "jobs"}
    assert not [item for item in rendered["default"] if item["kind"] in ("ClusterRole", "ClusterRoleBinding")]


def test_the_roles_of_the_chart_are_the_file_that_is_tested_on_a_real_airflow(rendered: dict[str, list[Shape]]) -> None:
    data = named(rendered["default"], "ConfigMap", "simgate-roles")["data"]["roles.json"]
    assert json.loads(data) == json.loads((CHART / "files/roles.json").read_text())
    roles = of_dags(
        read_roles(CHART / "files/roles.json"), ("build_dataset.rooms", "release_model.a", "release_model.b")
    )
    assert "promoter" in roles
    edits = {role: {resource for _, resource in held if resource.startswith("DAG:")} for role, held in roles.items()}
    assert edits["engineer"] == {"DAG:build_dataset.rooms"}
    assert edits["release-manager"] == {"DAG:release_model.a", "DAG:release_model.b"}
