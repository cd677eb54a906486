"""Seal: lock every version of evidence, and lock it again before its lock ends; what is no evidence is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal

from simgate.cli.store_server import Server, answers
from simgate.core.storage.many import at_once
from simgate.rows.roles import SEALED, is_sealed

if TYPE_CHECKING:
    from minio import Minio
    from minio.datatypes import Object

Mode = Literal["GOVERNANCE", "COMPLIANCE"]
AT_ONCE = 64


@dataclass
class Sealing:
    """Counts of objects that were looked at and locked."""

    looked_at: int = 0
    locked: int = 0


def seal(server: Server, *, mode: Mode, days: int, since: datetime | None, tell: Callable[[Sealing], None]) -> Sealing:
    """Lock evidence written after `since` (None: all) for `days` from now; renew a lock when half of it is over."""
    client, done = server.client(), Sealing()
    now = datetime.now(UTC).replace(microsecond=0)
    lock = partial(_lock, client, server.bucket, mode, now + timedelta(days=days), now + timedelta(days=days / 2))
    with answers("lock evidence"):
        for batch in _batches(_versions(client, server, since)):
            fresh = at_once(lock, batch)
            done.looked_at += len(batch)
            done.locked += sum(fresh)
            tell(done)
    return done


def _versions(client: Minio, server: Server, since: datetime | None) -> Iterator[Object]:
    """Yield every version, page by page: an overwritten one counts as much as the newest."""
    for place in (*SEALED, "runs/"):
        found = client.list_objects(server.bucket, prefix=server.key(place), recursive=True, include_version=True)
        for item in found:
            new = since is None or item.last_modified is None or item.last_modified >= since
            if new and not item.is_delete_marker and is_sealed(server.name_of(item.object_name or "")):
                yield item


def _batches(items: Iterator[Object]) -> Iterator[list[Object]]:
    batch: list[Object] = []
    for item in items:
        batch.append(item)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _lock(client: Minio, bucket: str, mode: Mode, until: datetime, renewed_before: datetime, item: Object) -> bool:
    from minio.retention import Retention

    name = item.object_name or ""
    found = client.get_object_retention(bucket, name, version_id=item.version_id)
    if found is not None and found.retain_until_date >= renewed_before:
        return False
    # A lock is made longer, never another: governance into compliance is a step that a person takes.
    kind = found.mode if found else mode
    client.set_object_retention(bucket, name, Retention(kind, until), version_id=item.version_id)
    return True
