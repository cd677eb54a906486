"""The store: create-only commits, checked reads, no way out of the folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgate.core.artifact import Artifact
from simgate.core.canonical import sha256_hex
from simgate.core.errors import AlreadyExists, DigestMismatch, InputError, NotFound, StoreError
from simgate.core.snapshot import FileRef, Snapshot, materialize, read_snapshot, scan, write_snapshot
from simgate.core.store import Store
from simgate.specs.index import ClosureFile


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


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
    path = Path(store.url) / "runs/x/data.bin"
    damaged = bytearray(data)
    damaged[12_345_678] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(DigestMismatch) as caught:
        store.fetch(artifact(data), tmp_path / "again")
    assert sha256_hex(data) in str(caught.value)
    assert sha256_hex(bytes(damaged)) in str(caught.value)
    assert not (tmp_path / "again").exists()


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
