"""Pods under faults, for real: what dies, and what the store makes of it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
from kubernetes import client

from tests.e2e.airflow_client import wait_for
from tests.pods.conftest import pods_world, world_of_pods
from tests.pods.deployment import Deployment
from tests.pods.pod_world import DIGEST
from tests.pods.urgent import urgent_pod

__all__ = ["pods_world", "world_of_pods"]
SLOW = {"files": 40, "step_s": 0.5}
LONG = {"files": 400, "step_s": 0.5}
AS = pytest.mark.parametrize("dag", ["pods", "jobs"])
"""Stages as pods, and a stage as an indexed Job."""


def seed(dag: str, number: int) -> int:
    """Work that nobody has done yet."""
    return number + 100 * (dag == "jobs")


def exceeds(world: Deployment, memory: str) -> client.V1ResourceQuota:
    """A quota that no pod fits in."""
    body = {"metadata": {"name": "small"}, "spec": {"hard": {"requests.memory": memory}}}
    return world.cluster.core.create_namespaced_resource_quota(world.namespace, body)


@AS
def test_a_crash_is_tried_again_within_bounds(world_of_pods: Deployment, dag: str) -> None:
    before = world_of_pods.started()
    run = world_of_pods.run({"seed": seed(dag, 10), "end": "error"}, dag=dag)
    assert run.ended() == "failed"
    assert run.instance("probe")["try_number"] == 2
    assert world_of_pods.started() - before == 2
    assert "ended with 1, SimgateError: this probe was asked to fail; pod simgate-probe-main-" in run.log("probe", 2)


@AS
def test_exit_143_is_tried_again_and_resumes(world_of_pods: Deployment, dag: str) -> None:
    run = world_of_pods.run({"seed": seed(dag, 11), "end": "preempted-once", "files": 4}, dag=dag)
    assert run.ended() == "success", run.log("probe", 2)
    assert run.instance("probe")["try_number"] == 2
    assert "ended with exit code 143" in run.log("probe", 1)


@AS
def test_an_evicted_pod_saves_where_it_is_and_the_next_one_resumes(world_of_pods: Deployment, dag: str) -> None:
    run = world_of_pods.run({"seed": seed(dag, 12), **SLOW}, dag=dag)
    pod = world_of_pods.running_pod()
    eviction = {"metadata": {"name": pod.metadata.name, "namespace": world_of_pods.namespace}}
    world_of_pods.cluster.core.create_namespaced_pod_eviction(pod.metadata.name, world_of_pods.namespace, eviction)
    assert run.ended() == "success", run.log("probe", 2)
    assert run.instance("probe")["try_number"] == 2
    assert "ended with 143, Preempted" in run.log("probe", 1)


@AS
def test_a_pod_that_gives_way_to_an_urgent_one_saves_where_it_is_and_the_next_one_resumes(
    world_of_pods: Deployment, dag: str
) -> None:
    with urgent_pod(world_of_pods) as make_urgent_pod:
        run = world_of_pods.run({"seed": seed(dag, 22), **SLOW}, dag=dag)
        world_of_pods.running_pod()
        make_urgent_pod()
        wait_for(lambda: run.instance("probe")["try_number"] == 2, 120, "the pod to give way")
    assert "ended with 143, Preempted" in run.log("probe", 1)
    assert run.ended() == "success", run.log("probe", 2)


@AS
def test_a_task_marked_failed_while_deferred_takes_its_pod_with_it(world_of_pods: Deployment, dag: str) -> None:
    run = world_of_pods.run({"seed": seed(dag, 13), **LONG}, dag=dag)
    world_of_pods.running_pod()
    run.reaches("probe", "deferred")
    assert run.set_task(world_of_pods.admin, "probe", "failed").is_success
    world_of_pods.no_pods()
    assert run.ended() == "failed"


def test_two_tasks_with_one_key_end_well_and_one_commits(world_of_pods: Deployment) -> None:
    memos = set(world_of_pods.store.keys("memo/main"))
    runs = [world_of_pods.run({"seed": 14, **SLOW, "files": 60}) for _ in range(2)]
    running = ["Running", "Running"]
    wait_for(lambda: [pod.status.phase for pod in world_of_pods.pods()] == running, 90, "both to be at work")
    assert [run.ended() for run in runs] == ["success", "success"], [run.log("probe") for run in runs]
    (memo,) = set(world_of_pods.store.keys("memo/main")) - memos
    folder = f"runs/main/probe/{memo.rpartition('/')[2].removesuffix('.json')}"
    made = [key for key in world_of_pods.store.keys(folder) if key.endswith("/manifest.json")]
    assert len(made) == 2, "both came to their end"
    assert json.loads(world_of_pods.store.get(memo))["uri"] in made


@AS
def test_an_image_that_is_missing_fails_with_its_name_and_leaves_no_pod(world_of_pods: Deployment, dag: str) -> None:
    world_of_pods.configure(image=f"localhost/none@sha256:{DIGEST}")
    run = world_of_pods.run({"seed": seed(dag, 15)}, dag=dag)
    assert run.ended() == "failed"
    text = run.log("probe", 1)
    assert "cannot start, " in text
    assert "localhost/none@sha256" in text
    assert "ImagePull" in text
    world_of_pods.no_pods()


@AS
def test_a_quota_that_is_exceeded_says_so_and_the_next_try_finds_room(world_of_pods: Deployment, dag: str) -> None:
    world_of_pods.configure(start_timeout_s=10, queue_timeout_s=5)
    quota = exceeds(world_of_pods, "1Mi")
    run = world_of_pods.run({"seed": seed(dag, 16)}, dag=dag)
    try:
        wait_for(lambda: run.tasks.get("probe") == "up_for_retry" or run.state == "failed", 120, "a refusal")
    finally:
        world_of_pods.cluster.core.delete_namespaced_resource_quota(quota.metadata.name, world_of_pods.namespace)
    world_of_pods.configure()
    if run.ended() == "failed":  # both tries came before the quota was gone
        run.clear(world_of_pods.admin, "probe").raise_for_status()
    assert run.ended() == "success", run.log("probe", 2)
    text = run.log("probe", 1)
    assert ("Kubernetes refused the pod of probe (403)" if dag == "pods" else "has no pods; the last warning") in text
    assert "exceeded quota" in text
    assert "raise the namespace's quota, or lower stages.probe" in text


@AS
def test_a_pod_that_is_out_of_memory_is_tried_again_and_names_its_limit(world_of_pods: Deployment, dag: str) -> None:
    world_of_pods.configure(memory="24Mi")
    run = world_of_pods.run({"seed": seed(dag, 17)}, dag=dag)
    assert run.ended() == "failed"
    assert run.instance("probe")["try_number"] == 2
    assert "was OOMKilled at its limit of 24Mi: raise stages.probe.memory" in run.log("probe", 2)


@AS
def test_a_pod_that_runs_too_long_is_ended_and_says_so(world_of_pods: Deployment, dag: str) -> None:
    world_of_pods.configure(deadline_s=10)
    run = world_of_pods.run({"seed": seed(dag, 18), **LONG}, dag=dag)
    assert run.ended() == "failed"
    assert "ran longer than 10 s: raise stages.probe.deadline_s" in run.log("probe", 2)


@AS
def test_a_pod_that_ended_while_its_triggerer_was_down_is_judged_by_its_manifest(
    world_of_pods: Deployment, dag: str
) -> None:
    run = world_of_pods.run({"seed": seed(dag, 19), **SLOW, "files": 12}, dag=dag)
    pod = world_of_pods.running_pod()
    run.reaches("probe", "deferred")
    world_of_pods.components.kill("triggerer-1")
    wait_for(lambda: world_of_pods.pods()[0].status.phase == "Succeeded", 90, "the pod to end")
    world_of_pods.cluster.core.delete_namespaced_pod(pod.metadata.name, world_of_pods.namespace)
    world_of_pods.no_pods()
    world_of_pods.components.start("triggerer-1")
    assert run.ended() == "success", run.log("probe")
    assert run.instance("probe")["try_number"] == 1


@AS
def test_a_scheduler_that_is_killed_while_a_task_is_deferred_loses_nothing(world_of_pods: Deployment, dag: str) -> None:
    before = world_of_pods.started()
    run = world_of_pods.run({"seed": seed(dag, 20), **SLOW}, dag=dag)
    world_of_pods.running_pod()
    run.reaches("probe", "deferred")
    world_of_pods.components.kill("scheduler-1")
    world_of_pods.components.start("scheduler-1")
    assert run.ended() == "success", run.log("probe")
    assert world_of_pods.started() - before == 1


@AS
def test_a_task_that_failed_while_its_triggerer_was_down_leaves_a_pod_for_the_reaper(
    world_of_pods: Deployment, dag: str
) -> None:
    run, other = world_of_pods.run({"seed": seed(dag, 21), **LONG}, dag=dag), None
    pod = world_of_pods.running_pod()
    owner = pod.metadata.labels.get("batch.kubernetes.io/job-name", pod.metadata.name)
    run.reaches("probe", "deferred")
    world_of_pods.components.kill("triggerer-1")
    try:
        assert run.set_task(world_of_pods.admin, "probe", "failed").is_success
        run.ended()
        other = world_of_pods.pod_of("theirs", {"dag": "theirs", "run": "r", "task": "t", "map-index": "-1"})
        assert world_of_pods.reap() == [], "a pod has a grace period"
        found = world_of_pods.reap("--grace-s", "0", "--dry-run")
        assert [(line["event"], line["name"]) for line in found] == [("would delete", owner)]
        assert len(world_of_pods.pods()) == 2
        found = world_of_pods.reap("--grace-s", "0")
        assert [(line["event"], line["name"]) for line in found] == [("deleted", owner)]
        assert "its task is failed since" in found[0]["why"]
        wait_for(lambda: len(world_of_pods.pods()) == 1, 60, "the orphan to be gone")
        assert world_of_pods.reap("--grace-s", "0") == [], "another Airflow's pod is not ours"
    finally:
        world_of_pods.components.start("triggerer-1")
        world_of_pods.remove([other] if other else [])


def test_mapped_batches_run_as_pods_of_their_own_and_many_jobs_go_by_a_list(world_of_pods: Deployment) -> None:
    before = world_of_pods.started()
    run = world_of_pods.run(*({"seed": 30 + number} for number in range(6)), dag="mapped_pods")
    assert run.ended() == "success", run.tasks
    tries = run.user.get(f"{run.path}/taskInstances")["task_instances"]
    labels = {item["rendered_map_index"]: item["try_number"] for item in tries}
    assert labels == {"probe[0]": 1, "probe[1] +4": 1}
    assert world_of_pods.started() - before == 6
    lists = [key for key in world_of_pods.store.keys("plans/main") if "/job-lists/" in key]
    assert len(lists) == 1, "one batch has one job, the other has five"


@pytest.fixture
def a_node_that_stopped(world_of_pods: Deployment) -> Iterator[int]:
    kubelet = world_of_pods.cluster.process("kubelet")
    yield kubelet
    os.kill(kubelet, signal.SIGCONT)
    time.sleep(6)


@AS
def test_a_pod_on_a_lost_node_is_given_up_and_tried_again(
    world_of_pods: Deployment, a_node_that_stopped: int, dag: str
) -> None:
    run = world_of_pods.run({"seed": seed(dag, 40), **LONG, "files": 200}, dag=dag)
    pod = world_of_pods.running_pod()
    run.reaches("probe", "deferred")
    os.kill(a_node_that_stopped, signal.SIGSTOP)
    # What the node controller does to pods of a node that is silent; for the only node of a cluster it does nothing.
    world_of_pods.cluster.core.delete_namespaced_pod(pod.metadata.name, world_of_pods.namespace, grace_period_seconds=1)
    wait_for(lambda: run.instance("probe")["try_number"] == 2, 120, "the pod to be given up")
    os.kill(a_node_that_stopped, signal.SIGCONT)
    assert run.ended() == "success", run.log("probe", 2)
