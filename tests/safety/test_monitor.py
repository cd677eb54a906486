"""The monitor answers as the table says, by its rules and by their owner."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import pickle
import sys
from types import ModuleType

import pytest

from simgate.safety import envelope, limits, monitor, motion, owner, state
from simgate.safety.owner import Monitor
from simgate.safety.state import STOP, Cause, Kind, Mode, State
from tests.safety.table import TABLE
from tests.safety.traces import LIMITS, Owned, Parts, Rules, check, check_claims, check_turns

MODULES = [envelope, limits, monitor, motion, owner, state]


@pytest.mark.parametrize("name", TABLE)
def test_the_rules_answer_as_the_table_says(name: str) -> None:
    check(Rules(Parts()), TABLE[name])


@pytest.mark.parametrize("name", TABLE)
def test_their_owner_answers_as_the_table_says(name: str) -> None:
    check(Owned(Parts()), TABLE[name])


def test_the_table_shows_every_kind_of_violation() -> None:
    shown = {answer.kind for script in TABLE.values() for _, answer in script} - {""}
    assert shown == {kind.value for kind in Kind}


def test_a_state_that_claims_motion_without_being_armed_gets_none() -> None:
    check_claims(Parts())


@pytest.mark.parametrize("module", MODULES)
def test_the_monitor_imports_the_standard_library_only(module: ModuleType) -> None:
    imported = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom):
            imported.add(str(node.module))
        elif isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
    outside = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert all(name.startswith("simgate.safety") for name in outside)


def test_a_fresh_state_is_blocked_and_silent() -> None:
    assert (State().mode, State().output, State().trip, State().causes) == (Mode.BLOCKED, STOP, None, frozenset())


def test_state_and_limits_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        State().mode = Mode.ARMED  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        LIMITS.speed_m_s = 9.0  # type: ignore[misc]


def test_an_owner_says_what_it_holds() -> None:
    owned = Monitor(LIMITS)
    assert (owned.mode, owned.trip, owned.causes, owned.limits) == (Mode.BLOCKED, None, frozenset(), LIMITS)
    _, violation = owned.halt(Cause.DEAD_DEVICE, now_ns=3)
    assert (owned.mode, owned.trip, owned.causes) == (Mode.TRIPPED, violation, frozenset({Cause.DEAD_DEVICE}))


def test_an_owner_has_no_way_back_to_before_a_trip() -> None:
    owned = Monitor(LIMITS)
    for again in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            again(owned)
    taken = {
        name
        for call in vars(Monitor).values()
        if inspect.isfunction(call)
        for name in inspect.signature(call).parameters
    }
    assert taken == {"self", "limits", "sample", "cause", "now_ns", "protocol", "outcome"}
    with pytest.raises(AttributeError):
        owned.mode = Mode.ARMED  # type: ignore[misc]
    with pytest.raises(AttributeError):
        owned.anything = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrong", [None, dataclasses.asdict(LIMITS), 1.0, type("Limits", (), {})()])
def test_an_owner_refuses_what_are_no_limits(wrong: object) -> None:
    with pytest.raises(TypeError, match="needs Limits"):
        Monitor(wrong)  # type: ignore[arg-type]
    owned = Monitor(LIMITS)
    with pytest.raises(TypeError, match="needs Limits"):
        owned.limit(wrong, now_ns=5)  # type: ignore[arg-type]
    assert owned.limits == LIMITS


def test_calls_of_two_threads_come_one_after_the_other() -> None:
    check_turns(Parts())
