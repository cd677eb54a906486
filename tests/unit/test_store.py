"""The store, a folder and a bucket alike: create-only commits, checked reads, no way out of the folder."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simgate.core.documents.artifact import Artifact
from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import AlreadyExists, DigestMismatch, InputError, NotFound, StoreError
from simgate.core.given.snapshot import FileRef, Snapshot, materialize, read_snapshot, scan, write_snapshot
from simgate.core.storage.store import PAGE_KEYS, Store
from simgate.core.storage.transfer import PART_BYTES
from simgate.documents.scene import ClosureFile
from tests.servers.stores import NewStore


@pytest.fixture
def store(new_store: NewStore) -> Store:
    return new_store("store")


def artifact(data: bytes, uri: str = "runs/x/data.bin") -> Artifact:
    return Artifact(name="data.bin", uri=uri, sha256=sha256_hex(data), size_bytes=len(data), media_type="x/y")


def test_create_is_create_only_and_the_same_bytes_again_are_ours(store: Store) -> None:
    store.create("a/b.json", b"1")
    store.create("a/b.json", b"1")
    with pytest.raises(AlreadyExists):
        store.create("a/b.json", b"2")
    assert store.get("a/b.json") == b"1"


def test_a_flipped_byte_is_refused_with_both_digests_named(store: Store, tmp_path: Path) -> None:
    data = bytes(range(256)) * 100_000
    store.put("runs/x/data.bin", data)
    assert store.fetch(artifact(data), tmp_path / "out").read_bytes() == data
    damaged = bytearray(data)
    damaged[12_345_678] ^= 1
    store.put("runs/x/data.bin", bytes(damaged))
    with pytest.raises(DigestMismatch) as caught:
        store.fetch(artifact(data), tmp_path / "again")
    assert sha256_hex(data) in str(caught.value)
    assert sha256_hex(bytes(damaged)) in str(caught.value)
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 5 * PART_BYTES + 7])
def test_objects_of_any_size_come_back_byte_for_byte(store: Store, tmp_path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)
    (tmp_path / "source").write_bytes(data)
    assert store.put("runs/x/data.bin", tmp_path / "source") == sha256_hex(data)
    assert store.put("runs/x/bytes.bin", data) == sha256_hex(data)
    assert store.fetch(artifact(data), tmp_path / "out").read_bytes() == data
    assert store.digest("runs/x/bytes.bin") == sha256_hex(data)
    assert not list(tmp_path.glob("*.partial"))


def test_of_sixteen_racing_creates_one_wins_and_its_bytes_stay(store: Store) -> None:
    def create(number: int) -> bool:
        try:
            store.create("memo/x.json", str(number).encode())
            return True
        except AlreadyExists:
            return False

    with ThreadPoolExecutor(16) as pool:
        won = list(pool.map(create, range(16)))
    assert won.count(True) == 1
    assert store.get("memo/x.json") == str(won.index(True)).encode()


def test_a_listing_is_complete_over_page_boundaries_and_stays_in_its_folder(store: Store) -> None:
    names = [f"many/{number:05d}.json" for number in range(2 * PAGE_KEYS + 1)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda name: store.create(name, b"{}"), [*names, "many-more/x", "man"]))
    assert store.keys("many") == names
    assert sorted(store.each_key("many")) == names
    assert store.keys("none") == []


def test_keys_with_odd_letters_are_listed_as_they_were_written(store: Store) -> None:
    keys = ["a/b c.json", "a/%20.json", "a/ü.json", "a/x+y=z.json", "a/(1).json"]
    for key in keys:
        store.put(key, b"1")
    assert store.keys("a") == sorted(keys)
    assert all(store.exists(key) for key in keys)


def test_delete_takes_the_object_and_only_it_and_twice_is_no_error(store: Store) -> None:
    store.put("a/x", b"1")
    store.put("a/xy", b"1")
    store.delete("a/x")
    store.delete("a/x")
    assert store.keys("a") == ["a/xy"]
    assert not store.exists("a/x")


def test_a_source_that_is_not_there_is_a_store_error_that_names_the_key(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot write runs/x"):
        store.put("runs/x", tmp_path / "none")
    assert not store.exists("runs/x")


def test_a_target_that_cannot_be_written_is_a_store_error_that_names_it(store: Store, tmp_path: Path) -> None:
    store.put("runs/x/data.bin", b"1")
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(StoreError, match=r"cannot write .*taken/out"):
        store.fetch(artifact(b"1"), tmp_path / "taken/out")


def test_a_missing_object_and_a_too_large_one_are_told_apart(store: Store) -> None:
    with pytest.raises(NotFound):
        store.get("none")
    store.put("large", b"x" * 100)
    with pytest.raises(StoreError, match="too large"):
        store.get("large", max_bytes=99)


@pytest.mark.parametrize("uri", ["../x", "/etc/passwd", "a/../../b", "a//b", "", "a/./b", "a\\b", "a\nb"])
def test_artifact_paths_that_leave_the_store_are_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="uri"):
        artifact(b"", uri)


def test_an_unknown_kind_of_store_is_refused() -> None:
    with pytest.raises(InputError):
        Store("ftp://host/x")


def test_a_snapshot_is_named_by_content_and_reads_back(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "scenes"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.usda").write_text("#usda 1.0\n")
    (folder / "sub/t.png").write_bytes(b"png")
    (folder / "README.md").write_text("not a scene file")
    snapshot = write_snapshot(store, scan(folder))
    assert set(snapshot.files) == {"a.usda", "sub/t.png"}
    assert read_snapshot(store, snapshot.sha256) == snapshot
    (folder / "README.md").write_text("changed")
    assert write_snapshot(store, scan(folder)).sha256 == snapshot.sha256
    (folder / "sub/t.png").write_bytes(b"other")
    assert write_snapshot(store, scan(folder)).sha256 != snapshot.sha256


def test_symbolic_links_among_scenes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.usda").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match="symbolic link"):
        scan(tmp_path)


def test_materialize_refuses_paths_that_leave_the_folder(store: Store, tmp_path: Path) -> None:
    store.put(f"files/{sha256_hex(b'x')}", b"x")
    for path in ("../escape.usda", "/tmp/escape.usda", "a/../../escape.usda"):
        bad = ClosureFile(path=path, sha256=sha256_hex(b"x"), size_bytes=1)
        with pytest.raises(InputError, match="leave its folder"):
            materialize(store, [bad], tmp_path / "out")
    assert not (tmp_path / "escape.usda").exists()


def test_materialize_refuses_damaged_bytes(store: Store, tmp_path: Path) -> None:
    store.put(f"files/{sha256_hex(b'x')}", b"y")
    with pytest.raises(DigestMismatch):
        materialize(store, [ClosureFile(path="a.usda", sha256=sha256_hex(b"x"), size_bytes=1)], tmp_path / "out")


def test_a_snapshot_with_an_escaping_path_is_not_a_snapshot() -> None:
    value = {"version": 1, "files": {"../x": FileRef(sha256="0" * 64, size_bytes=1).model_dump()}}
    with pytest.raises(InputError):
        Snapshot.from_value(value, what="snapshot")
