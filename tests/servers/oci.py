"""OCI: container images without docker, known by their digests before they are written anywhere.

`write_archive` streams an OCI layout into whatever reads it (`ctr images import -`, a file): no archive lies on disk.
Small layers are made from their sources each time, big ones are packed once and kept.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast

from tests.servers.cache import built_once

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
ZSTD_LAYER = f"{LAYER}+zstd"
ZSTD_LEVEL = 1
COPY_BYTES = 1 << 20
END = b"\0" * 2 * tarfile.BLOCKSIZE


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object: ...


PATH = "/usr/local/bin:/usr/bin:/bin"


class Digesting(io.RawIOBase):
    """Keeps the digest and the size of what is written to it, and passes it on where there is somewhere to."""

    def __init__(self, onward: Sink | None = None) -> None:
        super().__init__()
        self._sha256 = hashlib.sha256()
        self._onward = onward
        self.size_bytes = 0

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        size_bytes = memoryview(data).nbytes
        self._sha256.update(data)
        self.size_bytes += size_bytes
        if self._onward is not None:
            self._onward.write(cast("bytes", data))
        return size_bytes

    @property
    def digest(self) -> str:
        """`sha256:<64 hex>`."""
        return f"sha256:{self._sha256.hexdigest()}"


@dataclass(frozen=True)
class Entry:
    """One path of a layer: a file with bytes or a source, a link, or a folder."""

    path: str
    """Without a leading slash."""
    source: Path | None = None
    data: bytes | None = None
    link: str = ""
    mode: int = 0o755
    owner: int = 0

    def write(self, out: Sink) -> None:
        """Its tar record, free of times and of this machine's owners."""
        info = tarfile.TarInfo(self.path)
        info.uid = info.gid = self.owner
        info.mode = self.mode
        if self.link:
            info.type, info.linkname = tarfile.SYMTYPE, self.link
        elif self.source is None and self.data is None:
            info.type = tarfile.DIRTYPE
        if self.source is None:
            data = self.data or b""
            _record(out, info, len(data), lambda: out.write(data))
        else:
            with self.source.open("rb") as file:
                _record(out, info, self.source.stat().st_size, lambda: shutil.copyfileobj(file, out, COPY_BYTES))


def _record(out: Sink, info: tarfile.TarInfo, size_bytes: int, body: Callable[[], object]) -> None:
    info.size = size_bytes
    out.write(info.tobuf(tarfile.GNU_FORMAT))
    body()
    out.write(b"\0" * (-size_bytes % tarfile.BLOCKSIZE))


@dataclass(frozen=True)
class Blob:
    """Bytes known by digest and size, written when they are asked for."""

    digest: str
    size_bytes: int
    write: Callable[[Sink], None]

    @classmethod
    def of(cls, data: bytes) -> Blob:
        """A small one."""
        return cls(f"sha256:{hashlib.sha256(data).hexdigest()}", len(data), lambda out: _all(out, data))


@dataclass(frozen=True)
class Layer:
    """A layer as an image names it: by the digest of its tar, and as it travels: by the digest of its blob."""

    tar_digest: str
    blob: Blob
    media_type: str = LAYER

    @classmethod
    def streamed(cls, entries: Callable[[], Iterable[Entry]]) -> Layer:
        """A small one: made once for its digest, and again whenever it is read."""
        tar = Digesting()
        write_tar(entries(), tar)
        return cls(tar.digest, Blob(tar.digest, tar.size_bytes, lambda out: write_tar(entries(), out)))

    @classmethod
    def packed(cls, path: Path, entries: Callable[[], Iterable[Entry]]) -> Layer:
        """A big one: packed into the file `path` the first time it is asked for, and read from there."""
        note = path.with_suffix(".json")
        built_once(path, lambda to: _pack(entries(), to, note), what=f"the image layer {path.name}")
        said = json.loads(note.read_text())
        blob = Blob(said["blob"], path.stat().st_size, lambda out: _copy(path, out))
        return cls(said["tar"], blob, ZSTD_LAYER)


def write_tar(entries: Iterable[Entry], out: Sink) -> None:
    """A tar of these entries, in their order."""
    for entry in entries:
        entry.write(out)
    out.write(END)


def _pack(entries: Iterable[Entry], to: Path, note: Path) -> None:
    from zstandard import ZstdCompressor

    with to.open("wb") as file:
        packed = Digesting(file)
        with ZstdCompressor(level=ZSTD_LEVEL, threads=-1).stream_writer(
            cast("IO[bytes]", packed), closefd=False
        ) as packer:
            tar = Digesting(packer)
            write_tar(entries, tar)
    # The note first: whoever finds the layer finds its digests.
    note.write_text(json.dumps({"tar": tar.digest, "blob": packed.digest}))


def _copy(path: Path, out: Sink) -> None:
    with path.open("rb") as file:
        shutil.copyfileobj(file, out, COPY_BYTES)


@dataclass(frozen=True)
class Image:
    """An image that is fully known and written nowhere yet."""

    repository: str
    """`localhost/simgate`; the cluster knows the image as `<repository>@<digest>` and under each tag."""
    layers: tuple[Layer, ...]
    tags: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def config(self) -> Blob:
        """Its configuration."""
        variables = {"PATH": PATH, **self.environment}
        return _json(
            {
                "architecture": "amd64",
                "os": "linux",
                "created": "1970-01-01T00:00:00Z",
                "config": {
                    "Env": [f"{name}={value}" for name, value in variables.items()],
                    "User": self.user,
                    "Entrypoint": list(self.entrypoint) or None,
                    "Cmd": list(self.command) or None,
                    "WorkingDir": "/",
                    "Labels": dict(self.labels),
                },
                "rootfs": {"type": "layers", "diff_ids": [layer.tar_digest for layer in self.layers]},
                "history": [{"created_by": "tests/servers/oci.py"} for _ in self.layers],
            }
        )

    @cached_property
    def manifest(self) -> Blob:
        """Its manifest, whose digest names the image."""
        return _json(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": _descriptor(self.config, CONFIG),
                "layers": [_descriptor(layer.blob, layer.media_type) for layer in self.layers],
            }
        )

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Everything that it is made of."""
        return (*(layer.blob for layer in self.layers), self.config, self.manifest)

    @property
    def reference(self) -> str:
        """`<repository>@sha256:<64 hex>`: how a pod names it."""
        return f"{self.repository}@{self.manifest.digest}"

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it goes by."""
        return (self.reference, *(f"{self.repository}:{tag}" for tag in self.tags))


def write_archive(images: Sequence[Image], out: Sink) -> None:
    """Stream an OCI layout of these images; a blob that several share is written once."""
    listed = [
        {**_descriptor(image.manifest, MANIFEST), "annotations": {"io.containerd.image.name": name}}
        for image in images
        for name in image.names
    ]
    index = json.dumps({"schemaVersion": 2, "manifests": listed}).encode()
    blobs = {blob.digest: blob for image in images for blob in image.blobs}
    Entry("oci-layout", data=b'{"imageLayoutVersion":"1.0.0"}', mode=0o644).write(out)
    Entry("index.json", data=index, mode=0o644).write(out)
    for blob in blobs.values():
        _write_blob(blob, out)
    out.write(END)


def _write_blob(blob: Blob, out: Sink) -> None:
    info = tarfile.TarInfo(f"blobs/sha256/{blob.digest.removeprefix('sha256:')}")
    _record(out, info, blob.size_bytes, lambda: blob.write(out))


def _json(document: object) -> Blob:
    return Blob.of(json.dumps(document, sort_keys=True).encode())


def _descriptor(blob: Blob, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": blob.digest, "size": blob.size_bytes}


def _all(out: Sink, data: bytes) -> None:
    out.write(data)
