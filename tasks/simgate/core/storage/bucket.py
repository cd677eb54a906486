"""Bucket: an S3 bucket below a prefix, opened with one account and with bounds on how long anything may take."""

from __future__ import annotations

import os
import re
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from obstore.exceptions import BaseError
from obstore.store import S3Store
from tenacity import Retrying, retry_if_exception_type, stop_after_delay

from simgate.core.errors import InputError, StoreError
from simgate.core.storage.credentials import StoreKeys
from simgate.core.storage.patience import JITTER, Patience
from simgate.core.storage.store_errors import explain

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_URL = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._=-]+)*")
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_ACCOUNTS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_SKIP_SIGNATURE",
)


def bucket_url(url: str) -> str:
    """Return the URL without a closing slash; InputError for what is no `s3://bucket/prefix`."""
    url = url.rstrip("/")
    if not _URL.fullmatch(url) or any(part in (".", "..") for part in url.split("/")):
        # A URL that holds `user:password@` must not reach a log.
        shown = "a URL with an account in it" if "@" in url else url
        raise InputError("no such kind of bucket", actual=shown, expected="s3://bucket or s3://bucket/prefix")
    return url


def open_bucket(url: str, keys: StoreKeys | None, patience: Patience) -> S3Store:
    """Open the bucket under `keys`, or under AWS_* of the environment; StoreError where the server is away."""
    endpoint = keys.endpoint if keys else next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
    if keys is None and not any(os.environ.get(name) for name in _ACCOUNTS) and endpoint:
        raise InputError(f"no account for {url}", remedy="set SIMGATE_ROLE_KEYS, or AWS_ACCESS_KEY_ID and its secret")
    if endpoint:
        _reach(endpoint, patience)
    account: dict[str, Any] = {} if keys is None else _account(keys)
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    try:
        return S3Store(
            bucket, prefix=prefix or None, client_options=_client_options(endpoint, patience),
            retry_config=_retry_config(patience), **account,
        )  # fmt: skip
    except BaseError as error:
        raise explain(error, f"cannot open {url}") from error


def _account(keys: StoreKeys) -> dict[str, Any]:
    """Return a role's account without any AWS_* account of the environment: both would mix (tried)."""
    access_key, secret_key = keys.access_key, keys.secret_key
    account: dict[str, Any] = {
        "region": keys.region,
        "credential_provider": lambda: {
            "access_key_id": access_key,
            "secret_access_key": secret_key.get_secret_value(),
            "token": None,
            "expires_at": None,
        },
    }
    if keys.endpoint:
        # Both names: the environment's service-specific one would win over the plain one.
        account |= {"endpoint": keys.endpoint, "aws_endpoint_url_s3": keys.endpoint}
    return account


def _client_options(endpoint: str, patience: Patience) -> ClientConfig:
    return {
        "connect_timeout": timedelta(seconds=patience.connect_s),
        "timeout": timedelta(seconds=patience.request_s),
        "allow_http": endpoint.startswith("http://"),
        "user_agent": "simgate",
    }


def _retry_config(patience: Patience) -> RetryConfig:
    return {
        "max_retries": 6,
        "retry_timeout": timedelta(seconds=patience.retry_s),
        "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5), "base": 2},
    }


def _reach(endpoint: str, patience: Patience) -> None:
    """Connect once before anything waits for two minutes on a server that is not there."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        shown = "a URL with an account in it" if "@" in endpoint else endpoint
        raise InputError("no such endpoint of a store", actual=shown, expected="http://host:port or https://host")
    if getproxies().get(parts.scheme) and not proxy_bypass(parts.hostname):
        return
    where = (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
    again = Retrying(
        retry=retry_if_exception_type(OSError), stop=stop_after_delay(patience.first_s), wait=JITTER, reraise=True
    )
    try:
        again(socket.create_connection, where, timeout=patience.connect_s).close()
    except OSError as error:
        raise StoreError(
            f"the store's server is away: {error.strerror or error}", actual=endpoint,
            expected=f"an S3 server that answers within {patience.first_s:g} s",
            remedy="start it, or correct the endpoint (store.json, AWS_ENDPOINT_URL)",
        ) from error  # fmt: skip
