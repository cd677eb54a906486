"""Bench: replays drives to a device under test in real time; every command goes through the safety monitor.

What the monitor lets through is recorded and moves nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simgate.hil.drive import Drive, DriveFrame
from simgate.hil.link import bench_of
from simgate.hil.replay import Replay
from simgate.hil.trace import DriveTrace, Trace
from simgate.hil.wire import ROLE, Answer, Question
from simgate.safety.limits import Limits
from simgate.worker.fault import Chatty, Garbled, Hung, OtherProtocol
from simgate.worker.hello import check_hello
from simgate.worker.message import Message
from simgate.worker.transport import Transport

START_LIMIT_S = 60.0
"""A start-up that takes longer proves nothing: a loaded machine does that to an honest device."""
WARM_UP_LIMIT_S = 10.0
WARM_UP_FRAMES = 5
"""Real pictures before the clock starts: caches, lazy imports and allocations are not what is measured."""


@dataclass(frozen=True)
class Bench:
    """Replays drives to a device in real time, under the monitor's limits."""

    limits: Limits
    rate: float
    """1 is real time."""
    max_trips: int
    """After that many trips the operator of the bench no longer resets the monitor."""

    def run(
        self, open_link: Callable[[], Transport], drives: Sequence[Drive], tell: Callable[[int], None]
    ) -> tuple[Trace, bytes]:
        """Open the link, replay every drive, end the device; the trace, and the device's own log.

        `tell` hears how many drives are done. A device that breaks off ends the replay, and one that is not ready in
        time begins none: the trace says why.
        """
        begun_ns = time.monotonic_ns()
        with contextlib.closing(open_link()) as link:
            ready = _is_ready(link)
            sequence = _warm_up(link, drives[0].frames[0]) if ready else 0
            started_ms = (time.monotonic_ns() - begun_ns) / 1e6
            done: list[DriveTrace] = []
            for drive in drives:
                if link.fault is not None or not ready:
                    break
                done.append(self._replay(link, drive, sequence))
                sequence += len(drive.frames)
                tell(len(done))
            fault = link.fault
        slow = not ready and fault is None
        trace = Trace(
            bench=bench_of(link),
            device_fault=str(fault) if fault else None,
            slow_start=slow,
            started_ms=started_ms,
            drives=tuple(done),
        )
        return trace, link.log

    def _replay(self, link: Transport, drive: Drive, first_sequence: int) -> DriveTrace:
        replay = Replay(drive, self.limits, rate=self.rate, max_trips=self.max_trips, first_sequence=first_sequence)
        tick_ns = int(self.limits.tick_period_ms * 1e6)
        last_ns = time.monotonic_ns()
        replay.begin(last_ns)
        while not replay.over(last_ns) and link.fault is None:
            if (question := replay.question(time.monotonic_ns())) is not None:
                link.send(question.to_bytes())
            wait_ns = max(0, min(tick_ns, replay.next_ns - time.monotonic_ns()))
            arrivals = link.poll(wait_ns / 1e9)
            now_ns = time.monotonic_ns()
            replay.lagged(now_ns - last_ns - wait_ns)
            last_ns = now_ns
            # Answers first, then the clock: one that waits in the pipe is no silence.
            for arrival in arrivals:
                replay.answered(arrival.payload, arrival.at_ns)
            replay.passed(time.monotonic_ns())
        if link.fault is not None:
            replay.halted(time.monotonic_ns())
        return replay.trace()


def _is_ready(link: Transport) -> bool:
    """Wait until the device says hello. One that ends, or says something else, sets its fault; a slow one sets none."""
    payloads = _expect(link, START_LIMIT_S)
    if not payloads:
        return False
    try:
        check_hello(Message.from_bytes(payloads[0]), name=link.name, role=ROLE)
    except OtherProtocol as fault:
        link.blame(fault)
    except Garbled:
        link.blame(Chatty(f"{link.name} said something before it was ready"))
    if len(payloads) > 1:
        link.blame(Chatty(f"{link.name} said something before it was asked"))
    return link.fault is None


def _warm_up(link: Transport, frame: DriveFrame) -> int:
    """Have the device answer a few frames and return the next free sequence number; a device that does not answer is
    faulted.
    """
    for sequence in range(WARM_UP_FRAMES):
        if link.fault is not None:
            break
        link.send(Question(sequence, *frame.goal, frame.image).to_bytes())
        payloads = _expect(link, WARM_UP_LIMIT_S)
        if not payloads:
            link.blame(Hung(f"{link.name} never answered: waited {WARM_UP_LIMIT_S:g} s for a warm-up frame"))
        _check_warm_up(link, sequence, payloads)
    return WARM_UP_FRAMES


def _expect(link: Transport, limit_s: float) -> list[bytes]:
    """Return the payloads that come next; none where the link broke, or the limit passed."""
    deadline_ns = time.monotonic_ns() + int(limit_s * 1e9)
    while link.fault is None:
        if payloads := [arrival.payload for arrival in link.poll((deadline_ns - time.monotonic_ns()) / 1e9)]:
            return payloads
        if time.monotonic_ns() >= deadline_ns:
            break
    return []


def _check_warm_up(link: Transport, sequence: int, payloads: list[bytes]) -> None:
    try:
        if [Answer.from_bytes(payload).sequence for payload in payloads] != [sequence] and link.fault is None:
            link.blame(Chatty(f"{link.name} answered a warm-up frame with another number"))
    except Garbled as error:
        link.blame(Garbled(f"{link.name} sent garbage: {error}"))
