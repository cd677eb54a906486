"""Limits: what is refused, what the ceilings are, and the worst motion that follows from them."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import astuple
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simgate.cli.app import app
from simgate.cli.safety import read_limits
from simgate.core.errors import InputError
from simgate.data.sample import Command
from simgate.safety.limits import Limits, ceiling
from simgate.safety.motion import worst_motion
from simgate.scene.robot import RobotModel
from simgate.sim.robot import (
    LAG_S,
    MAX_ACCELERATION_M_S2,
    MAX_YAW_ACCELERATION_RAD_S2,
    RobotState,
    advance,
)
from simgate.specs.generate import CameraSpec
from simgate.specs.hil import SafetyLimits
from tests.safety.traces import LIMITS, PATIENT, WIDE, Owned, Parts, arm, command, ns, tick

FIELDS = [field.name for field in dataclasses.fields(Limits)]
CEILINGS = {
    "speed_m_s": 5.0,
    "yaw_rate_rad_s": 6.3,
    "acceleration_m_s2": 9.8,
    "yaw_acceleration_rad_s2": 98.0,
    "jerk_m_s3": 980.0,
    "yaw_jerk_rad_s3": 9800.0,
    "lateral_acceleration_m_s2": 9.8,
    "command_period_ms": 1000.0,
    "command_deadline_ms": 1000.0,
    "silence_limit_ms": 5000.0,
    "frozen_limit_ms": 60_000.0,
    "tick_period_ms": 1000.0,
    "braking_m_s2": 9.8,
    "yaw_braking_rad_s2": 98.0,
    "lag_ms": 1000.0,
    "missing_commands": 100,
}
ROOMY = dataclasses.replace(LIMITS, silence_limit_ms=5000.0, frozen_limit_ms=5000.0, missing_commands=0)
"""So long a silence contradicts no other limit."""
TINY = dataclasses.replace(LIMITS, command_period_ms=1e-3, command_deadline_ms=1e-3, tick_period_ms=1e-3)


def changed(limits: Limits, name: str, value: Any) -> Limits:
    return Limits(**{**dataclasses.asdict(limits), name: value})


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, -1, True, None, "1", Decimal(1), 1 + 0j, [1.0]])
def test_a_limit_that_limits_nothing_or_is_no_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        changed(LIMITS, name, value)


@pytest.mark.parametrize("name", FIELDS)
def test_a_limit_reaches_its_ceiling_and_no_further(name: str) -> None:
    room = TINY if name == "missing_commands" else dataclasses.replace(ROOMY, frozen_limit_ms=60_000.0)
    assert ceiling(name).value == CEILINGS[name]
    assert ceiling(name).why
    assert getattr(changed(room, name, CEILINGS[name]), name) == CEILINGS[name]
    beyond = CEILINGS[name] + 1 if name == "missing_commands" else math.nextafter(CEILINGS[name], math.inf)
    with pytest.raises(ValueError, match=rf"{name} is .*ceiling"):
        changed(room, name, beyond)


@pytest.mark.parametrize("name", FIELDS)
def test_zero_is_a_limit_only_for_missing_commands(name: str) -> None:
    if name == "missing_commands":
        assert changed(LIMITS, name, 0).missing_commands == 0
        return
    with pytest.raises(ValueError, match=name):
        changed(LIMITS, name, 0.0)


@pytest.mark.parametrize("value", [1.0, 0.5, 1.5, True, math.nan])
def test_missing_commands_are_a_whole_number(value: Any) -> None:
    with pytest.raises(ValueError, match=r"missing_commands is .*expected int"):
        changed(LIMITS, "missing_commands", value)


def test_a_whole_number_is_a_limit_too() -> None:
    assert changed(LIMITS, "speed_m_s", 1).speed_m_s == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"command_deadline_ms": 611.5}, "command_deadline_ms is 611.5, above silence_limit_ms, which is 611.0"),
        ({"command_period_ms": 611.5, "missing_commands": 0}, "command_period_ms is 611.5, above silence_limit_ms"),
        ({"tick_period_ms": 611.5}, "tick_period_ms is 611.5, above silence_limit_ms"),
        ({"frozen_limit_ms": 169.5}, "command_period_ms is 170.0, above frozen_limit_ms"),
        ({"missing_commands": 3}, "missing_commands is 3: so many commands of 170.0 ms are silence"),
        ({"command_period_ms": 203.7}, "missing_commands is 2"),
    ],
)
def test_limits_that_contradict_each_other_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(LIMITS, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"command_deadline_ms": 611.0},
        {"command_period_ms": 611.0, "missing_commands": 0},
        {"tick_period_ms": 611.0},
        {"frozen_limit_ms": 170.0},
        {"command_period_ms": 203.5},
        {"command_period_ms": 100.0, "missing_commands": 5},
    ],
)
def test_limits_that_just_agree_are_accepted(changes: dict[str, Any]) -> None:
    limits = dataclasses.replace(LIMITS, **changes)
    assert {name: getattr(limits, name) for name in changes} == changes


def test_the_spec_and_the_monitor_agree_on_the_default_limits() -> None:
    assert SafetyLimits().model_dump() == dataclasses.asdict(Limits())
    assert SafetyLimits().envelope() == Limits()


@pytest.mark.parametrize("text", [{"command_deadline_ms": 601.0}, {"acceleration_m_s2": 1e300}, {"speed_m_s": 5.1}])
def test_a_spec_refuses_what_the_monitor_refuses(text: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(text))):
        SafetyLimits.from_value(text, what="limits")


def test_what_is_called_the_robots_data_is_the_robots_data() -> None:
    limits = Limits()
    assert limits.braking_m_s2 == MAX_ACCELERATION_M_S2
    assert limits.yaw_braking_rad_s2 == limits.yaw_acceleration_rad_s2 == MAX_YAW_ACCELERATION_RAD_S2
    assert limits.lag_ms == LAG_S * 1e3
    assert limits.command_period_ms == 1e3 / CameraSpec().rate_hz


def test_the_worst_motion_is_computed_from_the_limits() -> None:
    found = worst_motion(LIMITS)
    time_s = (137 + 611 + 7) / 1e3
    assert found.time_ms == pytest.approx(755.0)
    assert found.distance_m == pytest.approx(1.3 * time_s)
    assert found.angle_rad == pytest.approx(1.7 * time_s)
    assert found.stop_distance_m == pytest.approx(1.3 * time_s + 1.3 * 0.113 + 1.3**2 / (2 * 2.9))
    assert found.stop_angle_rad == pytest.approx(1.7 * time_s + 1.7 * 0.113 + 1.7**2 / (2 * 5.3))
    worst = worst_motion(Limits())
    assert astuple(worst)[:3] == (760.0, 0.76, 1.52)
    assert astuple(worst)[3:] == pytest.approx((1.08, 1.52 + 0.24 + 1 / 6))


@pytest.mark.parametrize("limits", [WIDE, PATIENT], ids=["wide", "patient"])
@pytest.mark.parametrize("age", [0.0, 0.37, 1.0])
@pytest.mark.parametrize("phase", [0.0, 0.43, 0.999])
@pytest.mark.parametrize("turning", [False, True])
def test_no_script_gets_further_than_the_worst_motion_and_one_gets_nearly_as_far(
    limits: Limits, age: float, phase: float, turning: bool
) -> None:
    """The last input is as old as it may be, at full speed or full turn rate, and ticks come as late as they may."""
    speed, yaw = (0.0, limits.yaw_rate_rad_s) if turning else (limits.speed_m_s, 0.0)
    heard_ms = 170.0
    stamp_ms = heard_ms - age * limits.command_deadline_ms
    owned = Owned(Parts(), limits)
    owned.take(arm(0, limits))
    output, _ = owned.take(command(heard_ms, 1, speed, yaw, stamp_ms=stamp_ms, limits=limits))
    assert (output.speed_m_s, output.yaw_rate_rad_s) == (speed, yaw)
    at_ms = heard_ms + phase * limits.tick_period_ms
    while owned.take(tick(at_ms, limits))[0] != Parts().state.STOP:
        at_ms += limits.tick_period_ms
    moved_s = (ns(at_ms) - ns(stamp_ms)) / 1e9
    worst = worst_motion(limits)
    assert moved_s * 1e3 <= worst.time_ms + 1e-6
    assert moved_s * speed <= worst.distance_m + 1e-9
    assert moved_s * yaw <= worst.angle_rad + 1e-9
    if age == 1.0 and phase == 0.43:
        assert moved_s * 1e3 >= worst.time_ms - limits.tick_period_ms


@pytest.mark.parametrize("command_given", [Command(1.0, 0.0), Command(0.0, 2.0), Command(0.4, 2.0)])
def test_the_simulated_base_stops_within_the_stopping_distance(command_given: Command) -> None:
    model = RobotModel(0.2, 0.3, 0.05, 0.3)
    moving = advance(RobotState(0.0, 0.0, 0.0), command_given, 5.0, model)
    state, distance_m, angle_rad = moving, 0.0, 0.0
    for _ in range(500):
        state = advance(state, Command(0.0, 0.0), 0.01, model)
        distance_m, angle_rad = distance_m + abs(state.speed_m_s) * 0.01, angle_rad + abs(state.yaw_rate_rad_s) * 0.01
    worst = worst_motion(Limits())
    assert distance_m <= worst.stop_distance_m - worst.distance_m
    assert angle_rad <= worst.stop_angle_rad - worst.angle_rad


def test_simgate_safety_prints_limits_and_worst_motion(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["safety"])
    assert said.exit_code == 0
    assert "silence_limit_ms" in said.stdout
    assert "760" in said.stdout
    limits = tmp_path / "limits.yaml"
    limits.write_text("silence_limit_ms: 433\ncommand_deadline_ms: 77\n", encoding="utf-8")
    found = json.loads(CliRunner().invoke(app, ["safety", "--spec", str(limits), "--json"]).stdout)
    assert found["worst_motion"]["time_ms"] == 433 + 77 + 10
    assert found["limits"]["silence_limit_ms"] == 433


def test_simgate_safety_reads_a_hil_spec(tmp_path: Path) -> None:
    spec = tmp_path / "hil.json"
    named = {"bench": "emulated", "family": "navigator", "target": "onnxruntime-cpu"}
    spec.write_text(json.dumps({**named, "limits": {"speed_m_s": 0.3}}), encoding="utf-8")
    found = json.loads(CliRunner().invoke(app, ["safety", "--spec", str(spec), "--json"]).stdout)
    assert found["worst_motion"]["distance_m"] == pytest.approx(0.3 * 0.76)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("command_deadline_ms: 700", "limit command_deadline_ms is 700.0, above silence_limit_ms"),
        ("speed_m_s: 6", "limit speed_m_s is 6.0"),
        ("speed_m_s: fast", "field speed_m_s"),
        ("spead_m_s: 1", "field spead_m_s"),
        ("[1, 2]", "limits"),
    ],
)
def test_simgate_safety_refuses_what_are_no_limits(tmp_path: Path, text: str, words: str) -> None:
    limits = tmp_path / "limits.yaml"
    limits.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_limits(limits)
