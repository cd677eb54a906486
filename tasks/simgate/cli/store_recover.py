"""Recover: put an older version of an object back on top, found by the digest that a manifest or a person names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simgate.cli.store_server import Server, answers
from simgate.core.errors import NotFound

if TYPE_CHECKING:
    from minio import Minio
    from minio.datatypes import Object

CHUNK_BYTES = 4 * 1024 * 1024


def recover(server: Server, key: str, sha256: str) -> str:
    """Make the version with that digest the newest; return a sentence about it."""
    client, name = server.client(), server.key(key)
    with answers(f"recover {key}"):
        versions = list(_versions(client, server.bucket, name))
        for item in versions:
            if not item.is_delete_marker and _digest(client, server.bucket, item) == sha256:
                # Not by its place: the SDK lists delete markers after all versions (tried).
                if item.is_latest == "true":
                    return f"{key} has these bytes already"
                _put_on_top(client, server.bucket, name, item.version_id or "")
                return f"{key} is version {item.version_id} of {item.last_modified} again"
    raise NotFound(
        f"no version of {key} has that digest", actual=f"{len(versions)} versions", expected=f"sha256 {sha256}",
        remedy="restore it from a backup: `simgate store copy`",
    )  # fmt: skip


def _versions(client: Minio, bucket: str, name: str) -> Iterator[Object]:
    """List versions newest first, as S3 does, and delete markers last."""
    found = client.list_objects(bucket, prefix=name, recursive=True, include_version=True)
    return (item for item in found if item.object_name == name)


def _digest(client: Minio, bucket: str, item: Object) -> str:
    response = client.get_object(bucket, item.object_name or "", version_id=item.version_id)
    try:
        digest = hashlib.sha256()
        for chunk in response.stream(CHUNK_BYTES):
            digest.update(chunk)
        return digest.hexdigest()
    finally:
        response.close()
        response.release_conn()


def _put_on_top(client: Minio, bucket: str, name: str, version: str) -> None:
    from minio.commonconfig import ComposeSource

    # Composed, not copied: S3 copies no more than 5 GiB in one request.
    client.compose_object(bucket, name, [ComposeSource(bucket, name, version_id=version)])
