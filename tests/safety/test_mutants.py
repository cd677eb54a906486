"""Mutants of the monitor: each small change makes a script answer otherwise, but for named survivors.

A mutant is dead when what leaves the monitor differs: an output, a violation, or an exception. What a State holds is
never looked at. The scripts are the table, and random drives with the answers of the oracle.
"""

from __future__ import annotations
import __future__

import ast
import dataclasses
import inspect
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cache
from types import CodeType, ModuleType
from typing import Any

import pytest

import simgate.safety
from simgate.safety import envelope, limits, monitor, motion, owner, state
from simgate.safety.limits import Limits
from tests.safety.oracle import Oracle, TooClose
from tests.safety.table import TABLE
from tests.safety.test_limits import CEILINGS
from tests.safety.test_properties import traffic
from tests.safety.traces import LIMITS, Event, Owned, Parts, Player, Rules, check, check_claims, check_turns

COMPARISONS: tuple[type[ast.AST], ...] = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    **{kind: tuple(other for other in COMPARISONS if other is not kind) for kind in COMPARISONS},
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.BitOr: (ast.BitAnd, ast.BitXor),
}
FAMILIES: tuple[frozenset[str], ...] = (
    frozenset(field.name for field in fields(Limits)),
    frozenset(field.name for field in fields(state.State)),
    frozenset(field.name for field in fields(state.CommandSample)),
    frozenset(field.name for field in fields(state.Change)),
    frozenset(state.Kind.__members__),
    frozenset(state.Mode.__members__),
    frozenset(state.Cause.__members__),
    frozenset({"MS_PER_S", "NS_PER_MS"}),
    frozenset({"MAX_COUNT", "MAX_NS"}),
    frozenset({"min", "max"}),
    frozenset({"all", "any"}),
    frozenset({"int", "float"}),
)
"""Fields and constants of one kind: each is mistaken for each other one."""
FAMILY_OF = {
    "limits": FAMILIES[0], "state": FAMILIES[1], "after": FAMILIES[1], "before": FAMILIES[1], "sample": FAMILIES[2],
    "command": FAMILIES[2], "change": FAMILIES[3], "Kind": FAMILIES[4], "Mode": FAMILIES[5], "Cause": FAMILIES[6],
    "output": frozenset({"speed_m_s", "yaw_rate_rad_s"}), "envelope": frozenset({"MS_PER_S", "NS_PER_MS"}),
}  # fmt: skip
"""By what stands before the dot."""
BUILT = {"State": FAMILIES[1], "replace": FAMILIES[1], "Change": FAMILIES[3]}
"""Calls whose keywords are fields."""


@dataclass(frozen=True)
class Mutant:
    """One field of one node, changed."""

    node: ast.AST
    field: str
    value: object
    label: str
    owner: ast.stmt
    """The statement of the module that it is in."""


def swaps(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Operators for other operators, numbers for their neighbours."""
    match node:
        case ast.Compare(ops=ops):
            for position, old in enumerate(ops):
                for new in SWAPS[type(old)]:
                    yield "ops", [*ops[:position], new(), *ops[position + 1 :]]
        case ast.BinOp(op=op) | ast.BoolOp(op=op):
            for new in SWAPS.get(type(op), ()):
                yield "op", new()
        case ast.Constant(value=bool() as answer):
            yield "value", not answer
        case ast.Constant(value=int() | float() as number):
            yield from (("value", changed) for changed in (number + 1, number - 1))
        case ast.UnaryOp(op=ast.USub()):
            yield "op", ast.UAdd()


def mistakes(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Each field and each constant for each other one of its family."""
    match node:
        case ast.Constant(value=str() as name) if family := next((f for f in FAMILIES[:4] if name in f), None):
            yield from (("value", other) for other in sorted(family - {name}))
        case ast.Attribute(value=ast.Name(id=base) | ast.Attribute(attr=base), attr=name):
            yield from (("attr", other) for other in sorted(FAMILY_OF.get(base, frozenset()) - {name}))
        case ast.Name(id=name):
            for family in FAMILIES[7:]:
                yield from (("id", other) for other in sorted(family - {name}) if name in family)


def removals(node: ast.AST) -> Iterator[tuple[str, object]]:
    """A condition that never or always holds, an operand that is missing or is its neighbour, a lock that is none."""
    match node:
        case ast.If() | ast.IfExp():
            yield from (("test", ast.Constant(answer)) for answer in (True, False))
        case ast.BoolOp(values=values):
            for position in range(len(values)):
                yield "values", [*values[:position], *values[position + 1 :]]
            # Checks in another order; the order of mere conditions changes nothing.
            for position in range(len(values) - 1 if all(isinstance(value, ast.Call) for value in values) else 0):
                swapped = [*values]
                swapped[position : position + 2] = reversed(swapped[position : position + 2])
                yield "values", swapped
        case ast.List(elts=[_, _, *_] as elements):
            for position in range(len(elements)):
                yield "elts", [*elements[:position], *elements[position + 1 :]]
        case ast.With(body=body):
            yield "items", [ast.withitem(ast.parse("__import__('contextlib').nullcontext()", mode="eval").body)]
            yield "body", [*body[:-1], ast.Raise(ast.parse("RuntimeError()", mode="eval").body)]


def crossings(node: ast.AST) -> Iterator[tuple[str, object]]:
    """A call with an argument that is missing, has another's name or another's place."""
    match node:
        case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in BUILT and keywords:
            for position, keyword in enumerate(keywords):
                others = [*keywords[:position], *keywords[position + 1 :]]
                yield "keywords", others
                for other in sorted(BUILT[name] - {each.arg for each in keywords if each.arg}):
                    yield "keywords", [*others, ast.keyword(other, keyword.value)]
                for twin, second in enumerate(keywords[:position]):
                    crossed = [*keywords]
                    crossed[position] = ast.keyword(keyword.arg, second.value)
                    crossed[twin] = ast.keyword(second.arg, keyword.value)
                    yield "keywords", crossed
        case ast.Call(func=function, args=[_, _, *_] as arguments) if ast.unparse(function) not in ("min", "max"):
            for position in range(len(arguments) - 1):
                crossed_arguments = [*arguments]
                crossed_arguments[position : position + 2] = reversed(crossed_arguments[position : position + 2])
                yield "args", crossed_arguments


def rewrites(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Expressions put in the place of a child: `not x` becomes x, abs(x) becomes x, an output becomes another."""
    for field, child in ast.iter_fields(node):
        match child:
            case ast.UnaryOp(op=ast.Not(), operand=inner) | ast.Call(func=ast.Name(id="abs" | "float"), args=[inner]):
                yield field, inner
            case ast.Tuple(elts=[after, _, violation]) if isinstance(node, ast.Return):
                for output in ("SafeCommand(0.5, 0.0)", "state.output", "STOP"):
                    yield field, ast.Tuple([after, ast.parse(output, mode="eval").body, violation], ast.Load())
                yield field, ast.Tuple([ast.parse("State()", mode="eval").body, *child.elts[1:]], ast.Load())
                yield field, ast.Tuple([*child.elts[:2], ast.Constant(None)], ast.Load())
            case ast.Name(id="after" | "state" as name) if isinstance(node, ast.Attribute) and name == "after":
                yield field, ast.Name("state", ast.Load())
            case ast.BinOp(left=left, right=right):
                yield field, left
                yield field, right


OPERATORS = (swaps, mistakes, removals, crossings, rewrites)


def mutants(tree: ast.Module) -> Iterator[Mutant]:
    """Every mutant of the functions, constants and field defaults of a module; annotations and docstrings stay."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    places = [(place, place) for place in tree.body] + [(inner, outer) for outer in classes for inner in outer.body]
    for place, outer in places:
        match place:
            case ast.FunctionDef(name=name, body=body):
                roots: list[ast.AST] = [*body]
            case ast.Assign(value=ast.expr() as right) | ast.AnnAssign(value=ast.expr() as right):
                name, roots = ast.unparse(place)[:60], [right]
            case _:
                continue
        for node in (inner for root in roots for inner in ast.walk(root)):
            for field, value in (found for made in OPERATORS for found in made(node)):
                yield Mutant(node, field, value, name, outer)


ORDER: dict[str, ModuleType] = {
    "limits": limits, "state": state, "envelope": envelope, "monitor": monitor, "motion": motion, "owner": owner,
}  # fmt: skip
AFTER = {
    "limits": ("limits",),
    "state": ("state", "envelope", "monitor", "owner"),
    "envelope": ("envelope", "monitor"),
    "monitor": ("monitor", "owner"),
    "motion": ("motion",),
    "owner": ("owner",),
}
"""What has to be made anew where a module is changed, so that it uses the changed one."""


@cache
def compiled(name: str) -> CodeType:
    """A module as it is."""
    return compile(inspect.getsource(ORDER[name]), f"simgate.safety.{name}", "exec")


@contextmanager
def in_place_of(name: str, module: ModuleType) -> Iterator[None]:
    """Imports find the module under that name."""
    full = f"simgate.safety.{name}"
    sys.modules[full] = module
    setattr(simgate.safety, name, module)
    try:
        yield
    finally:
        sys.modules[full] = ORDER[name]
        setattr(simgate.safety, name, ORDER[name])


def rebuilt(names: tuple[str, ...], changed: ast.Module | None = None) -> dict[str, ModuleType]:
    """The first module with what is changed in it, and the others, which build on it.

    A module of one function replaces that function alone: nothing runs it before the module is whole.
    """
    name = names[0]
    module = ModuleType(f"simgate.safety.{name}")
    with in_place_of(name, module):
        if changed is None or isinstance(changed.body[0], ast.FunctionDef):
            exec(compiled(name), vars(module))  # noqa: S102 - our own code
        if changed is not None:
            code = compile(ast.fix_missing_locations(changed), module.__name__, "exec", FUTURE)
            exec(code, vars(module))  # noqa: S102 - our own code, changed by us
        others = rebuilt(names[1:]) if names[1:] else {}
    return {name: module, **others}


FUTURE = __future__.annotations.compiler_flag
"""Annotations stay text, also in a function that is compiled by itself."""
Suite = Callable[[Mapping[str, Any]], None]


def survivors(name: str, suite: Suite) -> tuple[int, list[str]]:
    """How many mutants there were, and those that the suite let live."""
    tree = ast.parse(inspect.getsource(ORDER[name]))
    alive, count = [], 0
    for mutant in mutants(tree):
        kept = getattr(mutant.node, mutant.field)
        before = ast.unparse(mutant.node)
        setattr(mutant.node, mutant.field, mutant.value)
        try:
            after = ast.unparse(mutant.node)
            if before == after:
                continue
            count += 1
            alone = ast.Module([mutant.owner], []) if isinstance(mutant.owner, ast.FunctionDef) else tree
            if lives(alone, name, suite):
                alive.append(f"{mutant.label}: {before} -> {after}")
        finally:
            setattr(mutant.node, mutant.field, kept)
    return count, alive


def lives(tree: ast.Module, name: str, suite: Suite) -> bool:
    """Whether the suite finds nothing wrong; a mutant that cannot even run is dead."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            suite(rebuilt(AFTER[name], tree))
    except (AssertionError, pytest.fail.Exception):
        return False
    except (ArithmeticError, AttributeError, LookupError, NameError, RecursionError, RuntimeError, SyntaxError):
        return False
    except (TypeError, ValueError):
        return False
    return True


@cache
def recorded() -> list[tuple[list[Event], list[tuple[float, float, str]]]]:
    """Random drives, with what the oracle says to each event."""
    drives = []
    for seed in range(250):
        oracle, events, answers = Oracle(), traffic(seed), []
        try:
            for event in events:
                speed, yaw, kind = oracle.take(event)
                answers.append((float(speed), float(yaw), kind))
        except TooClose:
            pass
        drives.append((events, answers))
    return drives


def replayed(player: Player, events: list[Event], answers: list[tuple[float, float, str]]) -> None:
    """Raise AssertionError where the player answers otherwise than the oracle."""
    for event, want in zip(events, answers, strict=False):
        output, violation = player.take(event)
        assert (output.speed_m_s, output.yaw_rate_rad_s, violation.kind.value if violation else "") == want


SCRIPTS = list(TABLE.values())
"""The table; whichever script killed the last mutant comes first, since it is likely to kill the next one."""


def rules_suite(made: Mapping[str, Any]) -> None:
    """The table, and random drives, by the rules."""
    parts = replace(Parts(), **made)
    for number, script in enumerate(SCRIPTS):
        try:
            check(Rules(parts), script, modes=False, record=False)
        except Exception:
            SCRIPTS.insert(0, SCRIPTS.pop(number))
            raise
    check_claims(parts)
    for events, answers in recorded():
        replayed(Rules(parts), events, answers)


def owner_suite(made: Mapping[str, Any]) -> None:
    """The table, and random drives, by the owner; and what else it says and refuses."""
    parts = replace(Parts(), **made)
    for script in TABLE.values():
        check(Owned(parts), script)
    owned = parts.owner.Monitor(LIMITS)
    assert (owned.trip, owned.causes, owned.limits) == (None, frozenset(), LIMITS)
    _, violation = owned.halt(state.Cause.DEAD_DEVICE, now_ns=3)
    assert (owned.trip, owned.causes) == (violation, frozenset({state.Cause.DEAD_DEVICE}))
    with pytest.raises(TypeError, match="needs Limits, got dict"):
        parts.owner.Monitor({})
    check_turns(parts)


def limits_suite(made: Mapping[str, Any]) -> None:
    """The defaults, what each field takes and refuses, and which fields contradict each other."""
    made_limits = made["limits"].Limits
    default = (1.0, 2.0, 4.5, 12.0, 30.0, 100.0, 0.8, 200.0, 150.0, 600.0, 3000.0, 10.0, 2.5, 12.0, 120.0, 0)
    assert dataclasses.astuple(made_limits()) == default
    roomy = {"silence_limit_ms": 5000.0, "frozen_limit_ms": 60_000.0}
    tiny = dict.fromkeys(("command_period_ms", "command_deadline_ms", "tick_period_ms"), math.ulp(0.0))
    for name, top in CEILINGS.items():
        whole = name == "missing_commands"
        assert made["limits"].ceiling(name).value == top
        for accepted in (0 if whole else math.ulp(0.0), top):
            made_limits(**{**roomy, **({} if accepted == top and not whole else tiny), name: accepted})
        wrong = (top + 1 if whole else math.nextafter(top, math.inf), -1, True, "1", None, math.nan, math.inf)
        for refused in (*wrong, 1.0 if whole else 0.0):
            with pytest.raises(ValueError, match=f"^limit {name} is "):
                made_limits(**{**roomy, name: refused})
    for changes, words in CONTRADICTIONS:
        with pytest.raises(ValueError, match=words):
            made_limits(**changes)
    for changes in AGREEING:
        made_limits(**changes)


CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({"command_deadline_ms": 600.5}, "^limit command_deadline_ms is 600.5, above silence_limit_ms, which is 600.0"),
    ({"command_period_ms": 600.5}, "^limit command_period_ms is 600.5, above silence_limit_ms, which is 600.0"),
    ({"tick_period_ms": 600.5}, "^limit tick_period_ms is 600.5, above silence_limit_ms, which is 600.0"),
    ({"frozen_limit_ms": 199.5}, "^limit command_period_ms is 200.0, above frozen_limit_ms, which is 199.5"),
    ({"missing_commands": 3}, "^limit missing_commands is 3: so many"),
]
AGREEING: list[dict[str, Any]] = [
    {"command_deadline_ms": 600.0},
    {"command_period_ms": 600.0},
    {"tick_period_ms": 600.0},
    {"frozen_limit_ms": 200.0},
    {"missing_commands": 2},
    {"speed_m_s": 1},
]


def motion_suite(made: Mapping[str, Any]) -> None:
    """The worst motion of two sets of limits, computed by hand."""
    for found, time_s, other in (
        (made["motion"].worst_motion(LIMITS), 0.755, LIMITS),
        (made["motion"].worst_motion(replace(LIMITS, command_deadline_ms=101.0, lag_ms=7.0)), 0.719, LIMITS),
    ):
        lag_s = 0.113 if time_s == 0.755 else 0.007
        want = (
            time_s * 1e3,
            other.speed_m_s * time_s,
            other.yaw_rate_rad_s * time_s,
            1.3 * time_s + 1.3 * lag_s + 1.3 * 1.3 / 5.8,
            1.7 * time_s + 1.7 * lag_s + 1.7 * 1.7 / 10.6,
        )
        assert dataclasses.astuple(found) == pytest.approx(want)


def record_suite(made: Mapping[str, Any]) -> None:
    """As the rules, and the trip that the owner has on record."""
    rules_suite(made)
    for script in TABLE.values():
        check(Owned(replace(Parts(), **made)), script, modes=False)


SUITES: dict[str, Suite] = {
    "state": rules_suite,
    "envelope": rules_suite,
    "monitor": record_suite,
    "owner": owner_suite,
    "limits": limits_suite,
    "motion": motion_suite,
}
FEWEST = {"state": 20, "envelope": 1800, "monitor": 640, "owner": 25, "limits": 540, "motion": 200}
"""So many mutants there are at least: a generator that makes none proves nothing."""
UNREAD = "read only while ARMED, and arming writes it"
UNTIL = "says something only of an output that is not zero, and the first of those writes it"
SURVIVORS: dict[str, dict[str, str]] = {
    "state": {
        "heard_ns: int = 0: 0 -> 1": UNREAD,
        "heard_ns: int = 0: 0 -> -1": UNREAD,
        "stamp_ns: int = 0: 0 -> 1": UNREAD,
        "stamp_ns: int = 0: 0 -> -1": UNREAD,
        "input_changed: bool = False: False -> True": UNTIL,
        "still_ns: int = 0: 0 -> 1": UNTIL,
        "still_ns: int = 0: 0 -> -1": UNTIL,
    },
    "envelope": {
        "order: ahead == 0 -> ahead >= 0": "asked only where ahead is not above 0, and there both say the same",
        "order: state.sequence -> state.input_id": "asked whether it is None: both are, until the first command",
        "change_to: span_s > 0.0 -> span_s != 0.0": "never below 0: a clock that goes back tripped before",
    },
    "monitor": {},
    "owner": {},
    "limits": {},
    "motion": {},
}
"""Mutants that nothing can kill, and why."""


@pytest.mark.parametrize("name", SUITES)
def test_every_mutant_is_killed_but_the_named_survivors(name: str) -> None:
    count, alive = survivors(name, SUITES[name])
    assert sorted(alive) == sorted(SURVIVORS[name])
    assert count >= FEWEST[name]


@pytest.mark.parametrize("name", SUITES)
def test_the_suites_pass_on_the_originals(name: str) -> None:
    SUITES[name](rebuilt(AFTER[name]))
