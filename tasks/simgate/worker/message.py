"""Message: a kind, a JSON body and parts of raw bytes or arrays, as one frame's payload. No pickle.

4-byte length of the header · header (JSON) · the parts' bytes, one after the other

header  {"kind": …, "body": {…}, "parts": [{"name", "size_bytes"} | {"name", "size_bytes", "dtype", "shape"}, …]}
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simgate.worker.fault import Garbled

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_HEADER_BYTES = 1024 * 1024
MAX_PARTS = 256
MAX_DIMENSIONS = 8
MAX_LENGTH = 2**31 - 1
DTYPES = frozenset(
    ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
)
"""Types of arrays: plain numbers, little-endian."""

_SIZE = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Message:
    """A message between a worker and the process that started it: kind, JSON values, bytes, arrays."""

    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    """JSON values."""
    parts: Mapping[str, bytes] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """Write the payload of one frame."""
        found = [*_plain(self.parts), *_numbers(self.arrays)]
        header = {"kind": self.kind, "body": dict(self.body), "parts": [entry for entry, _ in found]}
        data = json.dumps(header, allow_nan=False, separators=(",", ":")).encode()
        return b"".join((_SIZE.pack(len(data)), data, *(raw for _, raw in found)))

    def part(self, name: str) -> bytes:
        """Give one part's bytes; `Garbled` where it is missing."""
        if name not in self.parts:
            raise Garbled(f"a {self.kind} without the part {name}")
        return self.parts[name]

    @classmethod
    def from_bytes(cls, payload: bytes) -> Message:
        """Read one payload; `Garbled` where it follows not every rule above."""
        header, rest = _header(payload)
        kind, body, entries = header.get("kind"), header.get("body"), header.get("parts")
        if not (isinstance(kind, str) and isinstance(body, dict) and isinstance(entries, list)):
            raise Garbled(f"a header without kind, body and parts: {sorted(header)!r:.120}")
        if not len(entries) <= MAX_PARTS:
            raise Garbled(f"{len(entries)} parts, at most {MAX_PARTS} are read")
        parts: dict[str, bytes] = {}
        arrays: dict[str, NDArray[Any]] = {}
        for entry, raw in _cut(entries, rest):
            name = _name(entry, parts.keys() | arrays.keys())
            if "dtype" in entry:
                arrays[name] = _array(entry, raw)
            else:
                parts[name] = raw
        return cls(kind, body, parts, arrays)


def _plain(parts: Mapping[str, bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    for name, raw in parts.items():
        yield {"name": name, "size_bytes": len(raw)}, raw


def _numbers(arrays: Mapping[str, NDArray[Any]]) -> Iterator[tuple[dict[str, Any], bytes]]:
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise ValueError(f"array {name} holds {array.dtype.name}, not one of {', '.join(sorted(DTYPES))}")
        raw = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        yield {"name": name, "size_bytes": len(raw), "dtype": array.dtype.name, "shape": list(array.shape)}, raw


def _header(payload: bytes) -> tuple[dict[str, Any], memoryview]:
    if len(payload) < _SIZE.size:
        raise Garbled(f"no message: {payload!r:.40}")
    (size_bytes,) = _SIZE.unpack_from(payload)
    end = _SIZE.size + size_bytes
    if not (size_bytes <= MAX_HEADER_BYTES and end <= len(payload)):
        raise Garbled(f"no message: {payload[:16]!r}")
    try:
        header = json.loads(payload[_SIZE.size : end])
    except (ValueError, RecursionError) as error:
        raise Garbled(f"a header that is no JSON: {payload[_SIZE.size : _SIZE.size + 40]!r}") from error
    if not isinstance(header, dict):
        raise Garbled(f"a header that is no JSON object: {header!r:.40}")
    return header, memoryview(payload)[end:]


def _cut(entries: list[Any], rest: memoryview) -> Iterator[tuple[dict[str, Any], bytes]]:
    begin = 0
    for entry in entries:
        size_bytes = entry.get("size_bytes") if isinstance(entry, dict) else None
        if not (type(size_bytes) is int and 0 <= size_bytes <= len(rest) - begin):
            raise Garbled(f"a part that is longer than its frame, or has no size: {entry!r:.120}")
        yield entry, bytes(rest[begin : begin + size_bytes])
        begin += size_bytes
    if begin != len(rest):
        raise Garbled(f"{len(rest) - begin} bytes after the last part")


def _name(entry: dict[str, Any], taken: set[str]) -> str:
    name = entry.get("name")
    if not isinstance(name, str) or name in taken:
        raise Garbled(f"a part without a name of its own: {entry!r:.120}")
    return name


def _array(entry: dict[str, Any], raw: bytes) -> NDArray[Any]:
    import numpy as np  # only where arrays are sent: a worker's own Python need not have it

    dtype, shape = entry["dtype"], entry.get("shape")
    if not (isinstance(dtype, str) and dtype in DTYPES and isinstance(shape, list) and len(shape) <= MAX_DIMENSIONS):
        raise Garbled(f"an array of an unknown type or shape: {entry!r:.120}")
    kind = np.dtype(dtype).newbyteorder("<")
    whole = all(type(length) is int and 0 <= length <= MAX_LENGTH for length in shape)
    if not (whole and math.prod(shape) * kind.itemsize == len(raw)):
        raise Garbled(f"an array whose shape and bytes disagree: {entry!r:.120}")
    try:
        return np.frombuffer(raw, kind).reshape(shape).astype(dtype, copy=False)
    except ValueError as error:  # nothing in it, and too large for numpy all the same
        raise Garbled(f"an array that numpy refuses: {entry!r:.120}") from error
