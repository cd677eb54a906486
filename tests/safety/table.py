"""The table: every violation, every boundary from both sides, every way from one mode to the next, as scripts."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from simgate.safety.limits import Limits
from tests.safety.traces import (
    ARMED,
    BLOCKED,
    EXACT,
    LIMITS,
    MAX_COUNT,
    MAX_NS,
    NS,
    PATIENT,
    SMOOTH,
    TRIPPED,
    WIDE,
    WRAP_MS,
    Answer,
    Event,
    Script,
    arm,
    clear,
    clocked,
    command,
    halt,
    ns,
    passes,
    reset,
    tick,
    trips,
    under,
)  # fmt: skip


class Lying(float):
    """A float that says yes to every comparison."""

    def __le__(self, other: object) -> bool:
        return True

    def __abs__(self) -> Lying:
        return self


def raw(sample: Any) -> Event:
    """A step at 200 ms with anything in place of a command."""
    return Event("step", ns(200), sample=sample)


ARM = (arm(0), Answer(ARMED))
FIRST = (command(200, 7, 0.5, 1.0), passes(0.5, 1.0))
"""An accepted command at 200 ms: sequence 7, stamp 190 ms; accelerations of 0.5 / 0.17 and 1 / 0.17."""
SECOND = (command(400, 8, 0.5, 1.0), passes(0.5, 1.0))
LATCHED = (tick(500), Answer(TRIPPED))
NO = Answer(TRIPPED)
FAST = [
    (arm(0, WIDE), Answer(ARMED)), (command(170, 1, 1.3, 0.7, limits=WIDE), passes(1.3, 0.7)),
]  # fmt: skip
HOLDING = [
    (arm(0, PATIENT), Answer(ARMED)),
    (command(170, 1, 0.5, 0.3, input_id=1, limits=PATIENT), passes(0.5, 0.3)),
    (command(340, 2, 0.5, 0.3, input_id=1, limits=PATIENT), passes(0.5, 0.3)),
]
"""The input changes after 340 ms, and the output does not."""
MOVED: Script = [ARM, (command(200, 7, 0.5, 0.9), passes(0.5, 0.9))]


def holds(until_ms: float, *inputs: int, limits: Limits = LIMITS, speed: float = 0.5, yaw: float = 0.3) -> Script:
    """A drive that gives the same command every 149 ms, one for each input, the last one at `until_ms`."""
    script: Script = [(arm(0, limits), Answer(ARMED))]
    for number, seen in enumerate(inputs):
        at_ms = 149.0 * (number + 1) if number + 1 < len(inputs) else until_ms
        script.append((command(at_ms, number, speed, yaw, input_id=seen, limits=limits), passes(speed, yaw)))
    return script


def ending(script: Script, answer: Answer) -> Script:
    """The script, with another answer to its last event."""
    return [*script[:-1], (script[-1][0], answer)]


TABLE: dict[str, Script] = {
    "starts blocked: a good command gives zero": [(command(200, 1, 0.5), Answer(BLOCKED))],
    "blocked stays blocked however long it waits": [(tick(10), Answer(BLOCKED)), (tick(99_999), Answer(BLOCKED))],
    "blocked swallows even a bad command": [(command(200, 1, math.nan), Answer(BLOCKED)), (arm(300), Answer(ARMED))],
    "blocked swallows what is no command": [(raw("go"), Answer(BLOCKED)), (arm(300), Answer(ARMED))],
    "armed gives zero until the first command": [ARM, (tick(100), Answer(ARMED))],
    "a good command passes": [ARM, FIRST],
    "a tick holds the last command": [ARM, FIRST, (tick(300), passes(0.5, 1.0))],
    "arming again holds the last command and feeds no watchdog": [
        ARM, FIRST, (arm(700), passes(0.5, 1.0)), (tick(811 + NS), trips("silent", 611 + NS, 611)),
    ],
    "arming again sees silence": [ARM, FIRST, (arm(811 + NS), trips("silent", 611 + NS, 611)), (arm(900), NO)],
    "arming again notes the clock": [ARM, FIRST, (arm(700), passes(0.5, 1.0)),
        (tick(699), trips("clock-backwards", -1, 0))],
    "arming again holds the envelope": [
        ARM, FIRST, (arm(300, replace(LIMITS, speed_m_s=0.47)), trips("speed", 0.5, 0.47)), (arm(400), NO),
    ],
    "arming cannot clear a trip": [ARM, (halt(1), trips("halt", 1, 0)), (arm(2), NO), (command(200, 1), NO)],
    "a reset after a trip blocks; only arming lets commands through again": [
        ARM, FIRST, (command(400, 8, 1.5), trips("speed", 1.5, 1.3)), (command(450, 8, 0.5), NO),
        (reset(500), Answer(BLOCKED)), (command(600, 9, 0.5), Answer(BLOCKED)),
        (arm(700), Answer(ARMED)), (command(900, 10, 0.5), passes(0.5)),
    ],
    "a reset while armed blocks": [ARM, FIRST, (reset(300), Answer(BLOCKED)), (tick(310), Answer(BLOCKED)),
        (command(400, 8, 0.5, 1.0), Answer(BLOCKED))],
    "a reset while blocked stays blocked": [(tick(5), Answer(BLOCKED)), (reset(3), Answer(BLOCKED)),
        (tick(2), trips("clock-backwards", -1, 0))],
    "a reset forgets sequence, stamp and speed": [
        ARM, FIRST, (reset(300), Answer(BLOCKED)), (arm(400), Answer(ARMED)),
        (command(600, 3, 0.1), passes(0.1)),
    ],
    "a reset accepts a clock that went back, and holds to it": [
        ARM, (tick(500), Answer(ARMED)), (tick(100), trips("clock-backwards", -400, 0)), (reset(50), Answer(BLOCKED)),
        (tick(40), trips("clock-backwards", -10, 0)),
    ],
    "halt trips while blocked": [(halt(5), trips("halt", 1, 0)), (arm(6), NO), (reset(7), NO)],
    "halt trips while armed": [ARM, FIRST, (halt(300), trips("halt", 1, 0)), LATCHED],
    "halt keeps an earlier trip": [ARM, (tick(612), trips("silent", 612, 611)), (halt(700), NO), (reset(800), NO)],
    "no reset while the cause of a halt persists": [
        ARM, FIRST, (halt(300), trips("halt", 1, 0)), (reset(400), NO), (arm(410), NO), (command(600, 8, 0.1), NO),
        (clear(), NO), (arm(620), NO), (tick(650), NO), (reset(700), Answer(BLOCKED)), (arm(800), Answer(ARMED)),
        (command(950, 1, 0.1), passes(0.1)),
    ],
    "every cause has to go": [
        ARM, (halt(1, "dead-device"), trips("halt", 1, 0)), (halt(2, "broken-frame"), NO),
        (halt(3, "broken-frame"), NO),
        (clear("broken-frame"), NO), (reset(4), NO), (clear("emergency-stop"), NO), (reset(5), NO),
        (clear("dead-device"), NO), (reset(6), Answer(BLOCKED)),
    ],
    "a halt while tripped adds its cause": [
        ARM, (tick(612), trips("silent", 612, 611)), (reset(620), Answer(BLOCKED)), (halt(630), trips("halt", 1, 0)),
        (halt(640, "dead-device"), NO), (clear(), NO), (reset(650), NO), (clear("dead-device"), NO),
        (reset(660), Answer(BLOCKED)),
    ],
    "what is no cause halts all the same": [
        ARM, (halt(1, ["a list"]), trips("halt", 1, 0)), (clear(["a list"]), NO), (reset(2), NO),
        (clear("unknown"), NO), (reset(3), Answer(BLOCKED)),
    ],
    "a cause that was cleared before the halt is none": [
        ARM, FIRST, (clear(), passes(0.5, 1.0)), (halt(300), trips("halt", 1, 0)), (reset(310), NO),
    ],
    "a trip latches over good commands, ticks and arming": [
        ARM, FIRST, (command(400, 8, 1.5), trips("speed", 1.5, 1.3)), (command(600, 9, 0.5), NO),
        (tick(700), NO), (arm(800), NO), (command(900, 10), NO),
    ],
    "a clock that stands still is no fault": [ARM, (tick(0), Answer(ARMED)), FIRST, (tick(200), passes(0.5, 1.0))],
    "the clock goes back by 1 ns at a tick": [ARM, FIRST, (tick(200 - NS), trips("clock-backwards", -NS, 0)), LATCHED],
    "the clock goes back at a command": [ARM, FIRST, (command(199, 8, 0.5, 1.0), trips("clock-backwards", -1, 0))],
    "the clock goes back after a mere tick": [ARM, FIRST, (tick(300), passes(0.5, 1.0)),
        (tick(299), trips("clock-backwards", -1, 0))],
    "the clock goes back while blocked": [(tick(5), Answer(BLOCKED)), (tick(4), trips("clock-backwards", -1, 0))],
    "the clock goes back at arming": [
        (tick(5), Answer(BLOCKED)), (arm(4), trips("clock-backwards", -1, 0)), (arm(9), NO),
    ],
    "the clock goes back after arming": [(arm(5), Answer(ARMED)), (tick(4), trips("clock-backwards", -1, 0))],
    "the clock goes back at arming again": [ARM, FIRST, (arm(4), trips("clock-backwards", -196, 0))],
    "the clock goes back after a command while blocked": [
        (command(9, 1), Answer(BLOCKED)), (tick(8), trips("clock-backwards", -1, 0)),
    ],
    "the clock goes back after an accepted command": [
        ARM, (command(100, 1, stamp_ms=90), passes()), (command(99, 2, stamp_ms=95), trips("clock-backwards", -1, 0)),
    ],
    "after a trip the clock may do as it likes": [
        (arm(100), Answer(ARMED)), (tick(99), trips("clock-backwards", -1, 0)), (arm(98), NO),
        (tick(97), NO), (command(96, 1), NO), (clocked(tick(0), None), NO), (halt(95), NO),
    ],
    "a clock before zero": [
        (arm(-500), Answer(ARMED)), (command(-330, 1, 0.5), passes(0.5)), (tick(-331), trips("clock-backwards", -1, 0)),
    ],
    "a clock that is no integer": [ARM, FIRST, (clocked(tick(0), 300e6), trips("ill-typed", 1, 0)), LATCHED],
    "a clock that is True": [(clocked(arm(0), True), trips("ill-typed", 1, 0)), (arm(5), NO)],
    "a clock that is nothing, at a command": [
        ARM, FIRST, (clocked(command(400, 8, 0.5, 1.0), None), trips("ill-typed", 1, 0)), LATCHED,
    ],
    "the largest clock": [(clocked(arm(0), MAX_NS), Answer(ARMED)), (clocked(tick(0), MAX_NS), Answer(ARMED))],
    "a clock beyond 64 bits": [
        (clocked(tick(0), MAX_NS), Answer(BLOCKED)), (clocked(tick(0), MAX_NS + 1), trips("out-of-range", 1, 0)),
    ],
    "the smallest clock": [(clocked(arm(0), -MAX_NS - 1), Answer(ARMED)), (clocked(tick(0), -MAX_NS), Answer(ARMED))],
    "a clock below 64 bits": [(clocked(arm(0), -MAX_NS - 2), trips("out-of-range", 1, 0)), (arm(1), NO)],
    "a reset with a bad clock while armed trips": [
        ARM, FIRST, (clocked(reset(0), "now"), trips("ill-typed", 1, 0)), (tick(300), NO),
        (reset(310), Answer(BLOCKED)),
    ],
    "a reset with a bad clock while tripped does nothing": [
        ARM, (tick(612), trips("silent", 612, 611)), (clocked(reset(0), 2**70), NO), (reset(620), Answer(BLOCKED)),
    ],
    "a halt with a bad clock halts": [ARM, FIRST, (clocked(halt(0), "now"), trips("halt", 1, 0)), (reset(900), NO)],
    "a halt beyond 64 bits halts": [(tick(3), Answer(BLOCKED)), (clocked(halt(0), 2**70), trips("halt", 1, 0))],
    "a halt before any clock": [(clocked(halt(0), None), trips("halt", 1, 0)), (reset(900), NO)],
    "silence at its limit": [ARM, FIRST, (tick(811), passes(0.5, 1.0))],
    "silence beyond its limit by 1 ns": [ARM, FIRST, (tick(811 + NS), trips("silent", 611 + NS, 611)), LATCHED],
    "silence after arming, no command ever": [ARM, (tick(611), Answer(ARMED)), (tick(612), trips("silent", 612, 611))],
    "silence of 2³² ns and a little more": [
        ARM, FIRST, (tick(200 + WRAP_MS + 1), trips("silent", WRAP_MS + 1, 611)), (tick(9e6), NO),
    ],
    "silence of 2⁴⁰ ns": [ARM, FIRST, (tick(200 + 2**40 * NS), trips("silent", 2**40 * NS, 611))],
    "a silence that is longer than 2³² ns and allowed": [
        *HOLDING, (tick(340 + WRAP_MS, PATIENT), passes(0.5, 0.3)), (tick(340 + 4391, PATIENT), passes(0.5, 0.3)),
        (tick(340 + 4391 + NS, PATIENT), trips("silent", 4391 + NS, 4391)),
    ],
    "ticks do not feed the watchdog": [
        ARM, FIRST, (tick(500), passes(0.5, 1.0)), (tick(700), passes(0.5, 1.0)),
        (tick(812), trips("silent", 612, 611)),
    ],
    "a good command after an unnoticed silence": [ARM, FIRST, (command(812, 8, 0.5, 1.0), trips("silent", 612, 611))],
    "the limits may become stricter: silence": [
        ARM, FIRST, (tick(570), passes(0.5, 1.0)),
        (tick(570, replace(LIMITS, silence_limit_ms=367.0, missing_commands=1)), trips("silent", 370, 367)),
    ],
    "the limits may become stricter: speed": [
        ARM, FIRST, (tick(210, replace(LIMITS, speed_m_s=0.5)), passes(0.5, 1.0)),
        (tick(220, replace(LIMITS, speed_m_s=0.49)), trips("speed", 0.5, 0.49)), LATCHED,
    ],
    "the limits may become stricter: yaw rate": [
        ARM, FIRST, (tick(220, replace(LIMITS, yaw_rate_rad_s=0.99)), trips("yaw-rate", 1.0, 0.99)), LATCHED,
    ],
    "the limits may become stricter: lateral acceleration": [
        ARM, FIRST, (tick(210, replace(LIMITS, lateral_acceleration_m_s2=0.5)), passes(0.5, 1.0)),
        (tick(220, replace(LIMITS, lateral_acceleration_m_s2=0.49)), trips("lateral-acceleration", 0.5, 0.49)), LATCHED,
    ],
    "the limits may become stricter: the age at which the held command came": [
        ARM, (command(200, 7, 0.5, stamp_ms=103), passes(0.5)),
        (tick(300, replace(LIMITS, command_deadline_ms=97.0)), passes(0.5)),
        (tick(310, replace(LIMITS, command_deadline_ms=96.0)), trips("late", 97, 96)), LATCHED,
    ],
    "stricter limits trip at a command that they allow": [
        ARM, FIRST, (command(400, 8, 0.1, 1.0, limits=replace(LIMITS, speed_m_s=0.49)), trips("speed", 0.5, 0.49)),
    ],
    "stricter limits and no motion": [
        ARM, (tick(5, replace(LIMITS, speed_m_s=0.1, yaw_rate_rad_s=0.1)), Answer(ARMED)),
    ],
    "no sample at all": [ARM, (replace(raw(0), sample="go"), trips("ill-typed", 1, 0)), LATCHED],
    "a tuple for a sample": [ARM, (raw((1, ns(190), 5, 0.5, 0.5)), trips("ill-typed", 1, 0)), LATCHED],
    "a sequence of text": [ARM, (command(200, "7", 0.5), trips("ill-typed", 1, 0)), LATCHED],
    "a sequence that is a float": [ARM, FIRST, (command(400, 8.0, 0.5, 1.0), trips("ill-typed", 1, 0)), LATCHED],
    "a sequence that is True": [ARM, (command(200, True), trips("ill-typed", 1, 0)), LATCHED],
    "a sequence that is nothing": [ARM, (command(200, None), trips("ill-typed", 1, 0)), LATCHED],
    "a stamp that is a float": [ARM, (replace(command(200, 1), stamp_ns=190e6), trips("ill-typed", 1, 0)), LATCHED],
    "an input id of bytes": [ARM, (command(200, 1, input_id=b"12345678"), trips("ill-typed", 1, 0)), LATCHED],
    "a speed that is an integer": [ARM, (command(200, 1, 0), trips("ill-typed", 1, 0)), LATCHED],
    "a speed that is a huge integer": [ARM, (command(200, 1, 10**400), trips("ill-typed", 1, 0)), LATCHED],
    "a speed of Decimal": [ARM, (command(200, 1, Decimal("0.1")), trips("ill-typed", 1, 0)), LATCHED],
    "a speed of Fraction": [ARM, (command(200, 1, Fraction(1, 3)), trips("ill-typed", 1, 0)), LATCHED],
    "a yaw rate of text": [ARM, (command(200, 1, 0.0, "0.1"), trips("ill-typed", 1, 0)), LATCHED],
    "a yaw rate that is False": [ARM, (command(200, 1, 0.0, False), trips("ill-typed", 1, 0)), LATCHED],
    "a speed that lies": [ARM, (command(200, 1, Lying(9.0)), trips("ill-typed", 1, 0)), LATCHED],
    "five wrong types": [
        ARM, (Event("step", ns(200), None, "0", 1.5, 1, None), trips("ill-typed", 5, 0)), LATCHED,
    ],
    "an input id below zero": [ARM, (command(200, 1, input_id=-1), trips("out-of-range", 1, 0)), LATCHED],
    "the largest input id": [ARM, (command(200, 1, input_id=MAX_COUNT), passes())],
    "the smallest input id": [ARM, (command(200, 1, input_id=0), passes())],
    "an input id beyond 64 bits": [
        ARM, (command(200, 1, input_id=MAX_COUNT + 1), trips("out-of-range", 1, 0)), LATCHED,
    ],
    "the largest sequence": [ARM, (command(200, MAX_COUNT), passes())],
    "a sequence beyond 64 bits": [
        ARM, (command(200, MAX_COUNT), passes()), (command(400, MAX_COUNT + 1), trips("out-of-range", 1, 0)), LATCHED,
    ],
    "a sequence below zero": [ARM, (command(200, -1), trips("out-of-range", 1, 0)), LATCHED],
    "a stamp beyond 64 bits": [
        ARM, (replace(command(200, 1), stamp_ns=MAX_NS + 1), trips("out-of-range", 1, 0)), LATCHED,
    ],
    "the largest stamp": [
        ARM, (replace(command(200, 1), stamp_ns=MAX_NS), trips("future", (ns(200) - MAX_NS) / 1e6, 0)), LATCHED,
    ],
    "the smallest stamp": [
        ARM, (replace(command(200, 1), stamp_ns=-MAX_NS - 1), trips("late",
        (ns(200) + MAX_NS + 1) / 1e6, 137)), LATCHED,
    ],
    "a stamp below 64 bits": [
        ARM, (replace(command(200, 1), stamp_ns=-MAX_NS - 2), trips("out-of-range", 1, 0)), LATCHED,
    ],
    "three numbers out of range": [
        ARM, (Event("step", ns(200), -1, 2**63, 2**64, 0.0, 0.0), trips("out-of-range", 3, 0)), LATCHED,
    ],
    "a command at the deadline": [ARM, (command(200, 1, stamp_ms=63), passes())],
    "a command late by 1 ns": [ARM, (command(200, 1, stamp_ms=63 - NS), trips("late", 137 + NS, 137)), LATCHED],
    "a command stamped now": [ARM, (command(200, 1, stamp_ms=200), passes())],
    "a command from the future by 1 ns": [ARM, (command(200, 1, stamp_ms=200 + NS), trips("future", -NS, 0)), LATCHED],
    "the same sequence number again": [ARM, FIRST, (command(400, 7, 0.5, 1.0), trips("repeated", 0, 1)), LATCHED],
    "a lower sequence number": [ARM, FIRST, (command(400, 6, 0.5, 1.0), trips("out-of-order", -1, 1)), LATCHED],
    "a much lower sequence number": [ARM, FIRST, (command(400, 2, 0.5, 1.0), trips("out-of-order", -5, 1)), LATCHED],
    "the next sequence number": [ARM, FIRST, SECOND],
    "two commands missing, two allowed": [ARM, FIRST, (command(400, 10, 0.5, 1.0), passes(0.5, 1.0))],
    "three commands missing, two allowed": [ARM, FIRST, (command(400, 11, 0.5, 1.0), trips("missing", 3, 2)), LATCHED],
    "one command missing, none allowed": under(
        replace(LIMITS, missing_commands=0),
        [ARM, FIRST, SECOND, (command(600, 10, 0.5, 1.0), trips("missing", 1, 0)), LATCHED],
    ),
    "the first command may carry any number": [ARM, (command(200, 12345), passes())],
    "the first command may carry any number where none may be missing": under(
        replace(LIMITS, missing_commands=0), [ARM, (command(200, 12345), passes())]
    ),
    "sequence 0, then 1": [ARM, (command(200, 0), passes()), (command(400, 1), passes())],
    "sequence 0 again": [ARM, (command(200, 0), passes()), (command(400, 0), trips("repeated", 0, 1))],
    "sequence 255 to 256": [ARM, (command(200, 255), passes()), (command(400, 256), passes())],
    "sequence 255 to 0": [ARM, (command(200, 255), passes()), (command(400, 0), trips("out-of-order", -255, 1))],
    "sequence 256 to 255": [ARM, (command(200, 256), passes()), (command(400, 255), trips("out-of-order", -1, 1))],
    "sequence 256 again": [ARM, (command(200, 256), passes()), (command(400, 256), trips("repeated", 0, 1))],
    "sequence 0 to 256": [ARM, (command(200, 0), passes()), (command(400, 256), trips("missing", 255, 2))],
    "sequence 65,535 to 65,536": [ARM, (command(200, 65_535), passes()), (command(400, 65_536), passes())],
    "sequence 65,535 to 0": [
        ARM, (command(200, 65_535), passes()), (command(400, 0), trips("out-of-order", -65_535, 1)),
    ],
    "sequence 65,535 again": [ARM, (command(200, 65_535), passes()), (command(400, 65_535), trips("repeated", 0, 1))],
    "sequence 2³² − 1 to 2³²": [ARM, (command(200, 2**32 - 1), passes()), (command(400, 2**32), passes())],
    "an old stamp under a new number": [
        ARM, (command(100, 1, stamp_ms=90), passes()), (command(120, 2, stamp_ms=90), trips("stale", 0, 0)), LATCHED,
    ],
    "an older stamp under a new number": [
        ARM, (command(100, 1, stamp_ms=90), passes()), (command(120, 2, stamp_ms=89), trips("stale", -1, 0)),
    ],
    "a stamp that is newer by 1 ns": [
        ARM, (command(100, 1, stamp_ms=90), passes()), (command(120, 2, stamp_ms=90 + NS), passes()),
    ],
    "input taken at the instant of arming": [
        (arm(100), Answer(ARMED)), (command(110, 1, stamp_ms=100), trips("stale", 0, 0)),
    ],
    "input taken before arming": [(arm(100), Answer(ARMED)), (command(110, 1, stamp_ms=95), trips("stale", -5, 0))],
    "input taken after arming by 1 ns": [(arm(100), Answer(ARMED)), (command(110, 1, stamp_ms=100 + NS), passes())],
    "speed NaN": [ARM, (command(200, 1, math.nan), trips("not-finite", 1, 0)), LATCHED],
    "yaw rate NaN": [ARM, (command(200, 1, 0.0, math.nan), trips("not-finite", 1, 0)), LATCHED],
    "both NaN": [ARM, (command(200, 1, math.nan, math.nan), trips("not-finite", 2, 0)), LATCHED],
    "speed infinite": [ARM, (command(200, 1, math.inf), trips("not-finite", 1, 0)), LATCHED],
    "yaw rate minus infinite": [ARM, (command(200, 1, 0.0, -math.inf), trips("not-finite", 1, 0)), LATCHED],
    "speed at its limit": [ARM, (command(500, 1, 1.3, limits=WIDE), passes(1.3))],
    "speed at its limit backwards": under(WIDE, [ARM, (command(500, 1, -1.3), passes(-1.3))]),
    "speed beyond its limit": [ARM, (command(500, 1, 1.3000001), trips("speed", 1.3000001, 1.3)), LATCHED],
    "speed beyond its limit backwards": [ARM, (command(500, 1, -1.3000001), trips("speed", -1.3000001, 1.3)), LATCHED],
    "yaw rate at its limit": under(WIDE, [ARM, (command(500, 1, 0.0, 1.7), passes(0.0, 1.7))]),
    "yaw rate at its limit to the right": under(WIDE, [ARM, (command(500, 1, 0.0, -1.7), passes(0.0, -1.7))]),
    "yaw rate beyond its limit": [ARM, (command(500, 1, 0.0, 1.7000001), trips("yaw-rate", 1.7000001, 1.7)), LATCHED],
    "yaw rate beyond its limit to the right": [
        ARM, (command(500, 1, 0.0, -1.7000001), trips("yaw-rate", -1.7000001, 1.7)), LATCHED,
    ],
    "lateral acceleration at its limit": under(
        replace(WIDE, lateral_acceleration_m_s2=1.5), [ARM, (command(500, 1, 1.0, -1.5), passes(1.0, -1.5))]
    ),
    "lateral acceleration beyond its limit": under(
        replace(WIDE, lateral_acceleration_m_s2=1.5),
        [ARM, (command(500, 1, 1.0, 1.5000001), trips("lateral-acceleration", 1.5000001, 1.5)), LATCHED],
    ),
    "lateral acceleration beyond its limit, backwards to the right": under(
        replace(WIDE, lateral_acceleration_m_s2=1.5),
        [ARM, (command(500, 1, -1.2, -1.3), trips("lateral-acceleration", 1.56, 1.5)), LATCHED],
    ),
    "lateral acceleration beyond its limit, to the right": under(
        replace(WIDE, lateral_acceleration_m_s2=1.5),
        [ARM, (command(500, 1, 1.2, -1.3), trips("lateral-acceleration", 1.56, 1.5)), LATCHED],
    ),
    "acceleration from rest at its limit": under(
        replace(LIMITS, jerk_m_s3=29.0), [ARM, (command(125, 1, 0.4625), passes(0.4625))]
    ),
    "acceleration from rest beyond it": [ARM, (command(125, 1, 0.463), trips("acceleration", 0.463, 0.4625)), LATCHED],
    "acceleration beyond it backwards": [ARM, (command(125, 1, -0.463), trips("acceleration", 0.463, 0.4625))],
    "a pause buys no jump": [ARM, (command(600, 1, 0.63), trips("acceleration", 0.63, 0.629)), LATCHED],
    "what one period buys": [ARM, (command(600, 1, 0.628), passes(0.628))],
    "acceleration counts from the last command, not from rest": [
        ARM, FIRST, (command(370, 8, 1.1, 1.0), passes(1.1, 1.0)),
    ],
    "braking counts too": [ARM, FIRST, (command(325, 8, 0.03, 1.0), trips("acceleration", 0.47, 0.4625)), LATCHED],
    "a full stop counts too": [
        *FAST,
        (command(340, 2, 0.0, 0.7, limits=replace(WIDE, acceleration_m_s2=7.5)), trips("acceleration", 1.3, 1.275)),
    ],
    "acceleration counts from the last command, not from the last tick": [
        ARM, FIRST, (tick(360), passes(0.5, 1.0)), (command(370, 8, 1.1, 1.0), passes(1.1, 1.0)),
    ],
    "acceleration counts over the monitor's clock, not over stamps": [
        ARM, FIRST, (command(250, 8, 0.7, 1.0, stamp_ms=240), trips("acceleration", 0.2, 0.185)),
    ],
    "no time, no change": [
        ARM, FIRST, (command(200, 8, 0.50001, 1.0, stamp_ms=195), trips("acceleration", 0.00001, 0)),
    ],
    "no time, the same command": [ARM, FIRST, (command(200, 8, 0.5, 1.0, stamp_ms=195), passes(0.5, 1.0))],
    "no time, the same command, and on as before": [
        *MOVED, (command(200, 8, 0.5, 0.9, stamp_ms=195), passes(0.5, 0.9)),
        (command(370, 9, 1.0, 0.9, limits=replace(LIMITS, jerk_m_s3=2.0)), passes(1.0, 0.9)),
    ],
    "yaw acceleration at its limit": [ARM, (command(125, 1, 0.0, -1.03), passes(0.0, -1.03))],
    "yaw acceleration beyond it": [ARM, (command(125, 1, 0.0, 1.04), trips("yaw-acceleration", 1.04, 1.0375)), LATCHED],
    "yaw acceleration over one period at most": [
        ARM, (command(600, 1, 0.0, 1.412), trips("yaw-acceleration", 1.412, 1.411)), LATCHED,
    ],
    "yaw acceleration counts from the last command": [
        ARM, FIRST, (command(325, 8, 0.5, -0.04), trips("yaw-acceleration", 1.04, 1.0375)), LATCHED,
    ],
    "jerk: there and back": under(SMOOTH, [
        ARM, (command(170, 1, 0.5), passes(0.5)), (command(340, 2, 0.0), trips("jerk", 1 / 0.17, 23 * 0.17)), LATCHED,
    ]),
    "jerk: there, and a little back": under(SMOOTH, [
        ARM, (command(170, 1, 0.5), passes(0.5)), (command(340, 2, 0.34), passes(0.34)),
    ]),
    "jerk from rest at its limit": under(SMOOTH, [ARM, (command(170, 1, -0.664), passes(-0.664))]),
    "jerk from rest beyond it": under(SMOOTH, [
        ARM, (command(170, 1, -0.666), trips("jerk", 0.666 / 0.17, 3.91)), LATCHED,
    ]),
    "jerk: at rest before arming is a whole period": under(SMOOTH, [
        (arm(160), Answer(ARMED)), (command(190, 1, 0.06), passes(0.06)),
    ]),
    "jerk: at rest before arming is one period and no more": under(SMOOTH, [
        (arm(160), Answer(ARMED)), (command(190, 1, 0.07), trips("jerk", 0.07 / 0.03, 23 * 0.1)),
    ]),
    "jerk: half of both spans": under(SMOOTH, [
        ARM, (command(110, 1, 0.3), passes(0.3)), (command(180, 2, 0.35), passes(0.35)),
        (command(220, 3, 0.32), trips("jerk", 0.05 / 0.07 + 0.03 / 0.04, 23 * 0.055)), LATCHED,
    ]),
    "jerk: a pause counts as one period": under(SMOOTH, [
        ARM, (command(170, 1, 0.6), passes(0.6)), (command(640, 2, 0.6), passes(0.6)),
        (command(1200, 3, -0.07), trips("jerk", 0.67 / 0.17, 3.91)), LATCHED,
    ]),
    "jerk: a shorter period counts for the span before as well": [
        ARM, (command(170, 1, 0.6), passes(0.6)),
        (command(340, 2, 0.5, limits=replace(LIMITS, command_period_ms=73.0)),
            trips("jerk", 0.6 / 0.17 + 0.1 / 0.073, 23 * 0.073)), LATCHED,
    ],
    "yaw jerk: left and right": under(SMOOTH, [
        ARM, (command(170, 1, 0.0, 1.0), passes(0.0, 1.0)),
        (command(340, 2, 0.0, 0.1), trips("yaw-jerk", 1.9 / 0.17, 59 * 0.17)), LATCHED,
    ]),
    "yaw jerk: left, and a little right": under(SMOOTH, [
        ARM, (command(170, 1, 0.0, 1.0), passes(0.0, 1.0)), (command(340, 2, 0.0, 0.4), passes(0.0, 0.4)),
    ]),
    "yaw jerk from rest, to the left": under(SMOOTH, [ARM, (command(110, 1, 0.0, 0.9), passes(0.0, 0.9))]),
    "yaw jerk from rest, to the right": under(SMOOTH, [ARM, (command(110, 1, 0.0, -0.9), passes(0.0, -0.9))]),
    "yaw jerk from rest beyond it, to the left": under(SMOOTH, [
        ARM, (command(110, 1, 0.0, 0.91), trips("yaw-jerk", 0.91 / 0.11, 59 * 0.14)), LATCHED,
    ]),
    "yaw jerk from rest beyond it, to the right": under(SMOOTH, [
        ARM, (command(110, 1, 0.0, -0.91), trips("yaw-jerk", 0.91 / 0.11, 59 * 0.14)), LATCHED,
    ]),
    "jerk, exactly at its limit": under(EXACT, [ARM, (command(500, 1, 1.0, 0.0), passes(1.0, 0.0))]),
    "jerk, one bit beyond its limit": under(EXACT, [
        ARM, (command(500, 1, math.nextafter(1.0, 2.0), 0.0), trips("jerk", 4.0, 4.0)), LATCHED,
    ]),
    "yaw jerk, exactly at its limit": under(EXACT, [ARM, (command(500, 1, 0.0, -1.5), passes(0.0, -1.5))]),
    "yaw jerk, one bit beyond its limit": under(EXACT, [
        ARM, (command(500, 1, 0.0, math.nextafter(1.5, 2.0)), trips("yaw-jerk", 6.0, 6.0)), LATCHED,
    ]),
    "yaw jerk after a turn beyond it": under(SMOOTH, [
        ARM, (command(170, 1, 0.0, -1.7), passes(0.0, -1.7)),
        (command(340, 2, 0.0, -1.6), trips("yaw-jerk", 1.8 / 0.17, 10.03)), LATCHED,
    ]),
    "bang-bang speed at 5 Hz trips under the default limits": under(Limits(), [
        ARM, (command(200, 1, 1.0), trips("acceleration", 1.0, 0.9)), (command(400, 2, 0.0), NO),
    ]),
    "bang-bang speed at 5 Hz trips after a pause, too": under(Limits(), [
        ARM, (command(599, 1, 1.0), trips("acceleration", 1.0, 0.9)),
    ]),
    "bang-bang at the expert's speed trips at its second swing": under(Limits(), [
        ARM, (command(200, 1, 0.8), passes(0.8)), (command(400, 2, 0.0), trips("jerk", 8.0, 6.0)),
    ]),
    "bang-bang yaw rate at 5 Hz trips under the default limits": under(Limits(), [
        ARM, (command(200, 1, 0.0, 2.0), passes(0.0, 2.0)),
        (command(400, 2, 0.0, -2.0), trips("yaw-acceleration", 4.0, 2.4)), LATCHED,
    ]),
    "a start to the expert's speed passes, and a hold that comes early": under(Limits(), [
        ARM, (command(200, 1, 0.8), passes(0.8)), (command(270, 2, 0.8), passes(0.8)),
    ]),
    "frozen at its limit": holds(149 + 1490, *range(11)),
    "frozen beyond its limit by 1 ns": [
        *ending(holds(149 + 1490 + NS, *range(11)), trips("frozen", 1490 + NS, 1490)), (tick(1700), NO),
    ],
    "the same output over the same input": holds(149 * 20, *([5] * 20)),
    "the same output over an input that changes late": [
        *holds(149 * 12, *([5] * 12)), *holds(149 * 22, *([5] * 12), *range(10, 20))[13:],
        (command(149 * 23, 23, 0.5, 0.3), trips("frozen", 149 * 11, 1490)),
    ],
    "an input that changed once and stays": ending(holds(149 * 12, 5, *([6] * 11)), trips("frozen", 149 * 11, 1490)),
    "an input that changed and came back": ending(
        holds(149 * 12, 5, 6, *([5] * 10)), trips("frozen", 149 * 11, 1490)
    ),
    "an output that moves once in a while": [
        *holds(149 * 11, *range(11)), (command(149 * 12, 11, 0.5, 0.31), passes(0.5, 0.31)),
        *[(command(149 * n, n - 1, 0.5, 0.31), passes(0.5, 0.31)) for n in range(13, 23)],
    ],
    "an output whose speed alone moves": [
        *holds(149 * 11, *range(11)), (command(149 * 12, 11, 0.51, 0.3), passes(0.51, 0.3)),
    ],
    "standing still for ever": holds(149 * 30, *range(30), speed=0.0, yaw=0.0),
    "turning on the spot at the limit": holds(149 * 20, *range(20), limits=WIDE, speed=0.0, yaw=-1.7),
    "straight on at the limit": holds(149 * 20, *range(20), limits=WIDE, speed=1.3, yaw=0.0),
    "both at the limit": holds(149 * 20, *range(20), limits=WIDE, speed=-1.3, yaw=1.7),
    "turning on the spot below the limit": ending(
        holds(149 * 12, *range(12), limits=WIDE, speed=0.0, yaw=1.3), trips("frozen", 149 * 11, 1490)
    ),
    "at the speed limit in a curve": ending(
        holds(149 * 12, *range(12), limits=WIDE, speed=1.3, yaw=0.3), trips("frozen", 149 * 11, 1490)
    ),
    "a slow drive at the yaw limit": ending(
        holds(149 * 12, *range(12), limits=WIDE, speed=0.2, yaw=1.7), trips("frozen", 149 * 11, 1490)
    ),
    "straight on below the limit": ending(
        holds(149 * 12, *range(12), limits=WIDE, speed=0.5, yaw=0.0), trips("frozen", 149 * 11, 1490)
    ),
    "frozen for longer than 2³² ns, and allowed": [
        *HOLDING, (command(4600, 3, 0.5, 0.3, limits=PATIENT), passes(0.5, 0.3)),
        (command(340 + 4783, 4, 0.5, 0.3, limits=PATIENT), passes(0.5, 0.3)),
        (command(340 + 4784, 5, 0.5, 0.3, limits=PATIENT), trips("frozen", 4784, 4783)),
    ],
    "an arming ends what was frozen": [
        *holds(149 * 10, *range(10)), (reset(1500), Answer(BLOCKED)), (arm(1510), Answer(ARMED)),
        (command(1680, 0, 0.5, 0.3), passes(0.5, 0.3)), (command(1850, 1, 0.5, 0.3), passes(0.5, 0.3)),
    ],
    "silence before late": [ARM, (command(700, 1, stamp_ms=1), trips("silent", 700, 611))],
    "silence before a wrong type": [ARM, (command(700, "1"), trips("silent", 700, 611))],
    "silence before the held command": [
        ARM, FIRST, (tick(812, replace(LIMITS, speed_m_s=0.4)), trips("silent", 612, 611)),
    ],
    "a clock that goes back before silence": [
        ARM, (tick(500), Answer(ARMED)), (command(499, 1, math.nan), trips("clock-backwards", -1, 0)),
    ],
    "a wrong type before a range": [ARM, (command(200, -1, "0"), trips("ill-typed", 1, 0))],
    "a range before the future": [ARM, (command(200, 2**64, stamp_ms=900), trips("out-of-range", 1, 0))],
    "late before repeated": [ARM, FIRST, (command(400, 7, stamp_ms=1), trips("late", 399, 137))],
    "repeated before stale": [ARM, FIRST, (command(300, 7, 0.5, 1.0, stamp_ms=190), trips("repeated", 0, 1))],
    "stale before missing": [ARM, FIRST, (command(300, 99, 0.5, 1.0, stamp_ms=190), trips("stale", 0, 0))],
    "repeated before not finite": [ARM, FIRST, (command(400, 7, math.nan), trips("repeated", 0, 1))],
    "not finite before speed": [ARM, (command(200, 1, 9.0, math.nan), trips("not-finite", 1, 0))],
    "speed before yaw rate": [ARM, (command(200, 1, 9.0, 9.0), trips("speed", 9.0, 1.3))],
    "yaw rate before lateral": [ARM, (command(200, 1, 1.2, 9.0), trips("yaw-rate", 9.0, 1.7))],
    "lateral before acceleration": [ARM, (command(200, 1, 1.2, 1.2), trips("lateral-acceleration", 1.44, 1.1))],
    "acceleration before yaw acceleration": [ARM, (command(105, 1, 0.5, 1.5), trips("acceleration", 0.5, 0.3885))],
    "yaw acceleration before jerk": [
        ARM, FIRST, (command(370, 8, 0.0, -0.5), trips("yaw-acceleration", 1.5, 1.411)),
    ],
    "jerk before frozen": [
        ARM, (command(170, 1, 0.5), passes(0.5)),
        (command(360, 2, 0.5, limits=replace(LIMITS, jerk_m_s3=5.0, frozen_limit_ms=180.0)),
            trips("jerk", 0.5 / 0.17, 0.85)), LATCHED,
    ],
    "yaw jerk before frozen": [
        ARM, (command(170, 1, 0.0, 0.5), passes(0.0, 0.5)),
        (command(360, 2, 0.0, 0.5, limits=replace(LIMITS, yaw_jerk_rad_s3=5.0, frozen_limit_ms=180.0)),
            trips("yaw-jerk", 0.5 / 0.17, 0.85)), LATCHED,
    ],
    "frozen after one command": [
        ARM, (command(170, 1, 0.5), passes(0.5)),
        (command(360, 2, 0.5, limits=replace(LIMITS, frozen_limit_ms=180.0)), trips("frozen", 190, 180)), LATCHED,
    ],
    "jerk before yaw jerk": under(SMOOTH, [
        ARM, (command(170, 1, 0.5, 1.0), passes(0.5, 1.0)),
        (command(340, 2, 0.0, 0.1), trips("jerk", 1 / 0.17, 3.91)),
    ]),
}  # fmt: skip
