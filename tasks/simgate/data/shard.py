"""Shard: a WebDataset tar of samples, the same bytes whenever it is made, with an index that makes it seekable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Annotated, BinaryIO, Literal, Self

from pydantic import Field, model_validator

from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.data import picture, ustar
from simgate.data.record import SUFFIXES, EncodedSample, decode_sample, sample_key
from simgate.data.sample import Sample

MEDIA_TYPE = "application/x-tar"
MAX_SAMPLES = 1_000_000

_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}_[0-9]{6,7}_[0-9]{4,6}")
Offset = Annotated[int, Field(ge=0)]


class IndexedSample(Document):
    """The place of one sample's bytes in the shard."""

    key: Annotated[str, Field(pattern=rf"^{_KEY.pattern}$")]
    start: Offset
    """Of its first tar header: a reader that begins here reads a whole shard's rest."""
    members: Annotated[dict[str, tuple[Offset, Offset]], Field(min_length=len(SUFFIXES), max_length=len(SUFFIXES))]
    """(offset, size) of each member's bytes, by suffix."""

    @model_validator(mode="after")
    def _complete(self) -> IndexedSample:
        if set(self.members) != set(SUFFIXES):
            raise ValueError(f"members are {sorted(self.members)}, expected {sorted(SUFFIXES)}")
        return self


class ShardIndex(Document):
    """`shard.index.json`."""

    version: Literal[1] = 1
    samples: Annotated[tuple[IndexedSample, ...], Field(max_length=MAX_SAMPLES)]


class ShardWriter:
    """Writes samples as they come; keeps nothing but the index in memory."""

    def __init__(self, path: Path) -> None:
        self._out: BinaryIO = path.open("xb")
        self._samples: list[IndexedSample] = []

    def add(self, encoded: EncodedSample) -> None:
        """Append one sample."""
        sample = encoded.sample
        self.append(sample_key(sample.scene, sample.episode, sample.frame), dict(encoded.members))

    def append(self, key: str, members: Mapping[str, bytes]) -> None:
        """Append one sample by its key and its members' bytes, in stored order."""
        start = self._out.tell()
        written = {suffix: ustar.write_member(self._out, key + suffix, members[suffix]) for suffix in SUFFIXES}
        places = {suffix: (member.offset, member.size_bytes) for suffix, member in written.items()}
        self._samples.append(IndexedSample(key=key, start=start, members=places))

    def close(self) -> ShardIndex:
        """End the tar and return its index."""
        ustar.write_end(self._out)
        self._out.close()
        return ShardIndex(samples=tuple(self._samples))

    def abort(self) -> None:
        """Give the file back; without close() it stays a tar without end, which no reader takes."""
        self._out.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.abort()


def read_members(path: Path, *, start: int = 0) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Stream (key, {suffix: bytes}) of an untrusted shard, one sample in memory; begin at an index entry's `start`."""
    what = path.name
    with path.open("rb") as tar:
        found: dict[str, bytes] = {}
        current = ""
        for member in ustar.members(tar, start=start, max_member_bytes=picture.MAX_PNG_BYTES, what=what):
            key, suffix = _split(member.name, what=what)
            if suffix != SUFFIXES[len(found)] or (found and key != current):
                raise InputError(
                    f"{what}: {member.name!r} out of order", expected=f"{current or key}{SUFFIXES[len(found)]}"
                )
            current = key
            tar.seek(member.offset)
            found[suffix] = tar.read(member.size_bytes)
            if len(found) == len(SUFFIXES):
                yield key, found
                found = {}
        if found:
            raise InputError(f"{what}: sample {current} is not whole", actual=f"{len(found)} members", expected=5)


def read_shard(path: Path, *, start: int = 0) -> Iterator[Sample]:
    """Stream the decoded samples of an untrusted shard, in stored order."""
    for key, found in read_members(path, start=start):
        sample = decode_sample(found, what=f"{path.name}: {key}")
        if sample_key(sample.scene, sample.episode, sample.frame) != key:
            raise InputError(f"{path.name}: {key}.json names another sample", actual=(sample.episode, sample.frame))
        yield sample


class ShardReader:
    """Random access to a shard by its index: sample `i` costs one seek, so an epoch resumes anywhere."""

    def __init__(self, path: Path, index: ShardIndex) -> None:
        self._path = path
        self._index = index
        self._tar: BinaryIO = path.open("rb")

    def __len__(self) -> int:
        return len(self._index.samples)

    def members(self, position: int) -> dict[str, bytes]:
        """Return stored bytes of sample `position`, by suffix."""
        entry = self._index.samples[position]
        return {suffix: self._read(entry.key + suffix, *place) for suffix, place in entry.members.items()}

    def __getitem__(self, position: int) -> Sample:
        """Return the decoded sample."""
        if position >= len(self):
            raise IndexError(position)
        return decode_sample(self.members(position), what=f"{self._path.name}: {self._index.samples[position].key}")

    def _read(self, name: str, offset: int, size_bytes: int) -> bytes:
        if size_bytes > picture.MAX_PNG_BYTES:
            raise InputError(f"index of {self._path.name}: {name} is too large", actual=f"{size_bytes} bytes")
        self._tar.seek(offset)
        data = self._tar.read(size_bytes)
        if len(data) != size_bytes:
            remedy = "index and shard do not belong together"
            raise InputError(
                f"{self._path.name} ends inside {name}", actual=len(data), expected=size_bytes, remedy=remedy
            )
        return data

    def close(self) -> None:
        """Give the file back."""
        self._tar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _split(name: str, *, what: str) -> tuple[str, str]:
    """(key, suffix) of a member's name; anything else, a path above all, is refused."""
    key, dot, rest = name.partition(".")
    if not _KEY.fullmatch(key) or dot + rest not in SUFFIXES:
        raise InputError(f"{what}: unexpected member {name[:120]!r}", expected=f"<scene>_<episode>_<frame>{SUFFIXES}")
    return key, dot + rest
