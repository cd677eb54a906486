"""The store's heavy faults: servers and clients killed mid-upload, full disks, a gigabyte in bounded memory."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from simgate.core.documents.artifact import Artifact
from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import StoreError
from simgate.core.storage.credentials import ROLE_KEYS
from simgate.core.storage.store import Store
from simgate.core.storage.transfer import CHUNK_BYTES, PART_BYTES
from tests.faults.line import IMPATIENT, SEED, append_once, create_once, fetch_whole, put_whole
from tests.probe_jobs import probe_job, read_back, result, run, submit
from tests.servers.cache import say
from tests.servers.disk import small_disk
from tests.servers.minio import BUCKET, MinioServer, write_keys
from tests.servers.proxy import Proxy, proxied
from tests.servers.stores import NewStore

LARGE_BYTES = 96 * 1024 * 1024
KILLS = 4
SLOW_BYTES_PER_S = 4_000_000
"""Of each of the four connections of an upload: the whole takes 6 s, so that a kill finds it under way."""
CUT_S = 45.0
GIB_MB = 1024
RSS_GROWTH_MB = 100
PUT = """
import sys, time
from pathlib import Path
from simgate.cli.options import open_store
from simgate.core.storage.transfer import Upload
whole, halt_at = Upload.chunks, int(sys.argv[3])
def halting(upload):
    for number, chunk in enumerate(whole(upload)):
        if number == halt_at:
            print("halted", flush=True)
            time.sleep(120)
        yield chunk
Upload.chunks = halting
open_store(sys.argv[1]).put("a/large", Path(sys.argv[2]))
"""
"""A client that halts before a chunk of its file: its upload cannot be over when it is killed."""
THERE_AND_BACK = """
import sys, resource
from pathlib import Path
from simgate.core.documents.artifact import Artifact
from simgate.cli.options import open_store
rss_mb = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
store, path = open_store(sys.argv[1]), Path(sys.argv[2])
store.put("a/small", b"1")
before = rss_mb()
sha256 = store.put("a/large", path)
store.fetch(Artifact(name="x", uri="a/large", sha256=sha256, size_bytes=1, media_type="x/y"), path.with_name("out"))
print(rss_mb() - before)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(random.Random(SEED).randbytes(LARGE_BYTES))
    return path


@contextmanager
def never_half_visible(store: Store, key: str, sha256: str) -> Iterator[list[str]]:
    """Look at the object all the time: it is not there, or whole."""
    stop, seen = threading.Event(), []

    def look() -> None:
        while not stop.wait(0.05):
            try:
                if store.exists(key):
                    seen.append(store.digest(key))
            except StoreError:
                continue  # the server is away

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()
    assert set(seen) <= {sha256}


def await_bytes(sent: Callable[[], int], wanted: int) -> None:
    """Wait until so many bytes of an upload have come."""
    deadline = time.monotonic() + 60
    while sent() < wanted:
        assert time.monotonic() < deadline, f"SEED={SEED}: {sent()} bytes of {wanted} came"
        time.sleep(0.01)


def test_a_server_killed_mid_upload_and_restarted_gets_the_object_whole(own_minio: MinioServer, source: Path) -> None:
    draws, sha256 = random.Random(SEED), sha256_hex(source.read_bytes())
    with proxied(own_minio.port) as proxy:
        for number in range(KILLS):
            calm, key = own_minio.store(f"kill-{number}"), "a/large"
            store = Store(calm.url, proxy.keys(own_minio.keys))
            with never_half_visible(Store(calm.url, own_minio.keys, patience=IMPATIENT), key, sha256):
                proxy.set(bytes_per_s=SLOW_BYTES_PER_S)
                uploader = threading.Thread(target=store.put, args=(key, source))
                uploader.start()
                await_bytes(lambda: proxy.passed("up"), draws.randrange(CHUNK_BYTES, LARGE_BYTES * 4 // 5))
                own_minio.kill()
                assert uploader.is_alive(), f"SEED={SEED}: the kill hit no upload"
                assert proxy.passed("up") < LARGE_BYTES, f"SEED={SEED}: the kill came after the upload"
                proxy.set()
                time.sleep(draws.uniform(0.2, 2.0))
                own_minio.start()
                uploader.join(timeout=120)
                assert not uploader.is_alive(), f"SEED={SEED}"
            assert calm.digest(key) == sha256
            assert calm.keys("a") == [key]


def test_a_client_killed_mid_upload_leaves_nothing_to_see(
    new_store: NewStore, minio: MinioServer, source: Path, tmp_path: Path
) -> None:
    draws, sha256 = random.Random(SEED), sha256_hex(source.read_bytes())
    with proxied(minio.port) as proxy:
        environment = {**os.environ, ROLE_KEYS: str(write_keys(proxy.keys(minio.keys), tmp_path / "keys"))}
        for number in range(KILLS):
            store = new_store(f"client-{number}")
            proxy.set(bytes_per_s=SLOW_BYTES_PER_S)
            # Past the first part, which is under way then.
            halt_at = draws.randrange(PART_BYTES // CHUNK_BYTES + 1, LARGE_BYTES // CHUNK_BYTES)
            command = [sys.executable, "-c", PUT, store.url, str(source), str(halt_at)]
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
                try:
                    assert process.stdout.readline() == "halted\n"
                    await_bytes(partial(came, store, proxy), CHUNK_BYTES)
                    time.sleep(draws.uniform(0, 0.5))
                    assert process.poll() is None, f"SEED={SEED}: the kill hit no upload"
                finally:
                    process.kill()
            assert store.keys("a") == [], f"SEED={SEED}"
            store.put("a/large", source)
            assert store.digest("a/large") == sha256


def came(store: Store, proxy: Proxy) -> int:
    """Bytes of an upload that reached a bucket, by way of the proxy, or the folder's file that nobody sees yet."""
    if store.url.startswith("s3://"):
        return proxy.passed("up")
    return sum(path.stat().st_size for path in Path(store.url, "a").glob("large#*"))


def test_a_full_disk_of_the_server_is_named_and_what_was_there_stays(source: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "minio/data", 64) as mounted:
        server = MinioServer(tmp_path / "minio", max_file_bytes=0 if mounted else 8_000_000)
        server.start()
        try:
            server.client().make_bucket(BUCKET)
            store = Store(server.store("full").url, server.keys, patience=IMPATIENT)
            store.create("a/before", b"1")
            with pytest.raises(StoreError, match=r"the store is full.*; free or add|status 5\d\d") as caught:
                store.put("a/large", source)
            assert caught.value.remedy
            assert store.keys("a") == ["a/before"]
            assert store.get("a/before") == b"1"
        finally:
            server.stop()


def test_a_full_disk_here_is_named_and_leaves_no_file(source: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 16) as mounted:
        if not mounted:
            # A file that takes nothing, as a full disk does.
            (tmp_path / "disk/out.partial").symlink_to("/dev/full")
        store = Store(str(tmp_path / "store"))
        sha256 = store.put("a/large", source)
        large = Artifact(name="x", uri="a/large", sha256=sha256, size_bytes=LARGE_BYTES, media_type="x/y")
        with pytest.raises(StoreError, match=r"cannot write .*/out.*: the disk is full.*; free disk space"):
            store.fetch(large, tmp_path / "disk/out")
        assert not list((tmp_path / "disk").iterdir())
        if mounted:
            full = Store(str(tmp_path / "disk/store"))
            with pytest.raises(StoreError, match=r"cannot write a/large .*: the disk is full.*; free disk space"):
                full.put("a/large", source)
            assert full.keys("a") == []
            full.create("a/small", b"1")
            assert full.get("a/small") == b"1"


def test_a_gigabyte_goes_there_and_back_in_bounded_memory(new_store: NewStore, tmp_path: Path) -> None:
    path = tmp_path / "source"
    with path.open("wb") as file:
        for _ in range(GIB_MB):
            file.write(os.urandom(1024 * 1024))
    done = subprocess.run(
        [sys.executable, "-c", THERE_AND_BACK, new_store("large").url, str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < RSS_GROWTH_MB


def test_random_cuts_for_a_while_lose_and_double_nothing(
    minio: MinioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws, end, done = random.Random(SEED), time.monotonic() + CUT_S, 0
    room = f"soak/{secrets.token_hex(6)}"
    calm = minio.store(room)
    job = probe_job(5, files=3, size_bytes=300_000)
    assert run(Store(str(tmp_path / "calm")), submit(Store(str(tmp_path / "calm")), job)).returncode == 0
    undisturbed = result(Store(str(tmp_path / "calm")), job)
    assert undisturbed is not None
    outputs = read_back(Store(str(tmp_path / "calm")), undisturbed)
    with proxied(minio.port) as proxy:
        monkeypatch.setenv(ROLE_KEYS, str(write_keys(proxy.keys(minio.keys), tmp_path / "keys")))
        store = Store(calm.url, proxy.keys(minio.keys))
        while time.monotonic() < end:
            fault = draws.choice(("cut", "cut", "cut", "swallow", "storm"))
            if fault == "cut":
                proxy.set(cut_after={draws.choice(("up", "down")): int(10 ** draws.uniform(0, 7))})
            else:
                proxy.set(**{"swallow": {"swallowed_answers": 3}, "storm": {"storm": 3}}[fault])
            work = draws.choice((create_once, append_once, put_whole, fetch_whole, None))
            try:
                if work is not None:
                    work(store, calm, tmp_path)
                else:
                    fresh = minio.store(f"{room}/{done}")
                    assert run(fresh, submit(fresh, job)).returncode == 0
                    made = result(fresh, job)
                    assert made is not None
                    assert read_back(fresh, made) == outputs
            except Exception as error:
                raise AssertionError(f"SEED={SEED}: round {done}, {fault}, {work}") from error
            done += 1
    say(f"soak of the store: {done} rounds, SEED={SEED}")
    assert done > 10
