"""The chart's values: each is documented, in the schema and used; what cannot be meant is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
import yaml

from tests.unit.helm_chart import (
    CHART,
    NAMESPACE,
    ROOT,
    Shape,
    copy_with_stub,
    merged,
    render,
    sections,
    values_of,
)

VALUES: Shape = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: Shape = json.loads((CHART / "values.schema.json").read_text())
DIGEST = "b" * 64
OTHER: dict[tuple[str, ...], Any] = {
    ("images", "light"): f"other@sha256:{DIGEST}",
    ("images", "sim"): f"other@sha256:{DIGEST}",
    ("images", "torch"): f"other@sha256:{DIGEST}",
    ("images", "agent"): f"other@sha256:{DIGEST}",
    ("images", "more"): {"isaac-sim": f"other@sha256:{DIGEST}"},
    ("images", "airflow"): f"other@sha256:{DIGEST}",
    ("images", "minio"): f"other@sha256:{DIGEST}",
    ("images", "mlflow"): f"other@sha256:{DIGEST}",
    ("images", "pullSecrets"): ["login"],
    ("store", "url"): "s3://other/place",
    ("store", "domains"): ["main", "pr-1"],
    ("store", "externalAddresses"): ["198.51.100.0/24"],
    ("store", "externalPort"): 9001,
    ("minio", "enabled"): False,
    ("minio", "rootSecret"): "other",
    ("minio", "storageSize"): "1Ti",
    ("minio", "storageClass"): "fast",
    ("minio", "resources"): {"requests": {"cpu": "7"}},
    ("mlflow", "enabled"): False,
    ("mlflow", "databaseSecret"): "other",
    ("mlflow", "storageSize"): "1Ti",
    ("mlflow", "storageClass"): "fast",
    ("mlflow", "hosts"): ["mlflow.example.org"],
    ("mlflow", "resources"): {"requests": {"cpu": "7"}},
    ("stages", "namespace"): "elsewhere",
    ("stages", "createNamespace"): False,
    ("stages", "environment"): {"OMP_NUM_THREADS": "2"},
    ("stages", "settings"): {"train": {"gpus": 1}},
    ("stages", "pools"): {"gpu": {"queue": "other"}},
    ("stages", "quota"): {"pods": "3"},
    ("stages", "largestMemory"): "1Gi",
    ("priorityClasses",): {"simgate-low": -5},
    ("bench", "addresses"): ["198.51.100.7/32"],
    ("bench", "port"): 7401,
    ("policy",): "version: 1\n",
    ("recipes",): {"rooms.yaml": "kind: dataset\n"},
    ("promoter", "account"): "reader",
    ("promoter", "passwordSecret"): "other",
    ("roles", "apply"): False,
    ("reaper", "enabled"): False,
    ("reaper", "schedule"): "1 * * * *",
    ("reaper", "graceSeconds"): 7,
    ("seal", "enabled"): False,
    ("seal", "schedule"): "1 * * * *",
    ("seal", "lastHours"): 7,
    ("seal", "allSchedule"): "1 1 * * *",
    ("seal", "mode"): "COMPLIANCE",
    ("seal", "days"): 7,
    ("seal", "keysSecret"): "other",
    ("settings",): {"SIMGATE_POLL_S": "7"},
    ("worker", "resources"): {"requests": {"cpu": "7"}},
    ("networkPolicies", "enabled"): False,
    ("networkPolicies", "kubernetesAddresses"): ["10.0.0.1/32"],
    ("networkPolicies", "kubernetesPorts"): [8443],
    ("networkPolicies", "databaseAddresses"): ["10.0.0.2/32"],
    ("networkPolicies", "databasePort"): 6432,
    ("networkPolicies", "users"): [{"namespaceSelector": {"matchLabels": {"a": "b"}}}],
    ("networkPolicies", "pushers"): [{"namespaceSelector": {"matchLabels": {"a": "b"}}}],
    ("podDisruptionBudgets", "enabled"): False,
}
"""For each value another one; what is rendered has to differ."""
NEEDS: dict[tuple[str, ...], Shape] = {
    ("images", "airflow"): {"airflow": {"enabled": False}},
    ("store", "externalAddresses"): {"minio": {"enabled": False}},
    ("store", "externalPort"): {"minio": {"enabled": False}, "store": {"externalAddresses": ["203.0.113.0/24"]}},
    ("minio", "enabled"): {"store": {"externalAddresses": ["203.0.113.0/24"]}},
    ("stages", "pools"): {"stages": {"settings": {"train": {"pool": "gpu"}}}},
    ("bench", "port"): {"bench": {"addresses": ["198.51.100.7/32"]}},
}
"""What must be set beside some of them, before and after."""
BEFORE: dict[tuple[str, ...], Any] = {
    ("store", "externalAddresses"): ["203.0.113.0/24"],
    ("stages", "pools"): {"gpu": {"queue": "training"}},
}
# Keys of the official chart 1.22.0 that we set; read in its values and templates when that version was chosen, since
# it cannot be fetched where these tests run. Another version: read again, then change both lists.
AIRFLOW_CHART = "1.22.0"
AIRFLOW_KEYS = {
    "airflowVersion", "images.airflow.repository", "images.airflow.digest", "executor", "uid", "gid",
    "securityContexts.pod", "securityContexts.containers", "extraEnvFrom", "allowPodLaunching",
    "config.core.auth_manager", "config.kubernetes_executor.pod_template_file",
    "config.kubernetes_executor.worker_container_repository", "config.kubernetes_executor.worker_container_tag",
    "config.kubernetes_executor.delete_worker_pods_on_failure", "data.metadataSecretName", "fernetKeySecretName",
    "apiSecretKeySecretName", "jwtSecretName", "createUserJob.enabled", "postgresql.enabled", "redis.enabled",
    "statsd.enabled", "logs.persistence.enabled", "logs.persistence.size", "apiServer.replicas",
    "apiServer.extraVolumes", "apiServer.extraVolumeMounts",
    "scheduler.replicas", "scheduler.serviceAccount.create", "scheduler.serviceAccount.name",
    "scheduler.extraVolumes", "scheduler.extraVolumeMounts", "dagProcessor.replicas", "dagProcessor.extraVolumes",
    "dagProcessor.extraVolumeMounts", "triggerer.replicas", "triggerer.serviceAccount.create",
    "triggerer.serviceAccount.name", "triggerer.persistence.enabled", "triggerer.extraVolumes",
    "triggerer.extraVolumeMounts",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_with_stub(tmp_path_factory.mktemp("chart"))


@pytest.fixture(scope="module")
def chart(folder: Path) -> Iterator[helm.Chart]:
    with helm.Chart.load(folder) as loaded:
        yield loaded


def test_every_value_is_in_the_schema_and_nothing_else_is() -> None:
    assert sections(VALUES) == {
        (name, key) if below.get("properties") else (name,)
        for name, below in SCHEMA["properties"].items()
        if name not in ("airflow", "global")
        for key in below.get("properties", {name: None})
    }


@pytest.mark.parametrize("path", sorted(sections(VALUES)), ids=".".join)
def test_every_value_is_used_another_one_renders_something_else(chart: helm.Chart, path: tuple[str, ...]) -> None:
    beside = NEEDS.get(path, {})
    before = merged(values_of("default"), beside)
    if path in BEFORE:
        before = merged(before, nested(path, BEFORE[path]))
    assert render(chart, before) != render(chart, merged(before, nested(path, OTHER[path])))


def nested(path: tuple[str, ...], value: Any) -> Shape:
    for name in reversed(path[1:]):
        value = {name: value}
    return {path[0]: value}


def test_every_value_is_documented_by_a_comment_above_it() -> None:
    lines = (CHART / "values.yaml").read_text().splitlines()
    stack: list[tuple[int, str, bool]] = []
    undocumented = []
    for number, line in enumerate(lines):
        found = re.match(r"( *)([A-Za-z_./-]+):( |$)", line)
        if not found or (stack and stack[-1][1] == "extraEnvFrom" and len(found[1]) > stack[-1][0]):
            continue
        depth, said = len(found[1]), lines[number - 1].strip().startswith("#")
        while stack and stack[-1][0] >= depth:
            stack.pop()
        is_value = number + 1 == len(lines) or not re.match(rf" {{{depth + 1},}}\S", after_comments(lines, number + 1))
        inside = bool(stack) and stack[-1][0] > 0 and stack[-1][2]
        if not said and not inside and (is_value or depth == 0):
            undocumented.append(line.strip())
        stack.append((depth, found[2], said))
    assert undocumented == []


def after_comments(lines: list[str], number: int) -> str:
    return next((line for line in lines[number:] if line.strip() and not line.strip().startswith("#")), "")


SURPRISES = ["", *sorted(name for name, below in SCHEMA["properties"].items() if below.get("properties"))]


@pytest.mark.parametrize("section", [name for name in SURPRISES if name != "airflow"])
def test_an_unknown_value_is_refused(chart: helm.Chart, section: str) -> None:
    surprise: Shape = {section: {"surprise": 1}} if section else {"surprise": 1}
    with pytest.raises(helm.HelmValuesError, match="surprise"):
        render(chart, values_of("default", **surprise))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": {"light": "simgate/light:latest"}}, "images.light"),
        ({"stages": {"environment": {"AWS_SECRET_ACCESS_KEY": "x"}}}, "AWS_SECRET_ACCESS_KEY"),
        ({"stages": {"settings": {"trian": {"gpus": 1}}}}, "trian"),
        ({"stages": {"settings": {"train": {"gpu": 1}}}}, "gpu"),
        ({"store": {"domains": ["pr-7"]}}, "store.domains"),
        ({"store": {"url": "/data/store"}}, "store.url"),
        ({"settings": {"SIMGATE_ROOT_TOKEN": "x"}}, "SIMGATE_ROOT_TOKEN"),
        ({"airflow": {"fernetKey": "x"}}, "fernetKey"),
        ({"airflow": {"data": {"metadataConnection": {"pass": "x"}}}}, "metadataConnection"),
        ({"airflow": {"createUserJob": {"enabled": True}}}, "createUserJob"),
        ({"airflow": {"allowPodLaunching": True}}, "allowPodLaunching"),
        ({"airflow": {"executor": "CeleryExecutor"}}, "executor"),
    ],
)
def test_a_wrong_value_is_refused_by_name(chart: helm.Chart, changes: Shape, said: str) -> None:
    with pytest.raises(helm.HelmValuesError) as refused:
        render(chart, values_of("default", **changes))
    assert said in str(refused.value).replace("/", ".")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stages": {"namespace": NAMESPACE}}, "would hold the ledger's keys"),
        ({"airflow": {"images": {"airflow": {"repository": "another"}}}}, "name one image"),
        ({"minio": {"enabled": False}}, "no pod would reach a store"),
        ({"stages": {"quota": {"limits.cpu": "5"}}}, "limits.cpu"),
        ({"stages": {"settings": {"train": {"pool": "none"}}}}, "has no pool none"),
        ({"images": {"sim": ""}}, "images.sim is missing"),
        ({"policy": ""}, "--set-file policy"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(chart: helm.Chart, changes: Shape, said: str) -> None:
    with pytest.raises(helm.HelmRenderError, match=re.escape(said)):
        render(chart, values_of("default", **changes))


def test_what_we_set_of_the_official_chart_is_what_was_read_in_that_version() -> None:
    wanted = yaml.safe_load((CHART / "Chart.yaml").read_text())["dependencies"]
    assert [(item["name"], item["version"], item["repository"]) for item in wanted] == [
        ("airflow", AIRFLOW_CHART, "https://airflow.apache.org")
    ]
    airflow = {name: value for name, value in VALUES["airflow"].items() if name != "enabled"}
    found = set(flat(airflow))
    assert {
        key for key in found if not any(key == known or key.startswith(f"{known}.") for known in AIRFLOW_KEYS)
    } == set()
    assert {known for known in AIRFLOW_KEYS if not any(k == known or k.startswith(f"{known}.") for k in found)} == set()
    pinned = re.search(r"^apache-airflow==(.*)$", (ROOT / "constraints.txt").read_text(), re.M)
    assert pinned
    assert airflow["airflowVersion"] == pinned[1]


def flat(value: Shape, path: str = "") -> Iterator[str]:
    for name, below in value.items():
        here = f"{path}.{name}" if path else name
        if isinstance(below, dict) and below:
            yield from flat(below, here)
        else:
            yield here
