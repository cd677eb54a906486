"""Hostile objects: whatever somebody may put where a number is expected."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from simgate.safety.state import CommandSample
from tests.safety.table import Lying


class Raising:
    """Raises at whatever is done with it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __bool__(self) -> bool:
        raise RuntimeError("bool")

    def __le__(self, other: object) -> bool:
        raise RuntimeError("le")

    __lt__ = __ge__ = __gt__ = __sub__ = __rsub__ = __abs__ = __float__ = __index__ = __le__


class RaisingInt(int):
    """An integer that raises when it is compared."""

    def __le__(self, other: object) -> bool:
        raise RuntimeError("le")

    __lt__ = __ge__ = __gt__ = __eq__ = __le__
    __hash__ = int.__hash__


class RaisingSample(CommandSample):
    """A sample whose fields raise."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


def empty() -> CommandSample:
    """A sample that was never initialised."""
    return object.__new__(CommandSample)


NUMBERS = (
    st.integers()
    | st.integers(-(2**80), 2**80)
    | st.sampled_from((2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64 - 1, 2**64, 10**5000))
    | st.floats()
)
OTHERS = (
    st.none()
    | st.booleans()
    | st.text(max_size=3)
    | st.binary(max_size=9)
    | st.decimals()
    | st.complex_numbers()
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=1), st.integers(), max_size=1)
    | st.builds(Fraction, st.integers(), st.integers(1, 9))
    | st.builds(Raising)
    | st.builds(RaisingInt, st.integers())
    | st.builds(Lying, st.floats())
    | st.sampled_from((object(), int, Decimal, Ellipsis, NotImplemented, range(3)))
)
ANYTHING = NUMBERS | OTHERS
SAMPLES = (
    st.builds(CommandSample, ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING)
    | OTHERS
    | st.builds(empty)
    | st.builds(RaisingSample, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
)
