"""What holds for the monitor in any order of events, with any numbers."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from simgate.safety import monitor
from simgate.safety.limits import Limits
from simgate.safety.monitor import STOP, CommandSample, Mode, Outcome, State

NS = st.integers(min_value=-(2**62), max_value=2**62)
WILD = st.floats(width=64)
"""NaN, infinities, subnormals, all of it."""
TAME = st.floats(min_value=-1.2, max_value=1.2)
LIMITS = st.builds(
    Limits,
    speed_m_s=st.floats(0.1, 2.0),
    yaw_rate_rad_s=st.floats(0.1, 3.0),
    acceleration_m_s2=st.floats(0.1, 10.0),
    yaw_acceleration_rad_s2=st.floats(0.1, 30.0),
    command_deadline_ms=st.floats(1.0, 500.0),
    silence_limit_ms=st.floats(1.0, 2000.0),
    missing_commands=st.integers(0, 3),
)
GAPS_NS = st.sampled_from((0, 1, 1_000_000, 50_000_000, 200_000_000, 700_000_000, -1))


@dataclasses.dataclass(frozen=True)
class Happening:
    """One call with its arguments."""

    call: str
    now_ns: int
    sample: CommandSample


@st.composite
def plausible(draw: st.DrawFn) -> list[Happening]:
    """Mostly good traffic with faults strewn in: gets the monitor armed, moving and tripped."""
    now_ns, happenings = 0, []
    calls = st.sampled_from(("arm", "arm", "reset", "step", "step", "step", "step", "tick", "halt"))
    for number in range(draw(st.integers(1, 25))):
        now_ns += draw(GAPS_NS)
        age_ns = draw(st.sampled_from((0, 1, 5_000_000, 400_000_000, -1)))
        sequence = number + draw(st.sampled_from((0, 0, 0, 0, -1, 3)))
        sample = CommandSample(sequence, now_ns - age_ns, draw(TAME | WILD), draw(TAME | WILD))
        happenings.append(Happening(draw(calls), now_ns, sample))
    return happenings


WILDEST = st.lists(
    st.builds(
        Happening,
        call=st.sampled_from(("arm", "reset", "step", "tick", "halt")),
        now_ns=NS,
        sample=st.builds(CommandSample, sequence=NS, stamp_ns=NS, speed_m_s=WILD, yaw_rate_rad_s=WILD),
    ),
    max_size=25,
)
EVENTS = plausible() | WILDEST


def play(state: State, happenings: list[Happening], limits: Limits) -> Iterator[tuple[State, Happening, Outcome]]:
    """Each state before, the call, and what came back."""
    for happening in happenings:
        outcome = answer(state, happening, limits)
        yield state, happening, outcome
        state = outcome[0]


def answer(state: State, happening: Happening, limits: Limits) -> Outcome:
    match happening.call:
        case "arm":
            return monitor.arm(state, now_ns=happening.now_ns)
        case "reset":
            return monitor.reset(now_ns=happening.now_ns)
        case "halt":
            return monitor.halt(state, now_ns=happening.now_ns)
        case "tick":
            return monitor.tick(state, limits, now_ns=happening.now_ns)
        case _:
            return monitor.step(state, happening.sample, limits, now_ns=happening.now_ns)


@given(EVENTS, LIMITS)
def test_nothing_moves_before_an_operator_arms(happenings: list[Happening], limits: Limits) -> None:
    armed = False
    for _, happening, (_, output, _) in play(State(), happenings, limits):
        armed = armed or happening.call == "arm"
        assert armed or output == STOP


@settings(max_examples=300)
@given(EVENTS, LIMITS)
def test_no_output_ever_leaves_the_envelope_and_none_is_nan(happenings: list[Happening], limits: Limits) -> None:
    for _, _, (_, output, _) in play(State(), happenings, limits):
        assert math.isfinite(output.speed_m_s)
        assert math.isfinite(output.yaw_rate_rad_s)
        assert abs(output.speed_m_s) <= limits.speed_m_s
        assert abs(output.yaw_rate_rad_s) <= limits.yaw_rate_rad_s


@settings(max_examples=300)
@given(EVENTS, LIMITS)
def test_after_a_trip_the_output_is_zero_until_reset_and_armed(happenings: list[Happening], limits: Limits) -> None:
    tripped, acknowledged = False, False
    for _, happening, (_, output, violation) in play(State(), happenings, limits):
        acknowledged = acknowledged or happening.call == "reset"
        if tripped and acknowledged and happening.call == "arm":
            tripped = False
        if violation is not None:
            tripped, acknowledged = True, False
        assert not tripped or output == STOP


@settings(max_examples=300)
@given(EVENTS, LIMITS)
def test_state_output_and_violation_never_disagree(happenings: list[Happening], limits: Limits) -> None:
    for before, _, (state, output, violation) in play(State(), happenings, limits):
        assert state.output == output
        assert (state.trip is not None) == (state.mode is Mode.TRIPPED)
        assert state.mode is Mode.ARMED or output == STOP
        assert violation is None or state.trip == violation
        assert violation is not None or state.trip == before.trip or state.trip is None


@settings(max_examples=300)
@given(EVENTS, LIMITS)
def test_only_a_reset_leaves_tripped_and_only_arm_enters_armed(happenings: list[Happening], limits: Limits) -> None:
    for before, happening, (state, _, _) in play(State(), happenings, limits):
        if before.mode is Mode.TRIPPED and state.mode is not Mode.TRIPPED:
            assert happening.call == "reset"
            assert state.mode is Mode.BLOCKED
        if before.mode is not Mode.ARMED and state.mode is Mode.ARMED:
            assert happening.call == "arm"
            assert before.mode is Mode.BLOCKED


@settings(max_examples=300)
@given(EVENTS, LIMITS)
def test_the_output_changes_no_faster_than_the_limits(happenings: list[Happening], limits: Limits) -> None:
    moved_ns = 0
    for before, happening, (state, output, _) in play(State(), happenings, limits):
        elapsed_s = (happening.now_ns - moved_ns) / 1e9
        if before.mode is Mode.ARMED and state.mode is Mode.ARMED and output != before.output:
            assert abs(output.speed_m_s - before.output.speed_m_s) <= limits.acceleration_m_s2 * elapsed_s
            assert (
                abs(output.yaw_rate_rad_s - before.output.yaw_rate_rad_s) <= limits.yaw_acceleration_rad_s2 * elapsed_s
            )
        if state.heard_ns != before.heard_ns:
            moved_ns = state.heard_ns


@given(EVENTS, LIMITS)
def test_no_motion_outlives_the_silence_limit(happenings: list[Happening], limits: Limits) -> None:
    for before, happening, (_, output, _) in play(State(), happenings, limits):
        silent_ms = (happening.now_ns - before.heard_ns) / 1e6
        if happening.call == "tick" and not silent_ms <= limits.silence_limit_ms:
            assert output == STOP


@given(EVENTS, LIMITS)
def test_the_same_events_give_the_same_answers(happenings: list[Happening], limits: Limits) -> None:
    assert list(play(State(), happenings, limits)) == list(play(State(), happenings, limits)) or has_nan(happenings)


def has_nan(happenings: list[Happening]) -> bool:
    """NaN equals nothing, so lists that hold one cannot be compared."""
    return any(math.isnan(h.sample.speed_m_s) or math.isnan(h.sample.yaw_rate_rad_s) for h in happenings)


@given(st.sampled_from((math.nan, math.inf, -math.inf)), st.booleans(), TAME)
def test_a_number_that_is_none_trips_in_the_same_step(wrong: float, first: bool, other: float) -> None:
    armed, _, _ = monitor.arm(State(), now_ns=0)
    pair = (wrong, other) if first else (other, wrong)
    state, output, violation = monitor.step(armed, CommandSample(0, 1, *pair), Limits(), now_ns=500_000_000)
    assert output == STOP
    assert state.mode is Mode.TRIPPED
    assert violation is not None


def test_plausible_traffic_reaches_motion_and_trips() -> None:
    """The properties above mean something: good traffic does come through."""
    state, _, _ = monitor.arm(State(), now_ns=0)
    for number in range(1, 20):
        now_ns = number * 200_000_000
        sample = CommandSample(number, now_ns - 10_000_000, 0.8, -1.5)
        state, output, violation = monitor.step(state, sample, Limits(), now_ns=now_ns)
        assert violation is None
        assert (output.speed_m_s, output.yaw_rate_rad_s) == (0.8, -1.5)
