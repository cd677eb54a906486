"""What holds for the monitor in any order of events, with anything in them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simgate.safety import monitor
from simgate.safety.limits import Limits
from simgate.safety.owner import Monitor
from simgate.safety.state import STOP, Cause, CommandSample, Kind, Mode, SafeCommand, State, Violation
from tests.safety.drives import Traffic
from tests.safety.hostile import ANYTHING, SAMPLES
from tests.safety.traces import LIMITS, PATIENT, WIDE, Event, Parts, Rules


def traffic(seed: int) -> list[Event]:
    """Mostly good traffic with faults strewn in: gets the monitor armed, moving and tripped."""
    random = Random(seed)
    return Traffic(random).script(random.randint(5, 40))


NS = st.integers(min_value=-(2**63), max_value=2**63 - 1)
COUNTS = st.integers(min_value=0, max_value=2**64 - 1)
WILD = st.floats(width=64)
"""NaN, infinities, subnormals, all of it."""
TAME = st.floats(min_value=-1.2, max_value=1.2)
WILDEST = st.lists(
    st.builds(
        Event,
        call=st.sampled_from(("arm", "reset", "step", "tick", "halt", "clear")),
        now_ns=NS,
        sequence=COUNTS,
        stamp_ns=NS,
        input_id=COUNTS,
        speed_m_s=WILD,
        yaw_rate_rad_s=WILD,
        limits=st.sampled_from((LIMITS, WIDE, PATIENT)),
    ),
    max_size=25,
)


def then_wild(seed: int, wildest: list[Event]) -> list[Event]:
    """Traffic, and after it events that have nothing to do with each other."""
    return traffic(seed) + wildest


EVENTS = st.builds(then_wild, st.integers(0, 2**64), WILDEST)
Step = tuple[State, Event, State, Any, Any]


def play(events: list[Event]) -> Iterator[Step]:
    """For each event: the state before, the event, the state after, the output, the violation."""
    rules = Rules(Parts())
    for event in events:
        before = rules.state
        output, violation = rules.take(event)
        yield before, event, rules.state, output, violation


@given(EVENTS)
def test_nothing_moves_before_an_operator_arms(events: list[Event]) -> None:
    armed = False
    for _, event, _, output, _ in play(events[1:]):
        armed = armed or event.call == "arm"
        assert armed or output == STOP


@settings(max_examples=200)
@given(EVENTS)
def test_no_output_ever_leaves_the_envelope_of_its_call_and_none_is_nan(events: list[Event]) -> None:
    for _, event, _, output, _ in play(events):
        if event.call in ("arm", "step", "tick"):
            assert math.isfinite(output.speed_m_s)
            assert math.isfinite(output.yaw_rate_rad_s)
            assert abs(output.speed_m_s) <= event.limits.speed_m_s
            assert abs(output.yaw_rate_rad_s) <= event.limits.yaw_rate_rad_s
            assert abs(output.speed_m_s * output.yaw_rate_rad_s) <= event.limits.lateral_acceleration_m_s2


@settings(max_examples=200)
@given(EVENTS)
def test_after_a_trip_the_output_is_zero_until_reset_and_armed(events: list[Event]) -> None:
    tripped, acknowledged = False, False
    for _, event, _, output, violation in play(events):
        acknowledged = acknowledged or event.call == "reset"
        if tripped and acknowledged and event.call == "arm":
            tripped = False
        if violation is not None:
            tripped, acknowledged = True, False
        assert not tripped or output == STOP


@settings(max_examples=200)
@given(EVENTS)
def test_nothing_moves_while_the_cause_of_a_halt_persists(events: list[Event]) -> None:
    raised: set[str] = set()
    for _, event, after, output, _ in play(events):
        cause = event.cause if type(event.cause) is str else "unknown"
        raised = raised | {cause} if event.call == "halt" else raised
        raised = raised - {event.cause} if event.call == "clear" and type(event.cause) is str else raised
        assert not raised or (output == STOP and after.mode is Mode.TRIPPED)


@settings(max_examples=200)
@given(EVENTS)
def test_state_output_and_violation_never_disagree(events: list[Event]) -> None:
    for before, _, after, output, violation in play(events):
        assert after.output == output
        assert (after.trip is not None) == (after.mode is Mode.TRIPPED)
        assert after.mode is Mode.ARMED or output == STOP
        assert violation is None or after.trip == violation
        assert violation is not None or after.trip == before.trip or after.trip is None


@settings(max_examples=200)
@given(EVENTS)
def test_only_a_reset_leaves_tripped_and_only_arm_enters_armed(events: list[Event]) -> None:
    for before, event, after, _, _ in play(events):
        if before.mode is Mode.TRIPPED and after.mode is not Mode.TRIPPED:
            assert event.call == "reset"
            assert after.mode is Mode.BLOCKED
        if before.mode is not Mode.ARMED and after.mode is Mode.ARMED:
            assert event.call == "arm"
            assert before.mode is Mode.BLOCKED


@settings(max_examples=200)
@given(EVENTS)
def test_the_output_changes_no_faster_than_the_limits_and_by_no_more_than_a_period(events: list[Event]) -> None:
    moved_ns = 0
    for before, event, after, output, _ in play(events):
        if before.mode is Mode.ARMED and after.mode is Mode.ARMED and output != before.output:
            limits = event.limits
            span_s = min((event.now_ns - moved_ns) / 1e9, limits.command_period_ms / 1e3) * (1 + 1e-12)
            assert abs(output.speed_m_s - before.output.speed_m_s) <= limits.acceleration_m_s2 * span_s
            assert abs(output.yaw_rate_rad_s - before.output.yaw_rate_rad_s) <= limits.yaw_acceleration_rad_s2 * span_s
        if after.mode is Mode.ARMED and (event.call == "step" or before.mode is Mode.BLOCKED):
            moved_ns = event.now_ns


@given(EVENTS)
def test_no_motion_outlives_the_silence_limit(events: list[Event]) -> None:
    heard_ns = 0
    for before, event, after, output, _ in play(events):
        if event.call in ("tick", "arm") and not (event.now_ns - heard_ns) / 1e6 <= event.limits.silence_limit_ms:
            assert output == STOP
        if after.mode is Mode.ARMED and (event.call == "step" or before.mode is not Mode.ARMED):
            heard_ns = event.now_ns


@given(EVENTS)
def test_the_same_events_give_the_same_answers(events: list[Event]) -> None:
    assert repr(list(play(events))) == repr(list(play(events)))


@settings(max_examples=300)
@given(SAMPLES, ANYTHING, st.booleans())
def test_no_sample_and_no_clock_makes_it_raise(sample: Any, clock: Any, moving: bool) -> None:
    state, output, _ = monitor.arm(State(), WIDE, now_ns=0)
    if moving:
        state, output, _ = monitor.step(state, CommandSample(1, 190_000_000, 1, 0.5, 0.5), WIDE, now_ns=200_000_000)
        assert output != STOP
    for now_ns in (300_000_000, clock):
        after, output, violation = monitor.step(state, sample, WIDE, now_ns=now_ns)
        assert violation is None or (output == STOP and after.mode is Mode.TRIPPED)
        assert violation is not None or output in (monitor.tick(state, WIDE, now_ns=now_ns)[1], after.output)
    calls: tuple[Callable[[], tuple[State, SafeCommand, Violation | None]], ...] = (
        lambda: monitor.arm(state, WIDE, now_ns=clock),
        lambda: monitor.tick(state, WIDE, now_ns=clock),
        lambda: monitor.reset(state, now_ns=clock),
        lambda: monitor.halt(state, Cause.UNKNOWN, now_ns=clock),
        lambda: monitor.halt(state, clock, now_ns=0),
        lambda: (monitor.clear(state, clock), STOP, None),
    )
    for call in calls:
        after, output, violation = call()
        assert violation is None or (output == STOP and after.mode is Mode.TRIPPED)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(("arm", "step", "tick", "reset", "halt", "clear")), ANYTHING, SAMPLES)))
def test_the_owner_never_raises_either(calls: list[tuple[str, Any, Any]]) -> None:
    owned = Monitor(LIMITS)
    for call, clock, sample in calls:
        match call:
            case "step":
                owned.step(sample, now_ns=clock)
            case "halt":
                owned.halt(sample, now_ns=clock)
            case "clear":
                owned.clear(sample)
            case _:
                getattr(owned, call)(now_ns=clock)
        assert owned.mode in Mode


@settings(max_examples=200)
@given(st.sampled_from(("sequence", "stamp_ns", "input_id", "speed_m_s", "yaw_rate_rad_s")), ANYTHING)
def test_a_field_of_another_type_trips_as_ill_typed(name: str, value: Any) -> None:
    wanted = float if name in ("speed_m_s", "yaw_rate_rad_s") else int
    fields = {"sequence": 1, "stamp_ns": 190_000_000, "input_id": 1, "speed_m_s": 0.1, "yaw_rate_rad_s": 0.1}
    armed, _, _ = monitor.arm(State(), LIMITS, now_ns=0)
    sample = CommandSample(**{**fields, name: value})
    _, output, violation = monitor.step(armed, sample, LIMITS, now_ns=200_000_000)
    assert (violation is not None and violation.kind is Kind.ILL_TYPED) == (type(value) is not wanted)
    assert violation is None or output == STOP


@given(st.sampled_from((math.nan, math.inf, -math.inf)), st.booleans(), TAME)
def test_a_number_that_is_none_trips_in_the_same_step(wrong: float, first: bool, other: float) -> None:
    armed, _, _ = monitor.arm(State(), LIMITS, now_ns=0)
    pair = (wrong, other) if first else (other, wrong)
    state, output, violation = monitor.step(armed, CommandSample(0, 1, 1, *pair), LIMITS, now_ns=100_000_000)
    assert output == STOP
    assert state.mode is Mode.TRIPPED
    assert violation is not None


def test_the_examples_reach_motion_and_silence_while_moving() -> None:
    """The properties above mean something: at least 60 % of their examples accept a command that moves the base.

    Hypothesis repeats itself, so each example counts once.
    """
    seen: Counter[str] = Counter()
    known: set[str] = set()

    @settings(max_examples=300, database=None)
    @given(EVENTS)
    def look(events: list[Event]) -> None:
        if repr(events) in known:
            return
        known.add(repr(events))
        steps = list(play(events))
        seen["examples"] += 1
        seen["moved"] += any(output != STOP for _, _, _, output, _ in steps)
        kinds = [(violation.kind, before.output) for before, _, _, _, violation in steps if violation is not None]
        seen["silent while moving"] += any(kind is Kind.SILENT and output != STOP for kind, output in kinds)

    look()
    assert seen["examples"] >= 150
    assert seen["moved"] >= 0.6 * seen["examples"]
    assert seen["silent while moving"] >= 5


def test_the_traffic_shows_every_kind_of_violation() -> None:
    shown = {violation.kind for seed in range(1000) for *_, violation in play(traffic(seed)) if violation is not None}
    assert shown == set(Kind)


@pytest.mark.parametrize("limits", [Limits(), LIMITS])
def test_a_steady_drive_goes_on_for_ever(limits: Limits) -> None:
    state, _, _ = monitor.arm(State(), limits, now_ns=0)
    for number in range(1, 200):
        now_ns = number * 200_000_000
        sample = CommandSample(number, now_ns - 10_000_000, number, 0.4, -0.7 + number * 1e-4)
        state, output, violation = monitor.step(state, sample, limits, now_ns=now_ns)
        assert violation is None
        assert output.speed_m_s == 0.4
