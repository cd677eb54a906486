"""The monitor's rules: what leaves them is inside the envelope or zero, and zero until an operator says so.

Pure functions over one frozen State; the clock is an argument (`now_ns`, monotonic, nanoseconds, 64 bits), so that a
bench, a replay of a log and a test run the same code:

    arm    an operator lets commands through; the only way out of BLOCKED
    reset  an operator acknowledges a trip; back to BLOCKED, never straight to motion, and not while a cause persists
    step   one command arrived
    tick   time passed without one
    halt   something outside saw a fault, and says which (dead device, broken frame, emergency stop)
    clear  the cause of a halt is gone

In a command path they are called by `owner.Monitor`, which keeps the State to itself: whoever holds a State could go
back to one from before the trip.

That a reset only allows a later, separate start is the rule of ISO 13849-1 for a manual reset. The communication errors
are those that IEC 61784-3 lists (repetition, incorrect sequence, loss, delay, corruption). The safe state is a zero
command with power left on, which is a stop category 2 in the words of IEC 60204-1. No category or performance level is
claimed: this is one software channel on a general-purpose computer.
"""

from __future__ import annotations

from dataclasses import replace

from simgate.safety import envelope
from simgate.safety.limits import Limits
from simgate.safety.state import (
    STOP,
    Cause,
    CommandSample,
    Kind,
    Mode,
    Outcome,
    SafeCommand,
    State,
    Violation,
)


def arm(state: State, limits: Limits, *, now_ns: int) -> Outcome:
    """Let commands through from now on: an operator's act. Outside BLOCKED it does what `tick` does, and no more."""
    state, output, violation = tick(state, limits, now_ns=now_ns)
    if state.mode is not Mode.BLOCKED or state.causes:
        return state, output, violation
    # From here the base counts as having stood still, and input from before this instant as stale.
    return State(Mode.ARMED, clock_ns=now_ns, heard_ns=now_ns, stamp_ns=now_ns), STOP, None


def reset(state: State, *, now_ns: int) -> Outcome:
    """Return to BLOCKED, with nothing remembered: an operator's act, which starts no motion by itself.

    Does nothing while the cause of a halt persists. The clock may begin anew.
    """
    if state.causes:
        return state, STOP, None
    violation = envelope.clock_form(state, now_ns)
    if violation is not None:
        return (state, STOP, None) if state.mode is Mode.TRIPPED else _trip(violation)
    return State(clock_ns=now_ns), STOP, None


def step(state: State, sample: CommandSample, limits: Limits, *, now_ns: int) -> Outcome:
    """Pass one command on, or trip: a violation gives the zero command in this very step, and latches."""
    state, _, violation = tick(state, limits, now_ns=now_ns)
    if state.mode is not Mode.ARMED:
        return state, STOP, violation
    violation = (
        envelope.form(sample, now_ns)
        or envelope.timing(sample, limits, now_ns)
        or envelope.order(state, sample, limits, now_ns)
        or envelope.within(sample, limits, now_ns)
    )
    if violation is not None:
        return _trip(violation)
    after = _after(state, sample, limits, now_ns)
    violation = (
        envelope.change(state, after, limits, now_ns)
        or envelope.jerk(state, after, limits, now_ns)
        or envelope.frozen(after, limits, now_ns)
    )
    if violation is not None:
        return _trip(violation)
    return after, after.output, None


def tick(state: State, limits: Limits, *, now_ns: int) -> Outcome:
    """Note that time passed: the last command stays in force until the silence limit, if these limits allow it."""
    if state.mode is Mode.TRIPPED:
        return state, STOP, None
    violation = envelope.clock_form(state, now_ns) or envelope.clock_order(state, now_ns)
    if violation is not None:
        return _trip(violation)
    if state.mode is not Mode.ARMED:
        return replace(state, clock_ns=now_ns), STOP, None
    violation = envelope.silence(state, limits, now_ns) or envelope.held(state, limits, now_ns)
    if violation is not None:
        return _trip(violation)
    return replace(state, clock_ns=now_ns), state.output, None


def halt(state: State, cause: Cause, *, now_ns: int) -> Outcome:
    """Trip on the word of something outside, until `clear` takes it back; an earlier trip stays the one on record."""
    # What is no Cause halts all the same.
    causes = state.causes | {cause if type(cause) is Cause else Cause.UNKNOWN}
    if state.mode is Mode.TRIPPED:
        return replace(state, causes=causes), STOP, None
    at_ns = now_ns if envelope.clock_form(state, now_ns) is None else state.clock_ns or 0
    violation = Violation(Kind.HALT, at_ns, 1.0, 0.0)
    return State(Mode.TRIPPED, trip=violation, causes=causes), STOP, violation


def clear(state: State, cause: Cause) -> State:
    """Take a cause of a halt back. The trip stays until a reset, which is possible once every cause is gone."""
    return replace(state, causes=frozenset(other for other in state.causes if other is not cause))


def _trip(violation: Violation) -> Outcome:
    return State(Mode.TRIPPED, trip=violation), STOP, violation


def _after(state: State, sample: CommandSample, limits: Limits, now_ns: int) -> State:
    """Return the state that the command leads to, if nothing speaks against it."""
    output = SafeCommand(sample.speed_m_s, sample.yaw_rate_rad_s)
    same = output == state.output
    input_changed = same and (state.input_changed or sample.input_id != state.input_id)
    return State(
        Mode.ARMED,
        clock_ns=now_ns,
        heard_ns=now_ns,
        stamp_ns=sample.stamp_ns,
        sequence=sample.sequence,
        output=output,
        change=envelope.change_to(state, output, limits, now_ns),
        input_id=sample.input_id,
        input_changed=input_changed,
        still_ns=state.still_ns if input_changed else now_ns,
    )
