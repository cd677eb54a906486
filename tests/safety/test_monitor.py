"""The monitor answers as the table says."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import math
import sys
from types import ModuleType

import pytest

from simgate.safety import limits, monitor
from simgate.safety.limits import Limits
from simgate.specs.hil import SafetyLimits
from tests.safety.traces import LIMITS, TABLE, check, check_tampered


@pytest.mark.parametrize("name", TABLE)
def test_the_monitor_answers_as_the_table_says(name: str) -> None:
    check(monitor, TABLE[name])


def test_the_table_shows_every_kind_of_violation() -> None:
    shown = {answer.kind for script in TABLE.values() for _, answer in script} - {""}
    assert shown == {kind.value for kind in monitor.Kind}


def test_a_state_that_claims_motion_without_being_armed_gets_none() -> None:
    check_tampered(monitor)


@pytest.mark.parametrize("module", [monitor, limits])
def test_the_monitor_imports_the_standard_library_only(module: ModuleType) -> None:
    imported = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom):
            imported.add(str(node.module))
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    outside = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert outside <= {"simgate.safety.limits"}


def test_a_fresh_state_is_blocked_and_silent() -> None:
    assert monitor.State() == monitor.State(mode=monitor.Mode.BLOCKED, output=monitor.SafeCommand(0.0, 0.0), trip=None)


def test_state_and_limits_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        monitor.State().mode = monitor.Mode.ARMED  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        LIMITS.speed_m_s = 9.0  # type: ignore[misc]


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Limits)])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0])
def test_a_limit_that_limits_nothing_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        Limits(**{**dataclasses.asdict(LIMITS), field: value})


def test_zero_is_a_limit_only_for_missing_commands() -> None:
    assert dataclasses.replace(LIMITS, missing_commands=0).missing_commands == 0
    with pytest.raises(ValueError, match="speed_m_s"):
        dataclasses.replace(LIMITS, speed_m_s=0.0)


def test_the_spec_and_the_monitor_agree_on_the_default_limits() -> None:
    assert {**SafetyLimits().model_dump(), "missing_commands": 0} == dataclasses.asdict(Limits())
