"""The chart as tests see it: rendered with a stub in the place of the official Airflow chart, which CI cannot fetch."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import helm_python as helm
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm/simgate"
RELEASE = "simgate"
NAMESPACE = "simgate"
SETS: dict[str, tuple[str, ...]] = {
    "default": ("default",),
    "external-s3": ("default", "external-s3"),
    "gpu": ("default", "gpu"),
    "least": ("default", "least"),
}
"""Values sets by name: files of ci/, each on top of the one before."""
Shape = dict[str, Any]


def copy_with_stub(folder: Path) -> Path:
    """A copy of the chart whose dependency is an empty chart of the right name and version."""
    copy = folder / "simgate"
    shutil.copytree(CHART, copy)
    wanted = yaml.safe_load((CHART / "Chart.yaml").read_text())["dependencies"][0]
    stub = copy / "charts" / wanted["name"]
    stub.mkdir(parents=True)
    (stub / "Chart.yaml").write_text(f"apiVersion: v2\nname: {wanted['name']}\nversion: {wanted['version']}\n")
    return copy


def values_of(name: str, **changes: Any) -> Shape:
    """The values of a set, with changes on top."""
    values: Shape = {}
    for part in SETS[name]:
        values = merged(values, yaml.safe_load((CHART / "ci" / f"{part}.yaml").read_text()))
    return merged(values, changes)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> Shape:
    """One mapping over another, as Helm does it."""
    result = dict(below)
    for name, value in above.items():
        old = result.get(name)
        result[name] = merged(old, value) if isinstance(value, Mapping) and isinstance(old, Mapping) else value
    return result


def render(chart: helm.Chart, values: Mapping[str, Any]) -> list[Shape]:
    """Every object of our own templates; values that the schema refuses raise HelmValuesError."""
    chart.validate_schema(dict(values))
    files = chart.render(dict(values), name=RELEASE, namespace=NAMESPACE)
    found = (
        item
        for name, text in sorted(files.items())
        if name.endswith(".yaml")
        for item in yaml.load_all(text, yaml.CSafeLoader)
    )
    return [item for item in found if item]


def named(objects: list[Shape], kind: str, name: str) -> Shape:
    """One object."""
    found = [item for item in objects if (item["kind"], item["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{kind} {name}: {len(found)}"
    return found[0]


def worker_pods(objects: list[Shape]) -> dict[str, Shape]:
    """The pods that Airflow's scheduler makes of the templates: `planner` and `ledger`."""
    data = named(objects, "ConfigMap", "simgate-pod-templates")["data"]
    return {name.removesuffix(".yaml"): yaml.safe_load(text) for name, text in data.items()}


def pod_specs(objects: list[Shape]) -> Iterator[tuple[str, Shape]]:
    """(name, spec) of every pod that the chart lets run, the workers' among them."""
    for item in objects:
        spec = item.get("spec") or {}
        if item["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if item["kind"] in ("CronJob", "Job", "Deployment", "StatefulSet"):
            yield spec["template"]["metadata"]["labels"]["app.kubernetes.io/component"], spec["template"]["spec"]
    if any(item["metadata"]["name"] == "simgate-pod-templates" for item in objects):
        for name, pod in worker_pods(objects).items():
            yield name, pod["spec"]


def sections(values: Mapping[str, Any]) -> set[tuple[str, ...]]:
    """Names of the values: `("minio", "enabled")`, or `("policy",)` where a section is one value."""
    one_value = ("policy", "recipes", "settings", "priorityClasses")
    own = {name: value for name, value in values.items() if name not in ("airflow", "global")}
    return {(name,) for name in own if name in one_value} | {
        (name, key) for name, below in own.items() if name not in one_value for key in below
    }
