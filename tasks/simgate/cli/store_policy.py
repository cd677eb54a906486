"""Policy: the S3 policy document of a role, for any S3; what a role may is written in rows/roles.py alone."""

from __future__ import annotations

from typing import Any

from simgate.rows.roles import SEALED, SEALED_NAMES, Role, deletes, writes

VERSION = "2012-10-17"
NEVER = (
    "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectLegalHold", "s3:PutBucketVersioning",
    "s3:PutBucketObjectLockConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy", "s3:DeleteBucket", "s3:ForceDeleteBucket",
)  # fmt: skip
"""Actions denied to every role, whatever else its account allows: without them nobody undoes or hides a write."""
LOCK = "s3:PutObjectRetention"


def policy(bucket: str, prefix: str, role: Role, domain: str, *, minio: bool = False) -> dict[str, Any]:
    """Return the document; `minio` also denies rights that only MinIO knows (accounts, access keys of one's own)."""
    statements = [
        _list(bucket, prefix),
        *(_seals(bucket, prefix) if role == "sealer" else _works(bucket, prefix, role, domain)),
    ]
    never = [*NEVER, *((LOCK,) if role != "sealer" else ())]
    statements.append(_statement("Never", never, [_bucket(bucket), f"{_bucket(bucket)}/*"], effect="Deny"))
    if minio:
        statements.append({"Sid": "NoAdministration", "Effect": "Deny", "Action": ["admin:*"]})
    return {"Version": VERSION, "Statement": statements}


def _works(bucket: str, prefix: str, role: Role, domain: str) -> list[dict[str, Any]]:
    found = [_statement("Read", ["s3:GetObject"], [_object(bucket, prefix, "*")])]
    if places := writes(role, domain):
        # The second and third are what an upload in parts needs when it is cut.
        actions = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        found.append(_statement("Write", actions, [_object(bucket, prefix, f"{place}*") for place in places]))
    if places := deletes(role, domain):
        found.append(
            _statement("Tidy", ["s3:DeleteObject"], [_object(bucket, prefix, f"{place}*") for place in places])
        )
    return found


def _seals(bucket: str, prefix: str) -> list[dict[str, Any]]:
    patterns = [*(f"{place}*" for place in SEALED), *(f"runs/*/{name}" for name in SEALED_NAMES)]
    objects = [_object(bucket, prefix, pattern) for pattern in patterns]
    return [
        _statement("Versions", ["s3:ListBucketVersions"], [_bucket(bucket)], prefix),
        _statement("Lock", ["s3:GetObjectRetention", LOCK], objects),
    ]


def _list(bucket: str, prefix: str) -> dict[str, Any]:
    return _statement("List", ["s3:ListBucket"], [_bucket(bucket)], prefix)


def _statement(
    sid: str, actions: list[str], resources: list[str], prefix: str = "", *, effect: str = "Allow"
) -> dict[str, Any]:
    statement: dict[str, Any] = {"Sid": sid, "Effect": effect, "Action": actions, "Resource": resources}
    if prefix:
        # Another store in the same bucket stays unseen.
        statement["Condition"] = {"StringLike": {"s3:prefix": [f"{prefix}/*"]}}
    return statement


def _bucket(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"


def _object(bucket: str, prefix: str, pattern: str) -> str:
    return f"{_bucket(bucket)}/{prefix}/{pattern}" if prefix else f"{_bucket(bucket)}/{pattern}"
