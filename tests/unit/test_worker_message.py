"""Messages: whatever is sent comes back, and hostile bytes are garbled and nothing else."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgate.worker.fault import Garbled
from simgate.worker.message import MAX_HEADER_BYTES, MAX_PARTS, Message


def payload(header: object, rest: bytes = b"") -> bytes:
    data = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(data).to_bytes(4, "big") + data + rest


def parts(*entries: object) -> dict[str, object]:
    return {"kind": "k", "body": {}, "parts": list(entries)}


@given(st.text(max_size=20), st.dictionaries(st.text(max_size=5), st.binary(max_size=50), max_size=4))
def test_a_message_survives_the_wire(kind: str, found: dict[str, bytes]) -> None:
    assert Message.from_bytes(Message(kind, {"a": [1, None]}, found).to_bytes()) == Message(
        kind, {"a": [1, None]}, found
    )


@given(st.binary(max_size=200))
def test_nonsense_is_garbled_and_nothing_else(data: bytes) -> None:
    for hostile in (data, payload(data), payload({"kind": "k", "body": {}, "parts": [{"name": "a"}]}, data)):
        with contextlib.suppress(Garbled):
            Message.from_bytes(hostile)


@pytest.mark.parametrize(
    ("hostile", "words"),
    [
        (b"\x00", "no message"),
        ((MAX_HEADER_BYTES + 1).to_bytes(4, "big") + bytes(MAX_HEADER_BYTES + 1), "no message"),
        (payload(b"[" * 100_000), "no JSON"),
        (payload({"kind": 1, "body": {}, "parts": []}), "without kind"),
        (payload(parts(*[{"name": str(i), "size_bytes": 0} for i in range(MAX_PARTS + 1)])), "at most"),
        (payload(parts({"name": "a", "size_bytes": 4}), b"123"), "longer than its frame"),
        (payload(parts({"name": "a", "size_bytes": -1}), b"123"), "longer than its frame"),
        (payload(parts({"name": "a", "size_bytes": True}), b"1"), "longer than its frame"),
        (payload(parts({"name": "a", "size_bytes": 1}), b"123"), "2 bytes after the last part"),
        (payload(parts({"name": "a", "size_bytes": 1}, {"name": "a", "size_bytes": 1}), b"12"), "name of its own"),
        (payload(parts({"name": "a", "size_bytes": 8, "dtype": "object", "shape": [1]}), bytes(8)), "unknown type"),
        (payload(parts({"name": "a", "size_bytes": 8, "dtype": "float32", "shape": [3]}), bytes(8)), "disagree"),
        (payload(parts({"name": "a", "size_bytes": 8, "dtype": "float32", "shape": [-1, -2]}), bytes(8)), "disagree"),
        (payload(parts({"name": "a", "size_bytes": 0, "dtype": "uint8", "shape": [0, 2**62]})), "disagree"),
        (payload(parts({"name": "a", "size_bytes": 1, "dtype": "uint8", "shape": [1] * 9}), b"1"), "unknown type"),
    ],
)
def test_each_broken_rule_is_told(hostile: bytes, words: str) -> None:
    with pytest.raises(Garbled, match=words):
        Message.from_bytes(hostile)


def test_an_array_of_objects_is_not_sent() -> None:
    with pytest.raises(ValueError, match="array a holds object"):
        Message("k", arrays={"a": np.array([object()])}).to_bytes()


def test_a_number_that_json_has_not_is_not_sent() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Message("k", {"a": float("nan")}).to_bytes()
