"""Wire: what bench and device under test say to each other over a worker's channel; every frame is bounded.

The device says hello (simgate/worker/hello.py) once it is loaded and warm. From then on the first byte of a frame's
payload says what follows, big-endian throughout.

    bench → device   Q  sequence u64, goal distance f64 (m), goal bearing f64 (rad), then the stored image bytes
    device → bench   A  sequence u64, speed f64 (m/s), yaw rate f64 (rad/s), time spent i64 (ns)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from simgate.worker.fault import Garbled

MAX_QUESTION_BYTES = 16 * 1024 * 1024
MAX_ANSWER_BYTES = 64
MAX_FRAME_BYTES = 1024
"""Of anything that a device may say: its hello is longer than an answer."""
ROLE = "device"

_QUESTION = struct.Struct("!cQdd")
_ANSWER = struct.Struct("!cQddq")


@dataclass(frozen=True, slots=True)
class Question:
    """A camera picture and the goal in the base frame, sent to the device."""

    sequence: int
    goal_distance_m: float
    goal_bearing_rad: float
    image: bytes
    """The picture as stored: PNG or JPEG."""

    def to_bytes(self) -> bytes:
        """Return the payload of one frame."""
        return _QUESTION.pack(b"Q", self.sequence, self.goal_distance_m, self.goal_bearing_rad) + self.image

    @classmethod
    def from_bytes(cls, payload: bytes) -> Question:
        """Read one payload; `Garbled` where it is none."""
        if not payload.startswith(b"Q") or len(payload) < _QUESTION.size:
            raise Garbled(f"no question: {payload[:16]!r}")
        _, sequence, distance_m, bearing_rad = _QUESTION.unpack_from(payload)
        return cls(sequence, distance_m, bearing_rad, payload[_QUESTION.size :])


@dataclass(frozen=True, slots=True)
class Answer:
    """The command that the device asks for. It may hold any numbers: the monitor judges them."""

    sequence: int
    speed_m_s: float
    yaw_rate_rad_s: float
    spent_ns: int
    """By the device's own clock."""

    def to_bytes(self) -> bytes:
        """Return the payload of one frame."""
        return _ANSWER.pack(b"A", self.sequence, self.speed_m_s, self.yaw_rate_rad_s, self.spent_ns)

    @classmethod
    def from_bytes(cls, payload: bytes) -> Answer:
        """Read one payload; `Garbled` where it is none."""
        if not payload.startswith(b"A") or len(payload) != _ANSWER.size:
            raise Garbled(f"no answer: {payload[:16]!r}")
        return cls(*_ANSWER.unpack(payload)[1:])
