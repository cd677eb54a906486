"""A bad line to the real MinIO, and a prefix of the test's own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.servers.minio import MinioServer
from tests.servers.proxy import Proxy, proxied


@pytest.fixture
def proxy(minio: MinioServer) -> Iterator[Proxy]:
    with proxied(minio.port) as between:
        yield between


@pytest.fixture
def room() -> str:
    """Prefix of one test."""
    return f"faults/{secrets.token_hex(6)}"
