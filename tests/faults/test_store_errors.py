"""A server that is away, ill, slow, or not ours: an error in bounded time that says what to do."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from simgate.core.documents.artifact import Artifact
from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import NotFound, SimgateError, StoreError
from simgate.core.storage.credentials import StoreKeys
from simgate.core.storage.patience import Patience
from simgate.core.storage.store import Store
from simgate.core.storage.transfer import PART_BYTES
from tests.faults.line import IMPATIENT, LARGE, source
from tests.servers.minio import MinioServer, free_port
from tests.servers.proxy import Proxy
from tests.servers.stores import NewStore

OPERATIONS: dict[str, Callable[[Store, Path], object]] = {
    "get": lambda store, folder: store.get("a/x"),
    "exists": lambda store, folder: store.exists("a/x"),
    "create": lambda store, folder: store.create("a/x", b"1"),
    "put": lambda store, folder: store.put("a/x", b"1"),
    "put-large": lambda store, folder: store.put("a/large", source(folder)),
    "keys": lambda store, folder: store.keys("a"),
    "delete": lambda store, folder: store.delete("a/x"),
}


@pytest.mark.parametrize("operation", ["get", "create", "put-large", "keys"])
def test_a_storm_that_does_not_end_is_an_error_in_bounded_time_and_leaves_no_object(
    minio: MinioServer, proxy: Proxy, room: str, operation: str, tmp_path: Path
) -> None:
    store = Store(minio.store(room).url, proxy.keys(minio.keys), patience=IMPATIENT)
    proxy.set(storm=10**9)
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"status 503.*; see that the server runs"):
        OPERATIONS[operation](store, tmp_path)
    assert time.monotonic() - began < 15
    assert minio.store(room).keys("a") == []


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"secret_key": "not-the-secret-key-at-all"}, "secret key is wrong|account may not"),
        ({"access_key": "nobody"}, "does not know this access key|account may not"),
    ],
    ids=["secret", "account"],
)
def test_wrong_keys_are_named_at_once_and_never_shown(
    minio: MinioServer, room: str, operation: str, change: dict[str, str], said: str, tmp_path: Path
) -> None:
    keys = StoreKeys(
        access_key=change.get("access_key", minio.keys.access_key), endpoint=minio.url,
        secret_key=SecretStr(change.get("secret_key", minio.keys.secret_key.get_secret_value())),
    )  # fmt: skip
    store = Store(minio.store(room).url, keys)
    began = time.monotonic()
    with pytest.raises(StoreError, match=said) as caught:
        OPERATIONS[operation](store, tmp_path)
    assert time.monotonic() - began < 5
    assert caught.value.remedy
    told = f"{caught.value} {store!r} {''.join(traceback.format_exception(caught.value))}"
    assert keys.secret_key.get_secret_value() not in told


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_bucket_that_is_not_there_is_no_empty_store(minio: MinioServer, operation: str, tmp_path: Path) -> None:
    store = minio.store(bucket="no-such-bucket")
    with pytest.raises(StoreError, match=r"bucket does not exist.*; run `simgate store init`") as caught:
        OPERATIONS[operation](store, tmp_path)
    assert not isinstance(caught.value, NotFound)


def test_a_machine_without_certificate_authorities_is_told_so(
    minio: MinioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")
    with pytest.raises(StoreError, match=r"no certificate authority.* set SSL_CERT_FILE"):
        minio.store("x").get("y")


def test_a_server_that_is_away_is_named_within_seconds(minio: MinioServer) -> None:
    keys = minio.keys.model_copy(update={"endpoint": f"http://127.0.0.1:{free_port()}"})
    with pytest.raises(StoreError, match=r"server is away.*got http://127.*; start it, or correct the endpoint"):
        Store("s3://simgate", keys, patience=IMPATIENT).get("a/x")


def test_a_server_that_goes_away_later_is_an_error_in_bounded_time(minio: MinioServer, proxy: Proxy, room: str) -> None:
    store = Store(minio.store(room).url, proxy.keys(minio.keys), patience=IMPATIENT)
    store.put("a/x", b"1")
    proxy.set(refuse=True)
    began = time.monotonic()
    with pytest.raises(StoreError, match="server does not answer"):
        store.get("a/x")
    assert time.monotonic() - began < 15


def test_a_server_that_accepts_and_says_nothing_is_an_error_in_bounded_time(
    minio: MinioServer, proxy: Proxy, room: str
) -> None:
    store = Store(minio.store(room).url, proxy.keys(minio.keys), patience=IMPATIENT)
    proxy.set(delay_s=60.0)
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"server does not answer.*timeout"):
        store.get("a/x")
    assert time.monotonic() - began < 20


def test_a_large_object_over_a_slow_line_outlives_the_time_out_of_one_request(
    minio: MinioServer, proxy: Proxy, room: str, tmp_path: Path
) -> None:
    data = random.Random(2).randbytes(3 * PART_BYTES)
    (tmp_path / "source").write_bytes(data)
    patience = Patience(request_s=3, retry_s=3, give_up_s=60)
    store = Store(minio.store(room).url, proxy.keys(minio.keys), patience=patience)
    whole = Artifact(name="x", uri="a/x", sha256=sha256_hex(data), size_bytes=len(data), media_type="x/y")
    proxy.set(bytes_per_s=6e6)
    began = time.monotonic()
    store.put("a/x", tmp_path / "source")
    store.fetch(whole, tmp_path / "out")
    assert time.monotonic() - began > patience.request_s
    assert (tmp_path / "out").read_bytes() == data


def test_an_object_that_changes_while_it_is_read_is_never_mixed(new_store: NewStore, tmp_path: Path) -> None:
    store = new_store("changes")
    store.put("a/large", source(tmp_path))
    chunks = iter(store._reader("a/large").open().chunks)
    next(chunks)
    (tmp_path / "other").write_bytes(LARGE[::-1])
    store.put("a/large", tmp_path / "other")
    with pytest.raises(StoreError, match="changed while it was read"):
        list(chunks)


def test_every_store_error_says_what_and_what_to_do(minio: MinioServer) -> None:
    with pytest.raises(SimgateError) as caught:
        minio.store(bucket="no-such-bucket").keys("a")
    assert "\n" not in str(caught.value)
    assert "<?xml" not in str(caught.value)
