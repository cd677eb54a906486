"""Mutants of the monitor and the limits: each small change makes the table fail, but for named survivors."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import pytest

from simgate.safety import limits, monitor
from tests.safety.traces import LIMITS, TABLE, check, check_tampered

COMPARISONS: tuple[type[ast.AST], ...] = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    **{kind: tuple(other for other in COMPARISONS if other is not kind) for kind in COMPARISONS},
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
CONFUSED = {
    "speed_m_s": "yaw_rate_rad_s",
    "yaw_rate_rad_s": "speed_m_s",
    "acceleration_m_s2": "yaw_acceleration_rad_s2",
    "yaw_acceleration_rad_s2": "acceleration_m_s2",
    "command_deadline_ms": "silence_limit_ms",
    "silence_limit_ms": "command_deadline_ms",
    "heard_ns": "stamp_ns",
    "stamp_ns": "heard_ns",
    "BLOCKED": "TRIPPED",
    "ARMED": "BLOCKED",
    "TRIPPED": "ARMED",
    "NS_PER_MS": "NS_PER_S",
    "NS_PER_S": "NS_PER_MS",
    "inf": "pi",
}
"""What a name would be mistaken for."""
SURVIVORS = {
    "_order: ahead == 0 -> ahead >= 0": "asked only where ahead is not above 0, and there both say the same",
}
"""Mutants that nothing can kill, and why."""


@dataclass(frozen=True)
class Mutant:
    """One field of one node, changed."""

    node: ast.AST
    field: str
    value: object
    label: str


def swaps(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Operators for other operators, numbers for their neighbours, names for what they are mistaken for."""
    match node:
        case ast.Compare(ops=ops):
            for position, old in enumerate(ops):
                for new in SWAPS[type(old)]:
                    yield "ops", [*ops[:position], new(), *ops[position + 1 :]]
        case ast.BinOp(op=op) | ast.BoolOp(op=op):
            for new in SWAPS.get(type(op), ()):
                yield "op", new()
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            yield from (("value", changed) for changed in (number + 1, number - 1))
        case ast.Attribute(attr=name) if name in CONFUSED:
            yield "attr", CONFUSED[name]
        case ast.Name(id=name) if name in CONFUSED:
            yield "id", CONFUSED[name]


def removals(node: ast.AST) -> Iterator[tuple[str, object]]:
    """A condition that never or always holds, an operand or an argument that is missing, a call that is skipped."""
    match node:
        case ast.If() | ast.IfExp():
            yield from (("test", ast.Constant(answer)) for answer in (True, False))
        case ast.BoolOp(values=values):
            for position in range(len(values)):
                yield "values", [*values[:position], *values[position + 1 :]]
        case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in ("State", "replace") and keywords:
            for position in range(len(keywords)):
                yield "keywords", [*keywords[:position], *keywords[position + 1 :]]


def rewrites(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Expressions put in the place of a child: `not x` becomes x, abs(x) becomes x, an output becomes another."""
    for field, child in ast.iter_fields(node):
        match child:
            case ast.UnaryOp(op=ast.Not(), operand=inner) | ast.Call(func=ast.Name(id="abs" | "float"), args=[inner]):
                yield field, inner
            case ast.Tuple(elts=[state, _, violation]) if isinstance(node, ast.Return):
                for output in ("SafeCommand(0.5, 0.0)", "state.output", "STOP"):
                    yield field, ast.Tuple([state, ast.parse(output, mode="eval").body, violation], ast.Load())
                yield field, ast.Tuple([ast.parse("State()", mode="eval").body, *child.elts[1:]], ast.Load())


def mutants(tree: ast.Module) -> Iterator[Mutant]:
    """Every mutant of the functions, constants and field defaults of a module; annotations and docstrings stay."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for owner in [*tree.body, *(inner for outer in classes for inner in outer.body)]:
        match owner:
            case ast.FunctionDef(name=name, body=body):
                roots: list[ast.AST] = [*body]
            case ast.Assign(value=ast.expr() as right) | ast.AnnAssign(value=ast.expr() as right):
                name, roots = ast.unparse(owner), [right]
            case _:
                continue
        for node in (inner for root in roots for inner in ast.walk(root)):
            for field, value in (*swaps(node), *removals(node), *rewrites(node)):
                yield Mutant(node, field, value, name)


def build(tree: ast.Module, name: str) -> ModuleType:
    """Run a syntax tree as a module; dataclasses look their module up by name."""
    module = ModuleType(name)
    sys.modules[name] = module
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            exec(compile(ast.fix_missing_locations(tree), name, "exec"), vars(module))  # noqa: S102 - our own code, changed by us
    finally:
        del sys.modules[name]
    return module


def survivors(original: ModuleType, suite: Callable[[ModuleType], None]) -> tuple[int, list[str]]:
    """How many mutants there were, and those that the suite let live."""
    tree = ast.parse(inspect.getsource(original))
    alive, count = [], 0
    for mutant in mutants(tree):
        kept = getattr(mutant.node, mutant.field)
        before = ast.unparse(mutant.node)
        setattr(mutant.node, mutant.field, mutant.value)
        label = f"{mutant.label}: {before} -> {ast.unparse(mutant.node)}"
        try:
            if label.endswith(f": {before} -> {before}"):
                continue
            count += 1
            if lives(tree, suite):
                alive.append(label)
        finally:
            setattr(mutant.node, mutant.field, kept)
    return count, alive


def lives(tree: ast.Module, suite: Callable[[ModuleType], None]) -> bool:
    """Whether the suite finds nothing wrong; a mutant that cannot even run is dead."""
    try:
        suite(build(tree, "mutant"))
    except (AssertionError, pytest.fail.Exception):
        return False
    except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError):
        return False
    return True


def table_suite(module: ModuleType) -> None:
    """The table and the constants of the start."""
    assert module.State() == module.State(module.Mode.BLOCKED, None, 0, 0, None, module.SafeCommand(0.0, 0.0), None)
    check_tampered(module)
    check(module, TABLE["the first command may carry any number"], dataclasses.replace(LIMITS, missing_commands=0))
    for script in TABLE.values():
        check(module, script)


def limits_suite(module: ModuleType) -> None:
    """The defaults, and for each field what is accepted and refused."""
    assert dataclasses.astuple(module.Limits()) == (1.0, 2.0, 6.0, 20.0, 150.0, 600.0, 0)
    for field in dataclasses.fields(module.Limits):
        least = 0 if field.name == "missing_commands" else math.ulp(0.0)
        for accepted in (least, 1, 1e308):
            module.Limits(**{field.name: accepted})
        for refused in (math.nan, math.inf, -math.inf, -1, -math.ulp(0.0), *([] if least == 0 else [0, 0.0])):
            with pytest.raises(ValueError, match=field.name):
                module.Limits(**{field.name: refused})


def test_every_mutant_of_the_monitor_is_killed_but_the_named_survivors() -> None:
    count, alive = survivors(monitor, table_suite)
    assert alive == sorted(SURVIVORS)
    assert count >= 280


def test_every_mutant_of_the_limits_is_killed() -> None:
    count, alive = survivors(limits, limits_suite)
    assert not alive
    assert count >= 25


def test_the_suites_pass_on_the_originals() -> None:
    table_suite(monitor)
    limits_suite(limits)
