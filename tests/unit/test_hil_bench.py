"""The emulated bench against real processes: good devices pass, and each way of being a bad one ends in a FAIL."""

from __future__ import annotations

import contextlib
import sys
import textwrap
import time
from pathlib import Path

import pytest

from simgate.core.errors import Inconclusive
from simgate.data.sample import Command
from simgate.families.goal import RelativeGoal
from simgate.hil import bench as bench_module
from simgate.hil import replay as replay_module
from simgate.hil.bench import Bench
from simgate.hil.drive import Drive, DriveFrame
from simgate.hil.judge import Judgement, judge
from simgate.hil.trace import Trace
from simgate.hil.wire import MAX_FRAME_BYTES
from simgate.specs.hil import HilSpec, SafetyLimits
from simgate.worker.process import Launch, ProcessTransport

LIMITS = SafetyLimits(
    command_deadline_ms=150.0,
    silence_limit_ms=400.0,
    command_period_ms=100.0,
    acceleration_m_s2=9.8,
    yaw_acceleration_rad_s2=98.0,
    jerk_m_s3=980.0,
    yaw_jerk_rad_s3=9800.0,
)
pytestmark = pytest.mark.alone
SPEC = HilSpec(family="navigator", target="onnxruntime-cpu", bench="emulated", bags=1, limits=LIMITS)
PERIOD_NS = 100_000_000
FRAMES = 5

DEVICE = """
import os, sys, time
from simgate.hil.wire import ROLE, Answer, Question
from simgate.worker.channel import open_channel
from simgate.worker.hello import hello

fd = int(os.environ["SIMGATE_WORKER_FD"])
channel = open_channel(1 << 24)
say = channel.send
say(hello(ROLE).to_bytes())
for count, payload in enumerate(channel.receive()):
    question = Question.from_bytes(payload)
    speed, yaw, sequence = 0.5, 0.25, question.sequence
    BODY
    say(Answer(sequence, speed, yaw, 1000).to_bytes())
"""
IMPORTS = "import os, sys, time\nfd = int(os.environ['SIMGATE_WORKER_FD'])"
WARM = bench_module.WARM_UP_FRAMES
GOOD = "pass"


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_module, "START_LIMIT_S", 5.0)
    monkeypatch.setattr(bench_module, "WARM_UP_LIMIT_S", 0.5)
    monkeypatch.setattr(replay_module, "LEAD_NS", PERIOD_NS)
    monkeypatch.setattr(replay_module, "AFTERMATH_NS", 2 * PERIOD_NS)


def drive(episode: int = 0) -> Drive:
    frame = [DriveFrame(i * PERIOD_NS, b"picture", RelativeGoal(2.0, 0.1), Command(0.5, 0.25)) for i in range(FRAMES)]
    return Drive("office", episode, tuple(frame))


def device(tmp_path: Path, body: str) -> tuple[str, ...]:
    """A device under test whose answers are bent by `body`, which runs once a question."""
    program = tmp_path / "device.py"
    program.write_text(DEVICE.replace("    BODY", textwrap.indent(body, "    ")), encoding="utf-8")
    return sys.executable, "-P", str(program)


def session(command: tuple[str, ...], spec: HilSpec = SPEC) -> tuple[Trace, bytes]:
    bench = Bench(spec.limits.envelope(), spec.rate, spec.max_trips)
    launch = Launch("device under test", command, MAX_FRAME_BYTES, grace_s=0.2)
    drives = [drive(episode) for episode in range(spec.bags)]
    return bench.run(lambda: ProcessTransport(launch), drives, lambda _: None)


def never_ready(tmp_path: Path, body: str) -> tuple[str, ...]:
    """A device that does something else than load."""
    program = tmp_path / "device.py"
    program.write_text(f"{IMPORTS}\nprint('loading', file=sys.stderr, flush=True)\n{body}\n")
    return sys.executable, "-P", str(program)


def verdict(command: tuple[str, ...], spec: HilSpec = SPEC) -> tuple[Judgement, Trace]:
    """Judged as a run is: a busy machine starves a replay, and a starved one is tried twice more."""
    for _ in range(2):
        trace, _ = session(command, spec)
        with contextlib.suppress(Inconclusive):
            return judge(trace, spec), trace
    trace, _ = session(command, spec)
    return judge(trace, spec), trace


def test_a_good_device_passes_and_its_commands_reach_the_actuators(tmp_path: Path) -> None:
    judgement, trace = verdict(device(tmp_path, GOOD), SPEC.model_copy(update={"bags": 2}))
    assert judgement == Judgement(True, (), judgement.metrics)
    assert judgement.metrics["commands"] == judgement.metrics["frames"] == 2 * FRAMES
    assert judgement.metrics["command_error"] == 0.0
    assert [motion.speed_m_s for motion in trace.drives[0].actuators] == [0.0, 0.5]


def test_the_replay_keeps_real_time(tmp_path: Path) -> None:
    _, trace = verdict(device(tmp_path, GOOD))
    sent_ms = [asked.sent_ms for asked in trace.drives[0].asked]
    assert sent_ms[-1] - sent_ms[0] == pytest.approx((FRAMES - 1) * PERIOD_NS / 1e6, abs=30)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"if count == {WARM} + 2: speed = float('nan')", "not-finite"),
        (f"if count == {WARM} + 2: time.sleep(0.25)", "late"),
        (f"if count == {WARM} + 2: time.sleep(60)", "silent"),
        (f"if count == {WARM} + 2: say(b'?'); continue", "halt"),
    ],
)
def test_a_bad_answer_trips_and_fails(tmp_path: Path, body: str, kind: str) -> None:
    judgement, trace = verdict(device(tmp_path, body))
    assert not judgement.passed
    assert trace.drives[0].trips[0].kind == kind
    assert kind in " ".join(judgement.reasons)
    last = trace.drives[0].actuators[-1]
    assert (last.speed_m_s, last.yaw_rate_rad_s) == (0.0, 0.0)


def test_a_start_up_that_is_too_slow_proves_nothing_and_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "START_LIMIT_S", 0.5)
    trace, log = session(never_ready(tmp_path, "time.sleep(60)"))
    assert (trace.slow_start, trace.device_fault, trace.drives) == (True, None, ())
    assert log == b"loading\n"
    with pytest.raises(Inconclusive, match=r"not ready in time.*INVALID.*run it again"):
        judge(trace, SPEC)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("os._exit(7)", "ended by itself (exit code 7)"),
        ("os.kill(os.getpid(), 9)", "ended by itself (killed by signal 9)"),
        ("os.close(fd); time.sleep(60)", "closed its channel"),
        ("os.write(fd, b'hello, this is a log line')", "sent garbage"),
        ("os.write(fd, (5).to_bytes(4, 'big') + b'Ready')", "said something before it was ready"),
    ],
)
def test_a_device_that_breaks_during_its_start_up_fails(tmp_path: Path, body: str, reason: str) -> None:
    trace, _ = session(never_ready(tmp_path, body))
    assert not trace.slow_start
    judgement = judge(trace, SPEC)
    assert not judgement.passed
    assert reason in judgement.reasons[0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"if count == {WARM} + 2: os._exit(7)", "ended by itself (exit code 7)"),
        (f"if count == {WARM} + 2: os.kill(os.getpid(), 9)", "ended by itself (killed by signal 9)"),
        (f"if count == {WARM} + 2: os.write(fd, b'hello, this is a log line')", "sent garbage"),
        ("os._exit(0)", "ended by itself (exit code 0)"),
        ("time.sleep(60)", "never answered"),
        ("continue", "never answered"),
        ("sequence += 1", "another number"),
    ],
)
def test_a_device_that_breaks_off_fails_with_the_reason(tmp_path: Path, body: str, reason: str) -> None:
    judgement, trace = verdict(device(tmp_path, body))
    assert not judgement.passed
    assert reason in judgement.reasons[0]
    assert trace.device_fault == judgement.reasons[0]


def test_a_crash_in_mid_drive_is_a_trip(tmp_path: Path) -> None:
    _, trace = verdict(device(tmp_path, f"if count == {WARM} + 2: os._exit(7)"))
    assert [trip.kind for trip in trace.drives[0].trips] == ["halt"]
    assert trace.drives[0].actuators[-1].speed_m_s == 0.0


@pytest.mark.parametrize("program", ["raise SystemExit(2)", "print('x' * 100)"])
def test_a_device_that_breaks_before_it_is_ready_cannot_pass(
    tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "START_LIMIT_S", 0.5)
    judgement, trace = verdict((sys.executable, "-c", program))
    assert not judgement.passed
    assert trace.drives == ()
    assert judgement.metrics["commands"] == 0.0


def test_no_device_outlives_its_session(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    begun_s = time.monotonic()
    verdict(device(tmp_path, f"open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"))
    assert time.monotonic() - begun_s < 10
    assert not Path(f"/proc/{note.read_text()}").exists()


def test_a_device_gets_no_secret_from_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    trace, log = session(device(tmp_path, "if count == 0: print(sorted(os.environ), file=sys.stderr, flush=True)"))
    assert trace.device_fault is None
    assert b"PATH" in log
    assert b"AWS" not in log


def test_a_flood_of_log_lines_is_bounded_and_does_not_block_the_device(tmp_path: Path) -> None:
    trace, log = session(device(tmp_path, "print('x' * 100_000, file=sys.stderr, flush=True)"))
    assert trace.device_fault is None
    assert len(log) <= 64 * 1024


def test_allowed_trips_are_reset_by_the_operator_and_pass(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"max_trips": 1})
    judgement, trace = verdict(device(tmp_path, f"if count == {WARM} + 1: speed = 1.5"), spec)
    assert [trip.kind for trip in trace.drives[0].trips] == ["speed"]
    assert judgement.passed, judgement.reasons
    assert [motion.speed_m_s for motion in trace.drives[0].actuators] == [0.0, 0.5, 0.0, 0.5]


def test_a_device_that_garbles_once_and_speaks_clearly_again_may_be_reset(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"max_trips": 1})
    judgement, trace = verdict(device(tmp_path, f"if count == {WARM} + 1: say(b'?')"), spec)
    assert [trip.kind for trip in trace.drives[0].trips] == ["halt"]
    assert judgement.passed, judgement.reasons
    assert [motion.speed_m_s for motion in trace.drives[0].actuators] == [0.0, 0.5, 0.0, 0.5]


def test_a_starved_replay_proves_nothing(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"max_pacing_jitter_ms": 1e-6})
    trace, _ = session(device(tmp_path, GOOD), spec)
    with pytest.raises(Inconclusive, match="starved"):
        judge(trace, spec)


def test_a_starved_replay_does_not_excuse_a_nan(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"max_pacing_jitter_ms": 1e-6})
    judgement, _ = verdict(device(tmp_path, f"if count == {WARM} + 2: speed = float('nan')"), spec)
    assert not judgement.passed


def test_commands_far_from_the_expert_fail(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"max_command_error": 0.2})
    judgement, _ = verdict(device(tmp_path, "speed, yaw = 0.9, -0.25"), spec)
    assert not judgement.passed
    assert judgement.reasons[0].startswith("command_error 0.325")
