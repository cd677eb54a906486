"""Frame: a 4-byte big-endian length and that many bytes. Every frame is bounded; nothing larger is ever held."""

from __future__ import annotations

import struct

from simgate.worker.fault import Garbled, Oversized

_LENGTH = struct.Struct("!I")


def framed(payload: bytes) -> bytes:
    """Put the payload's length before it."""
    return _LENGTH.pack(len(payload)) + payload


class Unframer:
    """Cuts a byte stream into payloads; of a frame that is too large it holds the length alone."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Give the payloads that are complete now; a length that no frame may have is `Garbled` or `Oversized`."""
        self._held += data
        payloads = []
        while len(self._held) >= _LENGTH.size:
            (size_bytes,) = _LENGTH.unpack_from(self._held)
            self._check(size_bytes)
            end = _LENGTH.size + size_bytes
            if len(self._held) < end:
                break
            payloads.append(bytes(self._held[_LENGTH.size : end]))
            del self._held[:end]
        return payloads

    def _check(self, size_bytes: int) -> None:
        bound = f"at most {self._max_bytes} are read"
        if not size_bytes > 0:
            raise Garbled(f"a frame of 0 bytes, {bound}")
        if not size_bytes <= self._max_bytes:
            raise Oversized(f"a frame of {size_bytes} bytes, {bound}")
