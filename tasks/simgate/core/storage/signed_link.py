"""Link: a URL by which a browser reads one object for a while; whoever has it needs no account."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import obstore
from obstore.store import S3Store

from simgate.core.storage.credentials import StoreKeys

if TYPE_CHECKING:
    from obstore import Attributes

MAX_LINK_S = 7 * 24 * 3600.0
"""S3 takes no signature that is valid for longer."""
REPORT_NAME = "report.html"
"""A run's page, drawn after the commit and in no manifest; no page holds a link, since links end and pages stay."""
_SHOWN_AS = {".html": "text/html; charset=utf-8", ".json": "application/json", ".png": "image/png"}


def signed(store: S3Store, url: str, keys: StoreKeys | None, key: str, for_s: float) -> str:
    """Return the presigned URL, on the address by which people reach the server; nothing is asked of the server."""
    if keys is not None and keys.public_endpoint:
        # The address is part of what is signed.
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        store = S3Store(
            bucket, prefix=prefix or None, access_key_id=keys.access_key,
            secret_access_key=keys.secret_key.get_secret_value(), region=keys.region, endpoint=keys.public_endpoint,
            aws_endpoint_url_s3=keys.public_endpoint,
            client_options={"allow_http": keys.public_endpoint.startswith("http://")},
        )  # fmt: skip
    return obstore.sign(store, "GET", key, timedelta(seconds=max(1.0, min(for_s, MAX_LINK_S))))


def report_of(manifest_uri: str) -> str:
    """Return the key of a run's page, which lies beside its manifest if the stage draws one."""
    return f"{manifest_uri.rpartition('/')[0]}/{REPORT_NAME}"


def attributes(key: str) -> Attributes:
    """Return the content type that a bucket sends for an object; without it browsers save a page and do not show it."""
    kind = _SHOWN_AS.get(PurePosixPath(key).suffix)
    return {"Content-Type": kind} if kind else {}
