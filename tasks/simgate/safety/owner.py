"""Monitor: the owner of the state, for everything that moves. Nobody can hand it an old state, so a trip stays.

The rules are those of `monitor.py` and `envelope.py`. No method takes or gives a State, a Monitor cannot be copied or
pickled, and calls from several threads come one after the other: the only way back from a trip is a reset.
"""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple, NoReturn, SupportsIndex

from simgate.safety import monitor
from simgate.safety.limits import Limits
from simgate.safety.state import Cause, CommandSample, Mode, Outcome, SafeCommand, State, Violation


class Ruling(NamedTuple):
    """The result of one call."""

    output: SafeCommand
    """The actuators' command from now on."""
    violation: Violation | None
    """The violation that tripped the monitor in this call; None where none did."""


class Monitor:
    """The monitor of one base, from power-on: BLOCKED, with nothing remembered."""

    __slots__ = ("_limits", "_lock", "_state")

    def __init__(self, limits: Limits) -> None:
        self._limits = _checked(limits)
        self._state = State()
        self._lock = Lock()

    @property
    def mode(self) -> Mode:
        """The mode that it is in."""
        return self._state.mode

    @property
    def trip(self) -> Violation | None:
        """The violation that latched; None unless TRIPPED."""
        return self._state.trip

    @property
    def causes(self) -> frozenset[Cause]:
        """Causes of halts that persist; while there is one, `reset` does nothing."""
        return self._state.causes

    @property
    def limits(self) -> Limits:
        """The envelope in force."""
        return self._limits

    def arm(self, *, now_ns: int) -> Ruling:
        """Let commands through, on an operator's word."""
        with self._lock:
            return self._take(monitor.arm(self._state, self._limits, now_ns=now_ns))

    def reset(self, *, now_ns: int) -> Ruling:
        """Acknowledge a trip, on an operator's word; does nothing while the cause of a halt persists."""
        with self._lock:
            return self._take(monitor.reset(self._state, now_ns=now_ns))

    def step(self, sample: CommandSample, *, now_ns: int) -> Ruling:
        """Judge a command that arrived."""
        with self._lock:
            return self._take(monitor.step(self._state, sample, self._limits, now_ns=now_ns))

    def tick(self, *, now_ns: int) -> Ruling:
        """Note that time passed."""
        with self._lock:
            return self._take(monitor.tick(self._state, self._limits, now_ns=now_ns))

    def halt(self, cause: Cause, *, now_ns: int) -> Ruling:
        """Trip for a fault that something outside saw, and that persists until `clear`."""
        with self._lock:
            return self._take(monitor.halt(self._state, cause, now_ns=now_ns))

    def clear(self, cause: Cause) -> None:
        """Take a cause of a halt back; a reset is still needed."""
        with self._lock:
            self._state = monitor.clear(self._state, cause)

    def limit(self, limits: Limits, *, now_ns: int) -> Ruling:
        """Use other limits from now on; the held command is judged by them at once."""
        with self._lock:
            self._limits = _checked(limits)
            return self._take(monitor.tick(self._state, self._limits, now_ns=now_ns))

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("a Monitor cannot be copied or pickled: the copy would not know of a trip")

    def _take(self, outcome: Outcome) -> Ruling:
        self._state, output, violation = outcome
        return Ruling(output, violation)


def _checked(limits: Limits) -> Limits:
    if type(limits) is not Limits:
        raise TypeError(f"a Monitor needs Limits, got {type(limits).__name__}")
    return limits
