"""The store's throughput over a folder and over MinIO, digests included, against plain obstore doing the same."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import obstore
from obstore.store import LocalStore, S3Store

from simgate.core.artifact import Artifact
from simgate.core.store import Store
from tests.bench.tables import middle, publish
from tests.servers.minio import BUCKET, MinioServer

SIZE_BYTES = 256 * 1024 * 1024
SMALL = 100
ROUNDS = 7
Plain = LocalStore | S3Store


def test_store_throughput_against_plain_obstore(minio: MinioServer, tmp_path: Path) -> None:
    source = tmp_path / "source"
    with source.open("wb") as file:
        for _ in range(SIZE_BYTES // (1024 * 1024)):
            file.write(os.urandom(1024 * 1024))
    folder = tmp_path / "store"
    folder.mkdir()
    bucket = S3Store(
        BUCKET, prefix="bench", endpoint=minio.url, access_key_id=minio.keys.access_key,
        secret_access_key=minio.keys.secret_key.get_secret_value(), client_options={"allow_http": True},
    )  # fmt: skip
    rows = [
        *_rows("file", Store(str(folder)), LocalStore(str(folder)), source),
        *_rows("MinIO", minio.store("bench"), bucket, source),
    ]
    note = f"{SIZE_BYTES // 2**20} MiB, and {SMALL} objects of 1 kB; median of {ROUNDS} pairs, digest taken and checked"
    publish("store", rows, note=note)


def _rows(name: str, store: Store, plain: Plain, source: Path) -> list[dict[str, object]]:
    sha256 = store.put("large", source)
    large = Artifact(name="x", uri="large", sha256=sha256, size_bytes=SIZE_BYTES, media_type="x/y")
    out = source.with_name("out")
    mb = SIZE_BYTES / 1e6
    return [
        _row(f"{name}: put", mb, "MB/s", lambda: store.put("a", source), lambda: obstore.put(plain, "b", source)),
        _row(f"{name}: fetch", mb, "MB/s", lambda: store.fetch(large, out), lambda: _plain_fetch(plain, out)),
        _row(f"{name}: create", SMALL, "objects/s", _creates(store.create), _creates(_plain_create(plain))),
        _row(f"{name}: get", SMALL, "objects/s", _gets(store.get), _gets(_plain_get(plain))),
    ]


def _row(
    what: str, amount: float, unit: str, ours: Callable[[], object], plain: Callable[[], object]
) -> dict[str, object]:
    """Pairs in turns, so that what else the machine does hits both."""
    pairs = []
    for number in range(ROUNDS):
        if number % 2:
            first, second = _seconds(ours), _seconds(plain)
        else:
            second, first = _seconds(plain), _seconds(ours)
        pairs.append((first, second))
    return {
        "what": what,
        "ours": middle([amount / our_s for our_s, _ in pairs]),
        "plain": middle([amount / plain_s for _, plain_s in pairs]),
        "unit": unit,
        "ratio": middle([plain_s / our_s for our_s, plain_s in pairs]),
    }


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _plain_fetch(plain: Plain, to: Path) -> None:
    with to.open("wb") as file:
        for chunk in obstore.get(plain, "large").stream():
            file.write(chunk)


def _creates(create: Callable[[str, bytes], object]) -> Callable[[], None]:
    def all_of_them() -> None:
        room = os.urandom(6).hex()
        for number in range(SMALL):
            create(f"small/{room}/{number}", b"x" * 1000)

    return all_of_them


def _plain_create(plain: Plain) -> Callable[[str, bytes], object]:
    return lambda key, data: obstore.put(plain, key, data, mode="create", use_multipart=False)


def _gets(get: Callable[[str], object]) -> Callable[[], None]:
    def all_of_them() -> None:
        for _ in range(SMALL):
            get("small/one")

    return all_of_them


def _plain_get(plain: Plain) -> Callable[[str], object]:
    obstore.put(plain, "small/one", b"x" * 1000)
    return lambda key: bytes(obstore.get(plain, key).bytes())
