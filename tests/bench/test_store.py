"""The store's throughput over a folder and over MinIO, digests included, against plain obstore.

Large objects have two peers: a bare copy, which leaves no digest, and obstore with hashlib, which does the same work.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import obstore
from obstore.store import LocalStore, S3Store

from simgate.core.documents.artifact import Artifact
from simgate.core.storage.store import Store
from tests.bench.tables import middle, publish
from tests.servers.minio import BUCKET, MinioServer

SIZE_BYTES = 256 * 1024 * 1024
SMALL = 100
ROUNDS = 15
PART_BYTES = 5 * 1024 * 1024
"""Of obstore's own uploads."""
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
    note = f"{SIZE_BYTES // 2**20} MiB, and {SMALL} objects of 1 kB; median of {ROUNDS} rounds, each of all peers"
    publish("store", rows, note=note)


def _rows(name: str, store: Store, plain: Plain, source: Path) -> list[dict[str, object]]:
    sha256 = store.put("large", source)
    large = Artifact(name="x", uri="large", sha256=sha256, size_bytes=SIZE_BYTES, media_type="x/y")
    out = source.with_name("out")
    mb = SIZE_BYTES / 1e6
    return [
        _row(
            f"{name}: put", mb, "MB/s",
            lambda: store.put("a", source), lambda: obstore.put(plain, "b", source), lambda: _hashed_put(plain, source),
        ),
        _row(
            f"{name}: fetch", mb, "MB/s",
            lambda: store.fetch(large, out), lambda: _copy(plain, out), lambda: _hashed_copy(plain, out, sha256),
            # As stages do: into a folder that is empty. Peers write over what is there, and ours beside it.
            before=lambda: out.unlink(missing_ok=True),
        ),
        _row(f"{name}: create", SMALL, "objects/s", _creates(store.create), _creates(_plain_create(plain))),
        _row(f"{name}: get", SMALL, "objects/s", _gets(store.get), _gets(_plain_get(plain))),
    ]  # fmt: skip


def _row(
    what: str, amount: float, unit: str, *peers: Callable[[], object], before: Callable[[], None] = lambda: None
) -> dict[str, object]:
    """Ours, a bare copy and one with a digest, in turns, so that what else the machine does hits them all."""
    taken: list[list[float]] = [[] for _ in peers]
    order = list(enumerate(peers))
    for _ in range(ROUNDS):
        random.shuffle(order)
        for index, action in order:
            before()
            taken[index].append(_seconds(action))
    speeds = [middle([amount / one for one in seconds]) for seconds in taken]
    ratios = [middle([peer / own for own, peer in zip(taken[0], seconds, strict=True)]) for seconds in taken[1:]]
    return {"what": what, "unit": unit, "ours": speeds[0], "bare": speeds[1], "ratio": ratios[0]} | (
        {"with digest": speeds[2], "ratio with digest": ratios[1]} if len(peers) > 2 else {}
    )


def _seconds(action: Callable[[], object]) -> float:
    os.sync()  # or the disk still writes for the one before
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _hashed_put(plain: Plain, source: Path) -> str:
    digest = hashlib.sha256()

    def parts() -> Iterator[bytes]:
        with source.open("rb") as file:
            while part := file.read(PART_BYTES):
                digest.update(part)
                yield part

    obstore.put(plain, "b", parts())
    return digest.hexdigest()


def _copy(plain: Plain, to: Path) -> None:
    with to.open("wb") as file:
        for chunk in obstore.get(plain, "large").stream():
            file.write(chunk)


def _hashed_copy(plain: Plain, to: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    with to.open("wb") as file:
        for chunk in obstore.get(plain, "large").stream():
            digest.update(chunk)
            file.write(chunk)
    assert digest.hexdigest() == sha256


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
