"""Reaper: deletes pods and jobs whose task in Airflow is over or gone; nobody else would.

python -m simgate_airflow.place.reaper [--dry-run] [--grace-s SECONDS]

For a CronJob; it exits with 0, or with 1 where Airflow is silent.

A task that was marked failed while the triggerer was down, or whose worker died after its pod was made and that was
then cleared away, leaves a pod that nobody watches. Only objects with simgate's label and a task of this Airflow are
looked at: one whose DAG this Airflow does not know is left alone, for it may be another Airflow's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from simgate.core.errors import NotFound, SimgateError
from simgate_airflow.place.pod_settings import pods_settings
from simgate_airflow.place.pod_shape import MANAGED_BY
from simgate_airflow.place.pod_task import PodTask
from simgate_airflow.rest import Rest, run_path
from simgate_airflow.settings import settings

GRACE_S = 300
PAGE = 200
OVER = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
"""States of a task after which it watches no pod; in any other, up_for_retry first, the next try takes the pod over."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A pod or job that simgate made."""

    kind: str
    name: str
    namespace: str
    made: datetime
    task: PodTask | None
    deleted: bool
    """Whether it is being deleted already."""


class Reaper:
    """Compares pods and Jobs of one namespace with Airflow's tasks."""

    def __init__(self, api: client.ApiClient, rest: Rest, namespace: str, grace: timedelta) -> None:
        self._core = client.CoreV1Api(api)
        self._batch = client.BatchV1Api(api)
        self._rest = rest
        self._namespace = namespace
        self._grace = grace

    def orphans(self) -> Iterator[tuple[Owned, str]]:
        """Yield each pod or Job that no task watches, with the reason."""
        now = datetime.now(UTC)
        for owned in self._owned():
            if owned.deleted or owned.task is None or now - owned.made < self._grace:
                continue
            if reason := self._over(owned.task, now):
                yield owned, reason

    def delete(self, owned: Owned) -> None:
        """End it; one that is gone is gone."""
        try:
            if owned.kind == "Job":
                self._batch.delete_namespaced_job(owned.name, owned.namespace, propagation_policy="Background")
            else:
                self._core.delete_namespaced_pod(owned.name, owned.namespace)
        except ApiException as error:
            if error.status != 404:
                raise SimgateError(f"cannot delete {owned.kind} {owned.name}: {error.reason}") from error

    def _owned(self) -> Iterator[Owned]:
        for kind, listed in (
            ("Job", self._batch.list_namespaced_job),
            ("Pod", self._core.list_namespaced_pod),
        ):
            for item in _pages(listed, self._namespace):
                # A job's pods go with their job.
                if not item.metadata.owner_references:
                    yield _owned_of(kind, item.metadata)

    def _over(self, task: PodTask, now: datetime) -> str:
        """Say why a task's pod is an orphan; empty where it is none, or where that is uncertain."""
        try:
            self._rest.get(f"dags/{quote(task.dag_id, safe='')}")
        except NotFound:
            return ""
        try:
            found: Mapping[str, Any] = self._rest.get(_path(task))
        except NotFound:
            return "its task does not exist any more"
        ended = found.get("end_date")
        if found.get("state") not in OVER or not ended or now - datetime.fromisoformat(ended) < self._grace:
            return ""
        return f"its task is {found['state']} since {ended}"


def _pages(listed: Any, namespace: str) -> Iterator[Any]:
    selector = ",".join(f"{name}={value}" for name, value in MANAGED_BY.items())
    more = None
    while True:
        page = listed(namespace, label_selector=selector, limit=PAGE, _continue=more)
        yield from page.items
        more = page.metadata._continue
        if not more:
            return


def _owned_of(kind: str, metadata: Any) -> Owned:
    task = PodTask.read(metadata.annotations or {})
    deleted = metadata.deletion_timestamp is not None
    return Owned(kind, metadata.name, metadata.namespace, metadata.creation_timestamp, task, deleted)


def _path(task: PodTask) -> str:
    path = f"{run_path(task.dag_id, task.run_id)}/taskInstances/{quote(task.task_id, safe='')}"
    return path if task.map_index < 0 else f"{path}/{task.map_index}"


def main(argv: Sequence[str] | None = None) -> int:
    """Go over the namespace once; each deletion is a line."""
    parser = argparse.ArgumentParser(prog="python -m simgate_airflow.place.reaper", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    parser.add_argument("--grace-s", type=float, default=GRACE_S, help="so long after its task a pod may live")
    given = parser.parse_args(argv)
    try:
        reaper = Reaper(
            _api(), Rest.of(settings()), pods_settings().namespace, timedelta(seconds=max(0.0, given.grace_s))
        )
        for owned, reason in reaper.orphans():
            _say("would delete" if given.dry_run else "deleted", owned, reason)
            if not given.dry_run:
                reaper.delete(owned)
    except (SimgateError, ApiException) as error:
        print(json.dumps({"event": "error", "message": str(error)}), file=sys.stderr, flush=True)
        return 1
    return 0


def _api() -> client.ApiClient:
    try:
        config.load_incluster_config()
        return client.ApiClient()
    except config.ConfigException:
        return config.new_client_from_config()


def _say(event: str, owned: Owned, reason: str) -> None:
    line = {"event": event, "kind": owned.kind, "name": owned.name, "namespace": owned.namespace, "why": reason}
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
