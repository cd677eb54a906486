"""Replay: one drive, the monitor and the record of both. Driven from outside with the time, so a test can plant any."""

from __future__ import annotations

import math

from simgate.hil.drive import Drive
from simgate.hil.trace import Asked, DriveTrace, Motion, Trip
from simgate.hil.wire import Answer, Question
from simgate.safety.limits import Limits
from simgate.safety.owner import Monitor, Ruling
from simgate.safety.state import STOP, Cause, CommandSample, Mode, SafeCommand
from simgate.worker.fault import Garbled

LEAD_NS = 200_000_000
"""The monitor is armed this long before the first frame: the robot stands still, and may begin to move with it."""
AFTERMATH_NS = 1_000_000_000
"""Time that a drive goes on after the trip that decided it, so that the trace shows what followed."""


class Replay:
    """Sends the frames of one drive when they are due and holds every answer against the monitor."""

    def __init__(self, drive: Drive, limits: Limits, *, rate: float, max_trips: int, first_sequence: int) -> None:
        self._drive = drive
        self._limits = limits
        self._rate = rate
        self._max_trips = max_trips
        self._first_sequence = first_sequence
        self._armed_ns = 0
        self._monitor = Monitor(limits)
        self._output = STOP
        self._sent_ns: list[int] = []
        self._input_ids = [frame.input_id for frame in drive.frames]
        self._asked: list[Asked] = []
        self._trips: list[Trip] = []
        self._actuators: list[Motion] = []
        self._lag_ns = 0
        self._tripped_ns = 0

    def begin(self, now_ns: int) -> None:
        """Arm the monitor as the operator of the bench does; the first frame is due LEAD_NS later."""
        self._armed_ns = now_ns
        self._actuators.append(self._motion(now_ns, STOP))
        self._take(self._monitor.arm(now_ns=now_ns), now_ns)

    @property
    def next_ns(self) -> int:
        """The time at which the next frame is due; after the last one, the time when silence becomes a violation."""
        number = len(self._sent_ns)
        if number < len(self._drive.frames):
            return self._armed_ns + LEAD_NS + int(self._drive.frames[number].offset_ns / self._rate)
        return self._sent_ns[-1] + int(self._limits.silence_limit_ms * 1e6)

    def over(self, now_ns: int) -> bool:
        """Return whether the drive has ended: each frame is answered or too late for it, or a trip decided it."""
        if len(self._trips) > self._max_trips:
            return now_ns >= self._tripped_ns + AFTERMATH_NS
        if len(self._sent_ns) < len(self._drive.frames):
            return False
        return now_ns > self.next_ns or all(asked.latency_ms is not None for asked in self._asked)

    def question(self, now_ns: int) -> Question | None:
        """Return the frame that is due, or None. From here on the device is expected to answer it."""
        number = len(self._sent_ns)
        if number >= len(self._drive.frames) or now_ns < self.next_ns:
            return None
        frame, lateness_ns = self._drive.frames[number], now_ns - self.next_ns
        sequence = self._first_sequence + number
        expert = self._motion(now_ns, SafeCommand(frame.expert.speed_m_s, frame.expert.yaw_rate_rad_s))
        self._sent_ns.append(now_ns)
        self._asked.append(
            Asked(sequence=sequence, sent_ms=self._ms(now_ns), lateness_ms=lateness_ns / 1e6, expert=expert)
        )
        return Question(sequence, frame.goal.distance_m, frame.goal.bearing_rad, frame.image)

    def answered(self, payload: bytes, at_ns: int) -> None:
        """Pass the device's answer to the monitor; halt on one that is garbled or answers no frame of this drive."""
        try:
            answer = Answer.from_bytes(payload)
        except Garbled:
            self._take(self._monitor.halt(Cause.BROKEN_FRAME, now_ns=at_ns), at_ns)
            return
        number = answer.sequence - self._first_sequence
        if not 0 <= number < len(self._sent_ns):
            # An answer to nothing, or to the drive before.
            self._take(self._monitor.halt(Cause.BROKEN_FRAME, now_ns=at_ns), at_ns)
            return
        tripped_before = self._monitor.mode is Mode.TRIPPED
        sample = CommandSample(
            answer.sequence, self._sent_ns[number], self._input_ids[number], answer.speed_m_s, answer.yaw_rate_rad_s
        )
        self._take(self._monitor.step(sample, now_ns=at_ns), at_ns)
        self._record(number, answer, at_ns)
        if tripped_before:
            self._operate(at_ns)

    def lagged(self, lag_ns: int) -> None:
        """Note that the bench did not run for `lag_ns`, before anything that piled up meanwhile is judged."""
        self._lag_ns = max(self._lag_ns, lag_ns)

    def passed(self, now_ns: int) -> None:
        """Note that time passed."""
        self._take(self._monitor.tick(now_ns=now_ns), now_ns)

    def halted(self, now_ns: int) -> None:
        """Trip the monitor: the device broke the link off."""
        self._take(self._monitor.halt(Cause.DEAD_DEVICE, now_ns=now_ns), now_ns)

    def trace(self) -> DriveTrace:
        """Return the record of the drive."""
        return DriveTrace(
            scene=self._drive.scene,
            episode=self._drive.episode,
            frames=len(self._drive.frames),
            asked=tuple(self._asked),
            trips=tuple(self._trips),
            actuators=tuple(self._actuators),
        )

    def _operate(self, at_ns: int) -> None:
        """Reset and arm as the operator, while trips are still allowed: a frame after the trip, with no answer pending.

        Then the next frame comes as long after arming as it would after the start, and none before arming is stale.
        """
        pending = any(asked.latency_ms is None for asked in self._asked)
        if len(self._trips) <= self._max_trips and not pending:
            self._monitor.clear(Cause.BROKEN_FRAME)  # every frame has its answer, so the device speaks clearly again
            self._take(self._monitor.reset(now_ns=at_ns), at_ns)
            self._take(self._monitor.arm(now_ns=at_ns), at_ns)

    def _take(self, ruling: Ruling, now_ns: int) -> None:
        """Take the monitor's ruling: its output goes to the actuators, a violation becomes a trip."""
        output, violation = ruling
        if violation is not None:
            self._tripped_ns = now_ns
            self._trips.append(
                Trip(
                    at_ms=self._ms(now_ns),
                    kind=violation.kind.value,
                    measured=violation.measured,
                    limit=violation.limit,
                    bench_lag_ms=self._lag_ns / 1e6,
                )
            )
        if output != self._output:
            self._output = output
            self._actuators.append(self._motion(now_ns, output))

    def _record(self, number: int, answer: Answer, at_ns: int) -> None:
        if self._asked[number].latency_ms is not None:
            return
        if self._monitor.mode is Mode.ARMED:
            self._lag_ns = 0
        raw = SafeCommand(answer.speed_m_s, answer.yaw_rate_rad_s)
        finite = math.isfinite(raw.speed_m_s) and math.isfinite(raw.yaw_rate_rad_s)
        self._asked[number] = self._asked[number].model_copy(
            update={
                "latency_ms": (at_ns - self._sent_ns[number]) / 1e6,
                "spent_ms": answer.spent_ns / 1e6,
                "raw": self._motion(at_ns, raw) if finite else None,
                "gated": self._motion(at_ns, self._output),
            }
        )

    def _motion(self, now_ns: int, command: SafeCommand) -> Motion:
        return Motion(at_ms=self._ms(now_ns), speed_m_s=command.speed_m_s, yaw_rate_rad_s=command.yaw_rate_rad_s)

    def _ms(self, now_ns: int) -> float:
        return (now_ns - self._armed_ns) / 1e6
