"""Stages as pods, for real: what a task makes of each way that a pod can end. The longer ones are in tests/soak."""

from __future__ import annotations

from kubernetes import client

from simgate_airflow.place.pod_shape import job_shape, pod_shape
from tests.pods.deployment import Deployment
from tests.pods.pod_world import order, pods


def test_a_probe_runs_as_a_pod_and_its_log_is_in_airflow(world_of_pods: Deployment) -> None:
    run = world_of_pods.run({"seed": 1})
    assert run.ended() == "success", run.log("probe")
    text = run.log("probe")
    assert "committed manifest=runs/main/probe/" in text, text
    assert "ended with exit code 0" in text
    assert "made" in text
    world_of_pods.no_pods()


def test_a_fail_verdict_is_kept_and_fails_without_retry(world_of_pods: Deployment) -> None:
    before = world_of_pods.started()
    run = world_of_pods.run({"seed": 2, "end": "fail-verdict"})
    assert run.ended() == "failed"
    assert "verdict FAIL: this probe was asked to say no" in run.log("probe")
    assert (run.instance("probe")["try_number"], world_of_pods.started() - before) == (1, 1)


def test_exit_2_is_not_tried_again_and_says_why(world_of_pods: Deployment) -> None:
    before = world_of_pods.started()
    run = world_of_pods.run({"seed": 3, "end": "bad-input"})
    assert run.ended() == "failed"
    assert "its input is wrong: this probe was asked to find its input wrong" in run.log("probe")
    assert (run.instance("probe")["try_number"], world_of_pods.started() - before) == (1, 1)


def test_every_shape_passes_the_api_server(world_of_pods: Deployment) -> None:
    core, batch = world_of_pods.cluster.core, client.BatchV1Api(world_of_pods.cluster.api)
    for stage in ("index", "generate", "validate", "train", "evaluate", "export", "hil", "probe"):
        settings = pods(namespace=world_of_pods.namespace, stages={"train": {"nodes": 2}})
        shape = pod_shape(settings, order(stage))
        made = core.create_namespaced_pod(world_of_pods.namespace, shape, dry_run="All", field_validation="Strict")
        assert made.spec.containers[0].security_context.read_only_root_filesystem
    shape = job_shape(settings, order("train"))
    job = batch.create_namespaced_job(world_of_pods.namespace, shape, dry_run="All", field_validation="Strict")
    assert job.spec.completion_mode == "Indexed"


def test_the_reaper_takes_pods_whose_task_is_gone_and_no_others(world_of_pods: Deployment) -> None:
    gone = {"dag": "pods", "run": "a run that was deleted", "task": "probe", "map-index": "-1"}
    made = [
        world_of_pods.pod_of("orphan", gone),
        world_of_pods.pod_of("somebody-elses", gone, managed_by="helm"),
        world_of_pods.pod_of("another-airflows", gone | {"dag": "theirs"}),
        world_of_pods.pod_of("by-hand", {}),
        world_of_pods.pod_of("odd", gone | {"map-index": "all"}),
    ]
    try:
        assert world_of_pods.reap() == [], "it is younger than the grace period"
        said = world_of_pods.reap("--grace-s", "0", "--dry-run")
        assert [(line["event"], line["name"]) for line in said] == [("would delete", "orphan")]
        said = world_of_pods.reap("--grace-s", "0")
        assert [(line["event"], line["why"]) for line in said] == [("deleted", "its task does not exist any more")]
        assert world_of_pods.reap("--grace-s", "0") == []
    finally:
        world_of_pods.remove(made)
