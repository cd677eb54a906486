"""Server: the S3 server of a store and the account that administers it; the minio SDK is imported here alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import InputError, StoreError
from simgate.core.storage.bucket import bucket_url
from simgate.core.storage.credentials import StoreKeys, own_store_keys

if TYPE_CHECKING:
    from minio import Minio, MinioAdmin
    from urllib3 import PoolManager

AWS = "https://s3.amazonaws.com"
CONNECT_S, READ_S = 5.0, 60.0
TRIES = 4


@dataclass(frozen=True)
class Server:
    """The S3 server of a store, with an administrator's account."""

    bucket: str
    prefix: str
    """Without slashes at its ends; empty where the store is the whole bucket."""
    keys: StoreKeys

    @classmethod
    def of(cls, url: str) -> Server:
        """Return the server of a store's URL, under this process's own account or what AWS_* say."""
        if not url.startswith("s3://"):
            raise InputError(
                "this command administers stores in S3", actual=url, expected="s3://bucket or s3://bucket/prefix",
                remedy="a folder needs no accounts: anybody who may write in it may write all of it",
            )  # fmt: skip
        bucket, _, prefix = bucket_url(url).removeprefix("s3://").partition("/")
        return cls(bucket, prefix, own_store_keys() or _account())

    @property
    def name(self) -> str:
        """The prefix of this store's account and policy names: several stores may share a server."""
        name = self.url.removeprefix("s3://")
        if "." not in name:
            return name.replace("/", ".")
        # `a.b/c` and `a/b.c` would be one name, and each would hold the other's policies.
        return f"{name.replace('/', '.')}.{sha256_hex(self.url.encode())[:8]}"

    @property
    def url(self) -> str:
        """The store's URL."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def key(self, name: str) -> str:
        """Return a store key as the bucket's key."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def name_of(self, key: str) -> str:
        """Return the store key of a bucket's key."""
        return key.removeprefix(f"{self.prefix}/") if self.prefix else key

    def client(self) -> Minio:
        """Return the SDK's client."""
        minio = _sdk()
        secure, address = _address(self.keys.endpoint)
        return minio(
            address, self.keys.access_key, self.keys.secret_key.get_secret_value(),
            secure=secure, region=self.keys.region, http_client=_pool(),
        )  # fmt: skip

    def admin(self) -> MinioAdmin | None:
        """MinIO's admin API under this account, or None where the server is none of MinIO's."""
        _sdk()
        from minio.credentials.providers import StaticProvider
        from minio.error import MinioAdminException
        from minio.minioadmin import MinioAdmin

        secure, address = _address(self.keys.endpoint)
        account = StaticProvider(self.keys.access_key, self.keys.secret_key.get_secret_value())
        admin = MinioAdmin(
            endpoint=address, credentials=account, secure=secure, region=self.keys.region, http_client=_pool()
        )
        with answers("ask for the admin API"):
            try:
                admin.policy_list()
            except MinioAdminException as error:
                # MinIO answers in JSON; any other S3 takes the address for an object's and answers in XML.
                if '"Code":"' not in str(error):
                    return None
                raise
        return admin


@contextmanager
def answers(doing: str) -> Iterator[None]:
    """Turn the SDK's errors into one line: the action, the server's message, the remedy."""
    from minio.error import MinioAdminException, MinioException, S3Error
    from urllib3.exceptions import HTTPError

    try:
        yield
    except S3Error as error:
        raise StoreError(f"cannot {doing}: {error.message or error.code}", actual=error.code, remedy=_RIGHTS) from error
    except MinioAdminException as error:
        raise StoreError(f"cannot {doing}", actual=str(error).partition("Resource")[0][:200], remedy=_RIGHTS) from error
    except (MinioException, HTTPError, OSError) as error:
        raise StoreError(
            f"cannot {doing}: the server does not answer", actual=str(error).partition("\n")[0][:200],
            remedy="see that the server runs and that the endpoint is right",
        ) from error  # fmt: skip


_RIGHTS = "use the administrator's keys (SIMGATE_ROLE_KEYS or AWS_*)"


def _sdk() -> type[Minio]:
    try:
        from minio import Minio
    except ImportError as error:
        raise InputError(
            "the minio package is not installed here", expected="an installation with the extra `airflow`",
            remedy="pip install 'simgate[airflow]', or pip install minio",
        ) from error  # fmt: skip
    return Minio


def _account() -> StoreKeys:
    found = {name: os.environ.get(name, "") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    if missing := [name for name, value in found.items() if not value]:
        raise InputError(
            "no account to administer the store with", actual=f"{' and '.join(missing)} not set",
            expected="AWS_*, or SIMGATE_ROLE_KEYS", remedy="MinIO's root account is meant, or an S3 administrator's",
        )  # fmt: skip
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    value = {"access_key": found["AWS_ACCESS_KEY_ID"], "secret_key": found["AWS_SECRET_ACCESS_KEY"]}
    return StoreKeys.from_value({**value, "endpoint": endpoint, "region": region}, what="AWS_* of the environment")


def _address(endpoint: str) -> tuple[bool, str]:
    parts = urlsplit(endpoint or AWS)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InputError(
            "endpoint of the store is no URL", actual=endpoint, expected="http://host:port or https://host"
        )
    return parts.scheme == "https", parts.netloc


def _pool() -> PoolManager:
    import certifi
    import urllib3

    retries = urllib3.Retry(total=TRIES, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504))
    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S), retries=retries, maxsize=16,
        cert_reqs="CERT_REQUIRED", ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
    )  # fmt: skip
