"""Replay and verdict without a process: the time is the test's, so any misbehaviour can be planted exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from simgate.core.errors import Inconclusive
from simgate.data.sample import Command
from simgate.families.goal import RelativeGoal
from simgate.hil.drive import Drive, DriveFrame
from simgate.hil.judge import bag_result, command_error, judge
from simgate.hil.replay import LEAD_NS, Replay
from simgate.hil.trace import DriveTrace, Trace
from simgate.hil.wire import Answer, Question
from simgate.specs.hil import HilSpec

pytestmark = pytest.mark.alone

SPEC = HilSpec(family="navigator", target="onnxruntime-cpu", bench="emulated", bags=1)
PERIOD_NS = 200_000_000
ANSWER_NS = 20_000_000
FRAMES = 8
FIRST = 100
"""Sequence number of a drive's first frame."""


def drive(frames: int = FRAMES, *, moving: bool = False) -> Drive:
    """Frames of one picture, or of another one each."""
    pictures = [f"picture {number}".encode() if moving else b"picture" for number in range(frames)]
    made = (
        DriveFrame(number * PERIOD_NS, picture, RelativeGoal(2.0, 0.1), Command(0.5, 0.25))
        for number, picture in enumerate(pictures)
    )
    return Drive("office", 3, tuple(made))


class Script:
    """A device that answers as told: `bend` maps a frame's number to (sequence shift, speed, yaw rate, delay)."""

    def __init__(self, bend: Mapping[int, tuple[int, float, float, int] | None]) -> None:
        self._bend = bend
        self.waiting: list[tuple[int, Answer]] = []

    def ask(self, question: Question, now_ns: int) -> None:
        told = self._bend.get(question.sequence - FIRST, (0, 0.5, 0.25, ANSWER_NS))
        if told is not None:
            shift, speed, yaw_rate, delay_ns = told
            self.waiting.append((now_ns + delay_ns, Answer(question.sequence + shift, speed, yaw_rate, 1000)))

    def due(self, now_ns: int) -> list[tuple[int, Answer]]:
        ready = [item for item in self.waiting if item[0] <= now_ns]
        self.waiting = [item for item in self.waiting if item[0] > now_ns]
        return ready


def play(
    bend: Mapping[int, tuple[int, float, float, int] | None],
    *,
    spec: HilSpec = SPEC,
    pauses_ns: dict[int, int] | None = None,
    planned: Drive | None = None,
) -> DriveTrace:
    """Replay a drive in steps of 1 ms; `pauses_ns` maps a millisecond to how long the bench then stands still."""
    replay = Replay(
        planned or drive(),
        spec.limits.envelope(),
        rate=spec.rate,
        max_trips=spec.max_trips,
        first_sequence=FIRST,
    )
    device, now_ns, step_ns = Script(bend), 0, 1_000_000
    replay.begin(now_ns)
    while not replay.over(now_ns):
        lag_ns = (pauses_ns or {}).get(now_ns // step_ns, 0)
        now_ns += step_ns + lag_ns
        replay.lagged(lag_ns)
        if (question := replay.question(now_ns)) is not None:
            device.ask(question, now_ns)
        for _, answer in device.due(now_ns):
            replay.answered(answer.to_bytes(), now_ns)
        replay.passed(now_ns)
    return replay.trace()


def trace_of(*drives: DriveTrace, fault: str | None = None) -> Trace:
    return Trace(bench="emulated", device_fault=fault, started_ms=1.0, drives=drives)


def kinds(trace: DriveTrace) -> list[str]:
    return [trip.kind for trip in trace.trips]


def test_a_good_drive_has_no_trip_and_the_measured_latency() -> None:
    trace = play({})
    assert kinds(trace) == []
    assert [asked.latency_ms for asked in trace.asked] == [ANSWER_NS / 1e6] * FRAMES
    assert judge(trace_of(trace), SPEC).passed


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ((0, math.nan, 0.25, ANSWER_NS), "not-finite"),
        ((0, 0.5, -math.inf, ANSWER_NS), "not-finite"),
        ((0, 1.01, 0.25, ANSWER_NS), "speed"),
        ((0, -1.01, 0.25, ANSWER_NS), "speed"),
        ((0, 0.5, 2.01, ANSWER_NS), "yaw-rate"),
        ((0, -0.9, 0.25, ANSWER_NS), "acceleration"),
        ((0, 0.5, 0.25, 151_000_000), "late"),
        ((1, 0.5, 0.25, ANSWER_NS), "halt"),
        ((-4, 0.5, 0.25, ANSWER_NS), "halt"),
        (None, "missing"),
    ],
)
def test_one_bad_answer_trips_latches_and_fails(told: tuple[int, float, float, int] | None, kind: str) -> None:
    trace = play({3: told})
    assert kinds(trace) == [kind]
    assert (trace.actuators[-1].speed_m_s, trace.actuators[-1].yaw_rate_rad_s) == (0.0, 0.0)
    assert trace.actuators[-1].at_ms == trace.trips[0].at_ms
    judgement = judge(trace_of(trace), SPEC)
    assert not judgement.passed
    assert kind in judgement.reasons[0]


def test_a_device_that_goes_on_saying_the_same_while_the_picture_changes_is_frozen() -> None:
    trace = play({}, planned=drive(40, moving=True))
    assert kinds(trace) == ["frozen"]
    assert trace.trips[0].at_ms == pytest.approx(200 + 3000 + 200 + ANSWER_NS / 1e6, abs=2)
    assert not judge(trace_of(trace), SPEC).passed
    assert kinds(play({}, planned=drive(40))) == []


@pytest.mark.parametrize(
    ("swing", "kind"),
    [
        ((1.0, 0.0), "acceleration"),
        ((0.8, 0.0), "jerk"),
        ((0.0, 2.0), "yaw-acceleration"),
        ((0.0, 1.1), "yaw-jerk"),
        ((0.6, 1.5), "lateral-acceleration"),
    ],
)
def test_a_device_that_swings_as_fast_as_it_can_trips(swing: tuple[float, float], kind: str) -> None:
    """Speed from zero and back, turn rate from side to side, at the camera's rate."""
    speed, yaw_rate = swing
    bend = {
        number: (0, speed * (1 - number % 2), yaw_rate * (1 - 2 * (number % 2)), ANSWER_NS) for number in range(FRAMES)
    }
    trace = play(bend)
    assert kinds(trace) == [kind]
    assert not judge(trace_of(trace), SPEC).passed


def test_an_unreadable_answer_halts_until_the_device_speaks_clearly_again() -> None:
    spec = SPEC.model_copy(update={"max_trips": 1})
    trace = play({2: (90, 0.5, 0.25, ANSWER_NS)}, spec=spec)
    assert kinds(trace)[0] == "halt"
    assert trace.actuators[-1].speed_m_s == 0.0, "the frame that was never answered keeps the cause alive"


def test_an_answer_given_twice_is_repeated() -> None:
    trace = play({3: (-1, 0.5, 0.25, 5_000_000)}, spec=wide_deadline())
    assert kinds(trace) == ["repeated"]


def test_an_answer_to_an_older_frame_is_out_of_order() -> None:
    trace = play({3: (-2, 0.5, 0.25, 5_000_000)}, spec=wide_deadline())
    assert kinds(trace) == ["out-of-order"]


def wide_deadline() -> HilSpec:
    return SPEC.model_copy(update={"limits": SPEC.limits.model_copy(update={"command_deadline_ms": 550.0})})


def test_a_device_that_falls_silent_trips_at_the_silence_limit() -> None:
    trace = play(dict.fromkeys(range(3, FRAMES)))
    assert kinds(trace) == ["silent"]
    last_ms = trace.asked[2].sent_ms + ANSWER_NS / 1e6
    assert trace.trips[0].at_ms == pytest.approx(last_ms + SPEC.limits.silence_limit_ms, abs=2)


def test_a_device_that_never_answers_fails_even_where_trips_are_allowed() -> None:
    spec = SPEC.model_copy(update={"max_trips": 5, "max_command_error": 9.0})
    trace = play(dict.fromkeys(range(FRAMES)), spec=spec)
    judgement = judge(trace_of(trace), spec)
    assert judgement.reasons == (f"episode 3: 0 frames answered of {FRAMES}",)
    assert not judgement.passed


def test_no_drive_at_all_fails() -> None:
    judgement = judge(trace_of(), SPEC)
    assert judgement.reasons == ("bags 0 is below bags 1",)


def test_the_last_frame_is_waited_for() -> None:
    assert play({FRAMES - 1: (0, 0.5, 0.25, 140_000_000)}).asked[-1].latency_ms == 140.0
    assert play({FRAMES - 1: None}).asked[-1].latency_ms is None


def test_the_first_frame_comes_after_the_lead() -> None:
    assert play({}).asked[0].sent_ms == LEAD_NS / 1e6


def test_a_frame_that_the_bench_sent_late_is_on_record() -> None:
    trace = play({}, pauses_ns={300: 150_000_000})
    assert max(asked.lateness_ms for asked in trace.asked) == pytest.approx(50, abs=2)
    assert bag_result(trace, SPEC.limits).pacing_p95_ms > 0


def test_a_trip_while_the_bench_stood_still_proves_nothing() -> None:
    trace = play({}, pauses_ns={205: 700_000_000})
    assert kinds(trace)[0] in ("silent", "late")
    with pytest.raises(Inconclusive, match="starved"):
        judge(trace_of(trace), SPEC)


def test_one_long_pause_in_a_long_drive_proves_nothing_though_the_pace_was_kept_on_the_whole() -> None:
    trace = play({}, pauses_ns={4205: 350_000_000}, planned=drive(40))
    assert kinds(trace) == ["late"]
    assert trace.trips[0].bench_lag_ms == pytest.approx(350, abs=2)
    assert bag_result(trace, SPEC.limits).pacing_p95_ms < SPEC.max_pacing_jitter_ms
    with pytest.raises(Inconclusive, match="stood still for 350"):
        judge(trace_of(trace), SPEC)


def test_a_pause_before_an_accepted_command_excuses_no_later_trip() -> None:
    trace = play({30: (0, 0.5, 0.25, 160_000_000)}, pauses_ns={4230: 100_000_000}, planned=drive(40))
    assert kinds(trace) == ["late"]
    assert trace.trips[0].bench_lag_ms == 0.0
    assert not judge(trace_of(trace), SPEC).passed


def test_a_drive_that_a_trip_cut_short_is_not_called_unanswered_as_well() -> None:
    judgement = judge(trace_of(play({1: (0, 1.5, 0.0, ANSWER_NS)}, planned=drive(20))), SPEC)
    assert len(judgement.reasons) == 1
    assert "speed" in judgement.reasons[0]


def test_a_drive_that_a_trip_cut_short_before_any_answer_is_called_unanswered() -> None:
    judgement = judge(trace_of(play(dict.fromkeys(range(20)), planned=drive(20))), SPEC)
    assert judgement.reasons[1] == "episode 3: 0 frames answered of 20"


def test_one_frame_without_an_answer_fails_even_where_its_trip_is_allowed() -> None:
    trace = play({FRAMES - 1: None}, spec=SPEC.model_copy(update={"max_trips": 1}))
    assert kinds(trace) == ["silent"]
    judgement = judge(trace_of(trace), SPEC.model_copy(update={"max_trips": 1}))
    assert judgement.reasons == (f"episode 3: {FRAMES - 1} frames answered of {FRAMES}",)


def test_standing_still_excuses_no_wrong_number() -> None:
    trace = play({1: (0, math.nan, 0.0, ANSWER_NS)}, pauses_ns={300: 260_000_000})
    assert not judge(trace_of(trace), SPEC).passed


def test_a_dead_device_is_a_fail_whatever_the_pace() -> None:
    trace = play({}, pauses_ns={205: 700_000_000})
    judgement = judge(trace_of(trace, fault="device under test ended by itself"), SPEC)
    assert judgement.reasons[0] == "device under test ended by itself"
    assert not any("pacing" in reason for reason in judgement.reasons), "a slow bench is no fault of the device"
    assert judgement.metrics["pacing_p95_ms"] > SPEC.max_pacing_jitter_ms


def test_allowed_trips_are_reset_by_the_operator() -> None:
    spec = SPEC.model_copy(update={"max_trips": 1})
    trace = play({2: (0, 1.5, 0.0, ANSWER_NS)}, spec=spec)
    assert kinds(trace) == ["speed"]
    assert [motion.speed_m_s for motion in trace.actuators] == [0.0, 0.5, 0.0, 0.5]
    assert judge(trace_of(trace), spec).passed


def test_one_trip_more_than_allowed_latches_for_good() -> None:
    spec = SPEC.model_copy(update={"max_trips": 1})
    trace = play({2: (0, 1.5, 0.0, ANSWER_NS), 5: (0, 1.5, 0.0, ANSWER_NS)}, spec=spec)
    assert kinds(trace) == ["speed", "speed"]
    assert trace.actuators[-1].speed_m_s == 0.0
    assert not judge(trace_of(trace), spec).passed


@pytest.mark.parametrize(
    ("speed_m_s", "yaw_rate_rad_s", "error"),
    [(0.7, 0.25, 0.1), (0.3, 0.25, 0.1), (0.5, 0.75, 0.125), (0.5, -0.25, 0.125), (0.7, 0.75, 0.225)],
)
def test_the_command_error_is_a_share_of_the_limits(speed_m_s: float, yaw_rate_rad_s: float, error: float) -> None:
    limits = SPEC.limits.model_copy(update={"speed_m_s": 1.0, "yaw_rate_rad_s": 2.0})
    trace = play(dict.fromkeys(range(FRAMES), (0, speed_m_s, yaw_rate_rad_s, ANSWER_NS)))
    assert command_error(trace.asked, limits) == pytest.approx(error)
    wider = limits.model_copy(update={"speed_m_s": 2.0, "yaw_rate_rad_s": 4.0})
    assert command_error(trace.asked, wider) == pytest.approx(error / 2)


def test_a_command_error_beyond_its_limit_fails() -> None:
    trace = play(dict.fromkeys(range(FRAMES), (0, 0.7, 0.25, ANSWER_NS)))
    strict = SPEC.model_copy(update={"max_command_error": 0.09})
    assert judge(trace_of(trace), strict).reasons == ("command_error 0.1 is above max_command_error 0.09",)


@pytest.mark.parametrize(
    ("field", "bound", "words"),
    [
        ("max_worst_motion_ms", 759.0, "worst_motion_ms 760 is above max_worst_motion_ms 759"),
        ("max_worst_motion_m", 0.75, "worst_motion_m 0.76 is above max_worst_motion_m 0.75"),
        ("max_worst_motion_rad", 1.5, "worst_motion_rad 1.52 is above max_worst_motion_rad 1.5"),
    ],
)
def test_limits_that_let_the_base_get_too_far_fail_however_good_the_device(
    field: str, bound: float, words: str
) -> None:
    trace = trace_of(play({}))
    judgement = judge(trace, SPEC.model_copy(update={field: bound}))
    assert judgement.reasons == (words,)
    assert not judgement.passed
    assert judge(trace, SPEC).metrics["worst_stop_m"] == pytest.approx(1.08)


def test_a_frame_without_an_answer_counts_as_a_stop() -> None:
    trace = play(dict.fromkeys(range(FRAMES)))
    assert command_error(trace.asked, SPEC.limits) == pytest.approx((0.5 / 1.0 + 0.25 / 2.0) / 2)


def test_a_summary_states_its_percentiles() -> None:
    trace = play({number: (0, 0.5, 0.25, (number + 1) * 10_000_000) for number in range(FRAMES)})
    summary = bag_result(trace, SPEC.limits)
    assert summary.latency_p50_ms == pytest.approx(45.0)
    assert summary.latency_p99_ms == pytest.approx(79.3)
    assert (summary.samples, summary.commands, summary.trips) == (FRAMES, FRAMES, ())


def test_a_summary_of_silence_holds_zeros() -> None:
    summary = bag_result(play(dict.fromkeys(range(FRAMES))), SPEC.limits)
    assert (summary.commands, summary.latency_p50_ms, summary.latency_p99_ms) == (0, 0.0, 0.0)


def test_slow_answers_fail_by_latency_even_where_trips_are_allowed() -> None:
    spec = SPEC.model_copy(update={"max_trips": 99, "max_command_error": 9.0})
    trace = play(dict.fromkeys(range(FRAMES), (0, 0.5, 0.25, 180000000)), spec=spec)
    assert judge(trace_of(trace), spec).reasons == ("latency_p99_ms 180 is above limits.command_deadline_ms 150",)


def test_a_trace_and_its_summary_survive_being_written() -> None:
    trace = trace_of(play({3: (0, math.nan, 0.25, ANSWER_NS)}))
    assert Trace.from_json(trace.to_json(), what="trace") == trace
    result = bag_result(trace.drives[0], SPEC.limits)
    assert result.trips[0].startswith("not-finite at 8")
    assert type(result).from_json(result.to_json(), what="bag") == result
