"""Ustar: a tar of plain files with nothing in it that two machines could disagree about, and its strict reader."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from simgate.core.errors import InputError

BLOCK_BYTES = 512
_END = b"\0" * BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class Member:
    """One plain file in a tar."""

    name: str
    offset: int
    """Of its first data byte."""
    size_bytes: int

    @property
    def end(self) -> int:
        """Offset of the next header."""
        return self.offset + -(-self.size_bytes // BLOCK_BYTES) * BLOCK_BYTES


def write_member(out: BinaryIO, name: str, data: bytes) -> Member:
    """Append one file: time 0, owner 0, mode 0644, no names of users."""
    header = tarfile.TarInfo(name)
    header.size = len(data)
    header.mode = 0o644
    out.write(header.tobuf(tarfile.USTAR_FORMAT))
    member = Member(name, out.tell(), len(data))
    out.write(data)
    out.write(b"\0" * (member.end - member.offset - len(data)))
    return member


def write_end(out: BinaryIO) -> None:
    """Write the end of a tar: two empty blocks."""
    out.write(_END * 2)


def members(tar: BinaryIO, *, start: int = 0, max_member_bytes: int, what: str) -> Iterator[Member]:
    """Walk the headers of an untrusted tar from the header at `start` on; only plain files are let through.

    Nothing is unpacked and no extension header is followed, so that a link, a device, a long name or a size that
    leaves the file ends in InputError. The position of `tar` may be moved between two members.
    """
    length = tar.seek(0, 2)
    while True:
        tar.seek(start)
        block = tar.read(BLOCK_BYTES)
        if block == _END:
            return
        member = _parse(block, start, what=what)
        if member.size_bytes > max_member_bytes or member.end > length:
            raise InputError(
                f"{what}: member {member.name!r} is too large",
                actual=f"{member.size_bytes} bytes",
                expected=f"at most {min(max_member_bytes, max(length - member.offset, 0))}",
            )
        yield member
        start = member.end


def _parse(block: bytes, start: int, *, what: str) -> Member:
    try:
        header = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        remedy = "the file is cut or no tar of ours; make the shard again"
        raise InputError(f"{what}: no tar header at byte {start}: {error}", remedy=remedy) from error
    if header.type != tarfile.REGTYPE or header.size < 0:
        kind = header.type.decode("ascii", "backslashreplace")
        raise InputError(f"{what}: member {header.name!r} is no plain file", actual=f"type {kind!r}", expected="'0'")
    return Member(header.name, start + BLOCK_BYTES, header.size)
