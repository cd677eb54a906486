"""Snapshot: an immutable set of scene files, by content. Stages read snapshots and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Protocol

from pydantic import Field

from simgate.core.documents.artifact import Sha256, StoreKey
from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.document import Document
from simgate.core.errors import DigestMismatch, InputError, NotFound
from simgate.core.runtime.job import MAIN
from simgate.core.storage.many import at_once
from simgate.core.storage.store import Store

SCENE_SUFFIXES = (".usd", ".usda", ".usdc", ".usdz", ".png", ".jpg", ".jpeg", ".exr", ".hdr", ".mdl", ".mtlx")
MAX_FILES = 100_000
MAX_FILE_BYTES = 4_000_000_000


class FileRef(Document):
    """One file's content."""

    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0, le=MAX_FILE_BYTES)]


class Snapshot(Document):
    """`snapshots/<sha256>.json`: relative path → content."""

    version: Literal[1] = 1
    files: dict[StoreKey, FileRef]

    @property
    def sha256(self) -> str:
        """The snapshot's own digest, and its name in the store."""
        return sha256_hex(self.to_json())


class PlacedFile(Protocol):
    """A file to put on disk."""

    @property
    def path(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...


@dataclass(frozen=True)
class _Stored:
    uri: str
    sha256: str


def read_snapshot(store: Store, sha256: str, domain: str = MAIN) -> Snapshot:
    """Return the snapshot of that digest, checked; a pull request reads main's too."""
    key = snapshot_key(sha256, domain)
    if domain != MAIN and not store.exists(key):
        key = snapshot_key(sha256)
    data = store.read(_Stored(key, sha256), max_bytes=64 * 1024 * 1024)
    return Snapshot.from_json(data, what=f"snapshot {sha256}")


def snapshot_key(sha256: str, domain: str = MAIN) -> str:
    """Return the key under which a push to that domain stores a snapshot."""
    return _places("snapshots", f"{sha256}.json", domain)[-1]


def snapshot_domain(key: str) -> str:
    """Return the domain whose push put a snapshot there."""
    parts = key.split("/")
    return parts[1] if len(parts) > 2 else MAIN


def file_key(store: Store, sha256: str, domain: str = MAIN) -> str:
    """Return the key of a scene file: main's copy, or the pull request's where main has none."""
    *others, last = _places("files", sha256, domain)
    return next((key for key in others if store.exists(key)), last)


def _places(kind: str, name: str, domain: str) -> list[str]:
    # A pull request's bytes lie apart: by content or not, it must have no right to overwrite what main reads.
    return [f"{kind}/{name}"] if domain == MAIN else [f"{kind}/{name}", f"{kind}/{domain}/{name}"]


def scan(folder: Path) -> dict[str, Path]:
    """Return the scene files of a folder by relative path; symlinks are refused, other files are left out."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in PurePosixPath(relative).parts):
            continue
        if path.is_symlink():
            raise InputError(f"scene file {relative} is a symbolic link", remedy="put the file itself there")
        if path.is_file() and path.suffix.lower() in SCENE_SUFFIXES:
            found[relative] = path
    if not found:
        raise InputError("no scene files", actual=str(folder), expected="at least one of " + " ".join(SCENE_SUFFIXES))
    if len(found) > MAX_FILES:
        raise InputError("too many scene files", actual=len(found), expected=f"at most {MAX_FILES}")
    return found


def write_snapshot(store: Store, files: Mapping[str, Path], domain: str = MAIN) -> Snapshot:
    """Upload the files by content, then the snapshot; only missing files are sent."""
    digests = {path: _digest(source) for path, source in files.items()}
    # Asked for one by one: a listing would show what everybody wrote, and one odd name in it would end the push.
    places = sorted({place for sha256 in digests.values() for place in _places("files", sha256, domain)})
    known = {place for place, there in zip(places, at_once(store.exists, places), strict=True) if there}
    refs = {path: _upload(store, source, digests[path], known, domain) for path, source in files.items()}
    snapshot = Snapshot(files=refs)
    store.create(snapshot_key(snapshot.sha256, domain), snapshot.to_json())
    return snapshot


def _digest(source: Path) -> str:
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _upload(store: Store, source: Path, sha256: str, known: set[str], domain: str) -> FileRef:
    places = _places("files", sha256, domain)
    if not known.intersection(places):
        key = places[-1]
        store.put(key, source)
        known.add(key)
        if (found := store.digest(key)) != sha256:
            store.delete(key)
            raise DigestMismatch(
                f"{source} changed while it was pushed", actual=found, expected=sha256, remedy="push again"
            )
    return FileRef(sha256=sha256, size_bytes=source.stat().st_size)


def materialize(store: Store, files: Iterable[PlacedFile], folder: Path, domain: str = MAIN) -> None:
    """Put files under `folder`, each checked against its digest; a path that leaves the folder is refused."""
    root = folder.resolve()
    for file in files:
        target = (root / file.path).resolve()
        if not target.is_relative_to(root) or target == root:
            raise InputError("a scene file would leave its folder", actual=file.path, expected="a relative path inside")
        if target.exists():
            continue
        try:
            store.fetch(_Stored(file_key(store, file.sha256, domain), file.sha256), target)
        except NotFound as error:
            raise InputError(f"scene file {file.path} is not in the store", remedy="push the scenes again") from error
