"""Pod end: how a pod ended, or why it never began, in one sentence with a remedy; it decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from simgate_airflow.place.pod_settings import StagePods
from simgate_airflow.place.pod_shape import CONTAINER

MAX_CHARACTERS = 600
_NEVER_STARTED = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")


@dataclass(frozen=True, slots=True)
class PodEnd:
    """The end of a pod, read from its status."""

    exit_code: int | None
    """Of the stage's process; None where it has none."""
    sentence: str


def pod_end(pod: dict[str, Any], stage: str, asked: StagePods, warnings: Iterable[str] = ()) -> PodEnd:
    """Read a pod as the API gives it; `warnings` are the messages of its events."""
    status: dict[str, Any] = pod.get("status") or {}
    state = _state(status)
    ended: dict[str, Any] = state.get("terminated") or {}
    code = ended.get("exitCode")
    said = (
        _evicted(status, stage, asked) or _deadline(status, stage, asked) or _disrupted(status)
        or _killed(ended, stage, asked) or _not_begun(status, state, stage, warnings) or _ended(status, ended)
    )  # fmt: skip
    sentence = f"pod {pod['metadata']['name']} {said}"
    return PodEnd(code, sentence[:MAX_CHARACTERS])


def pod_gone(name: str, warnings: Iterable[str]) -> PodEnd:
    """Return the end of a pod that is not there any more."""
    last = _last(warnings)
    return PodEnd(None, f"pod {name} is gone: evicted, preempted, or deleted by somebody{last}"[:MAX_CHARACTERS])


def job_end(name: str, why: str, stage: str, asked: StagePods, warnings: Iterable[str]) -> PodEnd:
    """Return the end of a job whose pods say nothing: they went with its deadline, or none ever came."""
    if why.startswith("DeadlineExceeded"):
        said = _too_long(stage, asked)
    else:
        last = _last(warnings)
        said = f"has no pods{last}{quota_remedy(last, stage)}"
    return PodEnd(None, f"job {name} {said}"[:MAX_CHARACTERS])


def quota_remedy(message: str, stage: str) -> str:
    """Return the remedy for an exceeded quota; empty for any other message."""
    asks = f"; raise the namespace's quota, or lower stages.{stage} of the pod settings"
    return asks if "exceeded quota" in message else ""


def _state(status: dict[str, Any]) -> dict[str, Any]:
    for container in status.get("containerStatuses") or ():
        if container["name"] == CONTAINER:
            found: dict[str, Any] = container.get("state") or {}
            return found
    return {}


def _evicted(status: dict[str, Any], stage: str, asked: StagePods) -> str:
    if status.get("reason") != "Evicted":
        return ""
    message = str(status.get("message") or "").strip().rstrip(".")
    full = "emptydir" in message.lower() or "ephemeral" in message.lower()
    remedy = f"; raise stages.{stage}.scratch (now {asked.scratch})" if full else ""
    return f"was evicted by its node: {message}{remedy}"


def _deadline(status: dict[str, Any], stage: str, asked: StagePods) -> str:
    if status.get("reason") != "DeadlineExceeded":
        return ""
    return _too_long(stage, asked)


def _too_long(stage: str, asked: StagePods) -> str:
    return f"ran longer than {asked.deadline_s} s: raise stages.{stage}.deadline_s"


def _disrupted(status: dict[str, Any]) -> str:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            return f"was taken away ({condition.get('reason')}): {condition.get('message') or 'no reason given'}"
    if status.get("reason") in ("NodeLost", "NodeShutdown", "Terminated", "Shutdown"):
        return f"lost its node: {status.get('message') or status['reason']}"
    return ""


def _killed(ended: dict[str, Any], stage: str, asked: StagePods) -> str:
    if ended.get("reason") != "OOMKilled":
        return ""
    return f"was OOMKilled at its limit of {asked.memory}: raise stages.{stage}.memory"


def _not_begun(status: dict[str, Any], state: dict[str, Any], stage: str, warnings: Iterable[str]) -> str:
    waiting: dict[str, Any] = state.get("waiting") or {}
    if waiting.get("reason") in _NEVER_STARTED:
        return f"cannot start, {waiting['reason']}: {waiting.get('message') or ''}; is the digest in the registry?"
    if waiting and waiting.get("reason") != "ContainerCreating":
        return f"cannot start, {waiting.get('reason')}: {waiting.get('message') or ''}"
    if status.get("phase") != "Pending":
        return ""
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") != "True":
            why = f"{condition.get('reason')}: {condition.get('message') or ''}"
            return f"found no node, {why}; see stages.{stage} of the pod settings"
    return f"did not start{_last(warnings)}"


def _ended(status: dict[str, Any], ended: dict[str, Any]) -> str:
    if not ended:
        return f"ended as {status.get('phase', 'unknown')} without an exit code"
    last = str(ended.get("message") or "").strip().splitlines()[-1:]
    words = f", its last words: {last[0][:300]}" if last and ended.get("exitCode") else ""
    return f"ended with exit code {ended.get('exitCode')}{words}"


def _last(warnings: Iterable[str]) -> str:
    found = list(warnings)
    return f"; the last warning: {found[-1]}" if found else ""
