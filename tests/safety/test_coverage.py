"""Every line of the monitor and of its limits is run by the table, and every branch of theirs is taken both ways.

Measured on bytecode with the interpreter's own tracing: no plug-in, and `a or b` counts as the branch that it is.
"""

from __future__ import annotations

import copy
import dis
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FrameType, ModuleType
from typing import Any

import pytest

from simgate.safety import limits, motion, owner, state
from tests.safety.test_mutants import ORDER, limits_suite, motion_suite, owner_suite, rules_suite
from tests.safety.traces import LIMITS

Edge = tuple[CodeType, int, int]


class Recorder:
    """Records which instruction followed which, in the code objects of one module."""

    def __init__(self, module: ModuleType) -> None:
        self._file = module.__file__
        self._last: dict[FrameType, int] = {}
        self.edges: set[Edge] = set()
        self.lines: set[int] = set()

    def __call__(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if frame.f_code.co_filename != self._file:
            return None
        frame.f_trace_opcodes = True
        self.lines.add(frame.f_lineno)
        if event == "opcode":
            self.edges.add((frame.f_code, self._last.get(frame, -1), frame.f_lasti))
            self._last[frame] = frame.f_lasti
        return self


def functions(module: ModuleType) -> Iterator[CodeType]:
    """The code of the functions and methods that are written in the module."""
    for holder in (module, *(value for value in vars(module).values() if isinstance(value, type))):
        for value in vars(holder).values():
            code = getattr(value, "__code__", None)
            if code is not None and code.co_filename == module.__file__:
                yield code


def branches(code: CodeType) -> Iterator[Edge]:
    """Both ways on from every conditional jump, but for the one that asks a lock whether it swallows an exception."""
    instructions = list(dis.get_instructions(code))
    for before, here, after in zip(instructions, instructions[1:], instructions[2:], strict=False):
        conditional = "IF" in here.opname or here.opname == "FOR_ITER"
        if conditional and here.opcode in (*dis.hasjrel, *dis.hasjabs) and before.opname != "WITH_EXCEPT_START":
            yield code, here.offset, after.offset
            yield code, here.offset, here.argval


def exercise() -> None:
    """The table by the rules and by their owner, what the owner says and refuses, and the limits."""
    parts = {name: ORDER[name] for name in ("state", "envelope", "monitor", "owner")}
    rules_suite(parts)
    owner_suite(parts)
    limits_suite({"limits": limits})
    motion_suite({"motion": motion})
    owned = owner.Monitor(LIMITS)
    assert owned.mode is state.Mode.BLOCKED
    with pytest.raises(TypeError, match="cannot be copied"):
        copy.copy(owned)


FEWEST_BRANCHES = {"envelope": 40, "limits": 12, "monitor": 24, "motion": 0, "owner": 2, "state": 0}


@pytest.mark.parametrize("module", list(ORDER.values()), ids=list(ORDER))
def test_every_line_and_branch_is_run(module: ModuleType) -> None:
    recorder = Recorder(module)
    before = sys.gettrace()
    sys.settrace(recorder)
    try:
        exercise()
    finally:
        sys.settrace(before)
    wanted = {edge for code in functions(module) for edge in branches(code)}
    # A definition's own line and a docstring's are no work of the function.
    lines = {
        line for code in functions(module) for _, _, line in code.co_lines() if line and line != code.co_firstlineno
    }
    assert len(wanted) >= FEWEST_BRANCHES[module.__name__.rpartition(".")[2]]
    assert not {(code.co_name, at, to) for code, at, to in wanted - recorder.edges}
    assert not lines - recorder.lines
