"""Job trigger: what it makes of a Job and its pods, as Kubernetes' own client reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kubernetes.client import V1Job, V1JobCondition, V1JobStatus, V1ObjectMeta, V1Pod, V1PodStatus

from simgate_airflow.job_trigger import end_of, look
from simgate_airflow.pod_trigger import LOST_AFTER_S

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=10)
WITHIN_S = 60.0


def job(*conditions: tuple[str, str], made: datetime = NOW, started: datetime | None = NOW) -> V1Job:
    found = [V1JobCondition(type=kind, status=status, message=f"{kind}!") for kind, status in conditions]
    metadata = V1ObjectMeta(name="j", creation_timestamp=made)
    return V1Job(metadata=metadata, status=V1JobStatus(start_time=started, conditions=found or None))


def pod(phase: str = "Running", *, due: datetime | None = None) -> V1Pod:
    return V1Pod(metadata=V1ObjectMeta(name="p", deletion_timestamp=due), status=V1PodStatus(phase=phase))


@pytest.mark.parametrize(
    ("conditions", "ended"),
    [
        ((), ("", "")),
        ((("Suspended", "True"),), ("", "")),
        ((("Suspended", "False"),), ("", "")),
        ((("Complete", "False"),), ("", "")),
        ((("FailureTarget", "True"),), ("", "")),
        ((("Suspended", "False"), ("Complete", "True")), ("success", "Complete!")),
        ((("FailureTarget", "True"), ("Failed", "True")), ("failed", "Failed!")),
    ],
)
def test_a_job_has_ended_when_it_says_so_and_not_when_its_queue_held_it_back(
    conditions: tuple[tuple[str, str], ...], ended: tuple[str, str]
) -> None:
    assert end_of(job(*conditions)) == ended


@pytest.mark.parametrize(
    ("found", "pods", "said"),
    [
        (job(), [pod()], ("", "")),
        (job(started=None), [], ("", "")),
        (job(made=LONG_AGO, started=None), [], ("timeout", "no pod did not start within 60 s")),
        (job(made=LONG_AGO), [pod("Pending")], ("", "")),
        (job(made=LONG_AGO, started=LONG_AGO), [pod("Pending")], ("timeout", "p did not start within 60 s")),
        (job(made=LONG_AGO, started=LONG_AGO), [pod()], ("", "")),
        (job(), [pod(due=NOW)], ("", "")),
        (job(), [pod(due=NOW - timedelta(seconds=LOST_AFTER_S + 5))], ("failed", "pod p lost its node")),
        (job(("Complete", "True")), [pod("Pending", due=LONG_AGO)], ("success", "Complete!")),
    ],
)
def test_what_a_look_at_a_job_says(found: V1Job, pods: list[Any], said: tuple[str, str]) -> None:
    assert look(found, pods, WITHIN_S) == said
