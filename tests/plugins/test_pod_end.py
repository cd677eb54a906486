from __future__ import annotations

from typing import Any

import pytest

from simgate_airflow.place.pod_end import MAX_CHARACTERS, PodEnd, job_end, pod_end, pod_gone
from simgate_airflow.place.pod_settings import StagePods

ASKED = StagePods(memory="4Gi", scratch="10Gi", deadline_s=3600)


def pod(phase: str = "Failed", state: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    containers = [{"name": "stage", "state": state}] if state is not None else []
    return {"metadata": {"name": "p"}, "status": {"phase": phase, "containerStatuses": containers, **status}}


def ended(code: int, **more: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, **more}}


UNSCHEDULED = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
PREEMPTED = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler", "message": "for q"}


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (pod(state=ended(137, reason="OOMKilled")), "was OOMKilled at its limit of 4Gi: raise stages.train.memory"),
        (
            pod(reason="Evicted", message='Usage of EmptyDir volume "scratch" exceeds the limit "10Gi". '),
            'was evicted by its node: Usage of EmptyDir volume "scratch" exceeds the limit "10Gi"; '
            "raise stages.train.scratch (now 10Gi)",
        ),
        (
            pod(reason="Evicted", message="The node was low on memory"),
            "evicted by its node: The node was low on memory",
        ),
        (pod(reason="DeadlineExceeded"), "ran longer than 3600 s: raise stages.train.deadline_s"),
        (pod(state=ended(143), conditions=[PREEMPTED]), "was taken away (PreemptionByScheduler): for q"),
        (pod(reason="NodeLost", message="node n is gone"), "lost its node: node n is gone"),
        (
            pod("Pending", {"waiting": {"reason": "ErrImagePull", "message": "no"}}),
            "cannot start, ErrImagePull: no; is",
        ),
        (pod("Pending", {"waiting": {"reason": "CreateContainerError"}}), "cannot start, CreateContainerError"),
        (pod("Pending", conditions=[UNSCHEDULED]), "found no node, Unschedulable: 0/3 nodes; see stages.train"),
        (pod("Pending", {"waiting": {"reason": "ContainerCreating"}}), "did not start; the last warning: no secret"),
        (pod(state=ended(1, message="a\nboom\n")), "ended with exit code 1, its last words: boom"),
        (pod("Succeeded", ended(0, message="ok")), "ended with exit code 0"),
        (pod("Unknown"), "ended as Unknown without an exit code"),
    ],
)
def test_each_end_is_one_sentence_with_what_to_do(found: dict[str, Any], sentence: str) -> None:
    said = pod_end(found, "train", ASKED, ["first", "no secret"])
    assert sentence in said.sentence
    assert said.sentence.startswith("pod p ")


def test_the_exit_code_is_the_stages_own_process_and_no_sidecars() -> None:
    two = pod(state=ended(2))
    two["status"]["containerStatuses"].insert(0, {"name": "istio-proxy", "state": ended(0)})
    assert pod_end(two, "train", ASKED).exit_code == 2
    assert pod_end(pod("Pending"), "train", ASKED).exit_code is None


def test_a_pod_that_is_gone_leaves_its_last_warning() -> None:
    assert pod_gone("p", ["Evicted: node is low on memory"]).sentence.endswith(
        "the last warning: Evicted: node is low on memory"
    )
    assert "is gone" in pod_gone("p", []).sentence


def test_no_sentence_is_longer_than_a_person_reads() -> None:
    assert len(pod_end(pod(reason="Evicted", message="x" * 10_000), "train", ASKED).sentence) == MAX_CHARACTERS
    assert pod_end({"metadata": {"name": "p"}}, "train", ASKED).sentence


@pytest.mark.parametrize(
    ("why", "warnings", "said"),
    [
        ("DeadlineExceeded: too long", [], "job j ran longer than 3600 s: raise stages.train.deadline_s"),
        ("no pod came up within 5 s", [], "job j has no pods"),
        (
            "no pod came up within 5 s",
            ["no", "FailedCreate: exceeded quota: q"],
            "job j has no pods; the last warning: FailedCreate: exceeded quota: q"
            "; raise the namespace's quota, or lower stages.train of the pod settings",
        ),
    ],
)
def test_a_job_without_pods_says_why(why: str, warnings: list[str], said: str) -> None:
    assert job_end("j", why, "train", ASKED, warnings) == PodEnd(None, said)
