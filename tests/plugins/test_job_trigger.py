"""Job trigger: what it makes of a Job and its pods, as Kubernetes' own client reads them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from kubernetes.client import V1Job, V1JobCondition, V1JobStatus, V1ObjectMeta, V1Pod, V1PodStatus
from kubernetes_asyncio.client import ApiException

from simgate_airflow.place.job_trigger import StageJobTrigger, end_of, look
from simgate_airflow.place.pod_trigger import LOST_AFTER_S

LONG_S = 864_000.0
WITHIN_S = 60.0


def ago(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.now(UTC) - timedelta(seconds=seconds)


DEADLINE = V1JobCondition(type="Failed", status="True", reason="DeadlineExceeded", message="too long")


def job(*conditions: tuple[str, str], made_s: float = 0.0, started_s: float | None = 0.0) -> V1Job:
    """Made and started so many seconds ago."""
    found = [V1JobCondition(type=kind, status=status, message=f"{kind}!") for kind, status in conditions]
    metadata = V1ObjectMeta(name="j", creation_timestamp=ago(made_s))
    return V1Job(metadata=metadata, status=V1JobStatus(start_time=ago(started_s), conditions=found or None))


def pod(phase: str = "Running", *, due_s: float | None = None) -> V1Pod:
    """Its deletion was due so many seconds ago."""
    return V1Pod(metadata=V1ObjectMeta(name="p", deletion_timestamp=ago(due_s)), status=V1PodStatus(phase=phase))


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


def test_the_reason_of_an_end_is_said_first() -> None:
    assert end_of(V1Job(status=V1JobStatus(conditions=[DEADLINE]))) == ("failed", "DeadlineExceeded: too long")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: (job(), [pod()]), ("", "")),
        (lambda: (job(started_s=None), []), ("", "")),
        (lambda: (job(made_s=LONG_S, started_s=None), []), ("timeout", "no pod came up within 60 s")),
        (lambda: (job(made_s=LONG_S), [pod("Pending")]), ("", "")),
        (lambda: (job(started_s=LONG_S), [pod("Pending")]), ("timeout", "p did not start within 60 s")),
        (lambda: (job(started_s=LONG_S), []), ("timeout", "no pod came up within 60 s")),
        (lambda: (job(("FailureTarget", "True"), started_s=LONG_S), []), ("", "")),
        (lambda: (job(("Suspended", "False"), started_s=LONG_S), []), ("timeout", "no pod came up within 60 s")),
        (lambda: (job(started_s=LONG_S), [pod()]), ("", "")),
        (lambda: (job(), [pod(due_s=0)]), ("", "")),
        (lambda: (job(), [pod(due_s=LOST_AFTER_S + 5)]), ("failed", "pod p lost its node")),
        (lambda: (job(("Complete", "True")), [pod("Pending", due_s=LONG_S)]), ("success", "Complete!")),
    ],
)
def test_what_a_look_at_a_job_says(made: Callable[[], tuple[V1Job, list[V1Pod]]], said: tuple[str, str]) -> None:
    assert look(*made(), WITHIN_S) == said


def test_a_job_without_pods_waits_on_where_nobody_may_read_events(monkeypatch: pytest.MonkeyPatch) -> None:
    class Batch:
        def __init__(self, _connection: object) -> None: ...

        async def read_namespaced_job(self, _name: str, _namespace: str) -> V1Job:
            return job()

    class Core:
        def __init__(self, _connection: object) -> None: ...

        async def list_namespaced_pod(self, _namespace: str, **_more: object) -> object:
            return SimpleNamespace(items=[])

        async def list_namespaced_event(self, _namespace: str, **_more: object) -> object:
            raise ApiException(status=403)

    monkeypatch.setattr("simgate_airflow.place.job_trigger.client", SimpleNamespace(BatchV1Api=Batch, CoreV1Api=Core))
    trigger = StageJobTrigger(name="j", namespace="n", poll_s=0.01, start_within_s=WITHIN_S)
    monkeypatch.setattr(trigger, "hook", SimpleNamespace(get_conn=lambda: nullcontext(None)))
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(asyncio.wait_for(anext(trigger.run()), 0.3))
