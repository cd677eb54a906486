"""Which account a store uses, and which URLs are no store."""

from __future__ import annotations

import pytest

from simgate.core.errors import InputError
from simgate.core.storage.store import Store
from tests.servers.minio import MinioServer


@pytest.mark.parametrize(
    "url",
    ["s3://", "s3://UPPER/x", "s3://user:password@bucket/x", "s3://bucket/../x", "s3://bucket//x", "http://a:b@c"],
)
def test_urls_that_name_no_store_are_refused_and_passwords_not_repeated(url: str) -> None:
    with pytest.raises(InputError) as caught:
        Store(url)
    assert "password" not in str(caught.value)
    assert "a:b" not in str(caught.value)


def test_the_environment_gives_the_account_where_no_keys_are_given(
    minio: MinioServer, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in minio.environment().items():
        monkeypatch.setenv(name, value)
    store = Store(f"s3://simgate/{room}")
    store.create("a/x", b"1")
    assert minio.store(room).get("a/x") == b"1"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(InputError, match="no account"):
        Store(f"s3://simgate/{room}").get("a/x")


def test_keys_of_a_role_are_not_mixed_with_what_the_environment_says(
    minio: MinioServer, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "somebody-else")
    store = minio.store(room)
    store.create("a/x", b"1")
    assert store.get("a/x") == b"1"
