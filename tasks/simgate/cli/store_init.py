"""Init: a bucket that keeps every version, can lock them, and clears leftovers; run again, it does what lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simgate.cli.store_key import put_policy
from simgate.cli.store_server import Server, answers
from simgate.core.errors import InputError
from simgate.core.runtime.job import MAIN
from simgate.rows.roles import ROLES

if TYPE_CHECKING:
    from minio import Minio
    from minio.lifecycleconfig import Rule

SCRATCH_DAYS = 30
"""Checkpoints that nobody resumed for so long are leftovers."""
OLD_VERSION_DAYS = 7
UPLOAD_DAYS = 7
OURS = "simgate-"
"""Prefix of the ids of our lifecycle rules; rules of others are left as they are."""


def init(server: Server) -> Iterator[str]:
    """Set the store up; says each thing done, or found done."""
    client = server.client()
    with answers(f"set up bucket {server.bucket}"):
        yield _bucket(client, server.bucket, server.keys.region)
        yield _versioning(client, server.bucket)
        yield _lock(client, server.bucket)
        yield from _lifecycle(client, server)
    yield from _policies(server)


def _bucket(client: Minio, bucket: str, region: str) -> str:
    if client.bucket_exists(bucket):
        return f"bucket {bucket} is there"
    client.make_bucket(bucket, location=region, object_lock=True)
    return f"made bucket {bucket}, with object lock"


def _versioning(client: Minio, bucket: str) -> str:
    from minio.commonconfig import ENABLED
    from minio.versioningconfig import VersioningConfig

    if client.get_bucket_versioning(bucket).status == ENABLED:
        return "versioning is on"
    client.set_bucket_versioning(bucket, VersioningConfig(ENABLED))
    return "turned versioning on"


def _lock(client: Minio, bucket: str) -> str:
    from minio.error import S3Error
    from minio.objectlockconfig import ObjectLockConfig

    try:
        found = client.get_object_lock_config(bucket)
    except S3Error as error:
        if error.code != "ObjectLockConfigurationNotFoundError":
            raise
    else:
        if found.mode is not None:
            raise InputError(
                f"bucket {bucket} locks every object by default", actual=f"{found.mode}, {found.duration}",
                expected="no default: memos and scratch stay deletable", remedy="remove the bucket's default retention",
            )  # fmt: skip
        return "object lock is on; `simgate store seal` locks evidence, object by object"
    try:
        client.set_object_lock_config(bucket, ObjectLockConfig(None, None, None))
    except S3Error as error:
        raise InputError(
            f"bucket {bucket} was made without object lock, and this server cannot add it", actual=error.code,
            expected="a bucket that can lock versions",
            remedy="`simgate store init` another bucket, then `simgate store copy` this store into it",
        ) from error  # fmt: skip
    return "turned object lock on"


def _lifecycle(client: Minio, server: Server) -> Iterator[str]:
    from minio.error import S3Error
    from minio.lifecycleconfig import LifecycleConfig

    found = client.get_bucket_lifecycle(server.bucket)
    # By their whole names: another store's may begin like ours.
    ours = {rule.rule_id for rule in (*_rules(server), _uploads(server))}
    others = [rule for rule in (found.rules if found else []) if rule.rule_id not in ours]
    try:
        client.set_bucket_lifecycle(server.bucket, LifecycleConfig([*others, *_rules(server), _uploads(server)]))
        yield f"lifecycle: uploads that were cut go after {UPLOAD_DAYS} days"
    except S3Error as error:
        if error.code not in ("InvalidArgument", "MalformedXML", "NotImplemented"):
            raise
        client.set_bucket_lifecycle(server.bucket, LifecycleConfig([*others, *_rules(server)]))
        yield "lifecycle: uploads that were cut are for the server to clear, as MinIO does after a day"
    yield f"lifecycle: scratch/ ends after {SCRATCH_DAYS} days"
    yield f"lifecycle: old versions in scratch/ and memo/ end after {OLD_VERSION_DAYS} days"
    yield f"lifecycle: {len(others)} rules of others left as they are"


def _rules(server: Server) -> list[Rule]:
    from minio.commonconfig import ENABLED, Filter
    from minio.lifecycleconfig import Expiration, NoncurrentVersionExpiration, Rule

    old = NoncurrentVersionExpiration(noncurrent_days=OLD_VERSION_DAYS)
    scratch, memo = (Filter(prefix=server.key(name)) for name in ("scratch/", "memo/"))
    name = f"{OURS}{server.name}-"
    return [
        Rule(ENABLED, rule_filter=scratch, rule_id=f"{name}scratch", expiration=Expiration(days=SCRATCH_DAYS),
             noncurrent_version_expiration=old),
        Rule(ENABLED, rule_filter=memo, rule_id=f"{name}memo", expiration=Expiration(expired_object_delete_marker=True),
             noncurrent_version_expiration=old),
    ]  # fmt: skip


def _uploads(server: Server) -> Rule:
    from minio.commonconfig import ENABLED, Filter
    from minio.lifecycleconfig import AbortIncompleteMultipartUpload, Rule

    return Rule(
        ENABLED, rule_filter=Filter(prefix=server.key("")), rule_id=f"{OURS}{server.name}-uploads",
        abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(days_after_initiation=UPLOAD_DAYS),
    )  # fmt: skip


def _policies(server: Server) -> Iterator[str]:
    admin = server.admin()
    if admin is None:
        yield "accounts: no admin API of MinIO's here; make an account a role with what `simgate store policies` prints"
        return
    names = [put_policy(server, admin, role, MAIN) for role in ROLES]
    yield f"policies: {', '.join(names)}"
    yield "next: `simgate store key ROLE` for each role"
