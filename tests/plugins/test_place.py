"""Which operator runs a stage is the deployment's choice; the DAGs are the same."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from airflow.sdk import Context

from simgate.core.errors import InputError
from simgate_airflow.place.place import stage_class
from simgate_airflow.place.pod_settings import pods_settings
from simgate_airflow.place.pod_shape import pod_shape
from tests.demo_recipes import RECIPES
from tests.plugins.wire import Wire
from tests.pods.pod_world import FILE, order
from tests.pods.pod_world import pods as settings_of

DAGS = Path(__file__).parents[2] / "dags"


@pytest.fixture
def pods_file(tmp_path: Path, wire: Wire) -> Iterator[Path]:
    path = tmp_path / "pods.yaml"
    path.write_text(yaml.safe_dump(FILE))
    wire({"SIMGATE_PLACE": "pod", "SIMGATE_PODS": str(path), "SIMGATE_STORE": "s3://simgate/store",
          "SIMGATE_RECIPES": str(RECIPES)})  # fmt: skip
    pods_settings.cache_clear()
    yield path
    pods_settings.cache_clear()


def operator() -> Any:
    """One of the class that the settings name: only a pod's has what these tests call."""
    return stage_class()(task_id="probe", stage="probe")


def kinds(name: str) -> dict[str, str]:
    """Class of each task of a DAG file, base classes' names included."""
    found = runpy.run_path(str(DAGS / f"{name}.py"))
    dag = next(value.dag for value in found.values() if hasattr(value, "dag") and hasattr(value.dag, "tasks"))
    return {task.task_id: getattr(task, "operator_name", type(task).__name__) for task in dag.tasks}


def test_without_a_word_stages_are_processes(wire: Wire) -> None:
    wire({"SIMGATE_PLACE": "local"})
    assert stage_class().__name__ == stage_class("train").__name__ == "StageLocal"


def test_the_same_dags_run_as_pods_and_a_training_over_nodes_as_a_job(pods_file: Path) -> None:
    assert {kinds("build_dataset")[task] for task in ("index", "generate", "validate")} == {"StagePod"}
    release = kinds("release_model")
    assert {release[task] for task in ("evaluate_candidate", "evaluate_live", "export", "hil")} == {"StagePod"}
    assert release["train"] == "StageJob"


def test_a_place_without_settings_is_refused_with_the_variable_to_set(wire: Wire) -> None:
    wire({"SIMGATE_PLACE": "pod", "SIMGATE_PODS": ""})
    pods_settings.cache_clear()
    with pytest.raises(InputError, match="SIMGATE_PODS"):
        stage_class("train")


def test_what_the_operator_asks_for_is_the_shape_and_the_tasks_labels(pods_file: Path) -> None:
    from kubernetes.client import ApiClient

    pod = operator()
    pod.job_uris = order().jobs[1:]
    instance = SimpleNamespace(dag_id="demo", run_id="run 1", task_id="probe", map_index=3, try_number=2)
    run = SimpleNamespace(dag_id="demo", run_id="run 1")
    context = cast("Context", {"ti": instance, "run_id": "run 1", "dag": None, "dag_run": run, "params": {}})
    asked = ApiClient().sanitize_for_serialization(pod.build_pod_request_obj(context))
    annotations = asked["metadata"]["annotations"]
    assert annotations["simgate.dev/airflow-run"] == "run 1", "exactly, where a label is shortened"
    labels = asked["metadata"]["labels"]
    assert (labels["dag_id"], labels["task_id"], labels["map_index"], labels["try_number"]) == (
        "demo",
        "probe",
        "3",
        "2",
    )
    plain = pod_shape(settings_of(), order(suffix=asked["metadata"]["name"].rpartition("-")[2]))
    assert asked["spec"] == plain["spec"]


@pytest.mark.parametrize(
    ("changes", "adopted"),
    [({}, True), ({"task_id": "train"}, False), ({"run_id": "another"}, False), ({"namespace": "kube-system"}, False)],
)
def test_a_pod_that_the_tasks_state_names_is_adopted_if_it_is_the_tasks_own(
    pods_file: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], adopted: bool
) -> None:
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from kubernetes.client import V1ObjectMeta, V1Pod

    own = operator()
    run = SimpleNamespace(dag_id="demo", run_id="run1")
    instance = SimpleNamespace(dag_id="demo", run_id="run1", task_id="probe", map_index=-1, try_number=2)
    context = cast("Context", {"ti": instance, "run_id": "run1", "dag": None, "dag_run": run, "params": {}})
    labels = own._get_ti_pod_labels(context) | {"try_number": "1"}
    namespace = changes.pop("namespace", "simgate")
    pod = V1Pod(metadata=V1ObjectMeta(name="p", namespace=namespace, labels=labels | changes))
    monkeypatch.setattr(KubernetesPodOperator, "_get_pod_from_task_state_store", lambda *_: pod)
    assert (own._get_pod_from_task_state_store(context) is pod) is adopted


def test_no_credentials_go_to_the_database_with_a_trigger(
    pods_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.sdk.exceptions import TaskDeferred
    from kubernetes.client import V1ObjectMeta, V1Pod

    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    pod = operator()
    pod.hook = SimpleNamespace(is_in_cluster=False)
    pod.pod = V1Pod(metadata=V1ObjectMeta(name="p", namespace="simgate"))
    with pytest.raises(TaskDeferred) as caught:
        pod.invoke_defer_method()
    path, arguments = caught.value.trigger.serialize()
    assert path == "simgate_airflow.place.pod_trigger.StagePodTrigger"
    assert arguments["config_dict"] is None
    assert type(caught.value.trigger)(**arguments).serialize() == (path, arguments)
