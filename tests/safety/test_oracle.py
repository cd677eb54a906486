"""The monitor and an oracle in exact rationals, which was written from the documentation, say the same of anything."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.safety.oracle import Oracle, TooClose
from tests.safety.table import TABLE
from tests.safety.test_properties import WILDEST, traffic
from tests.safety.traces import Event, Owned, Parts, Player, Rules

PLAYERS: dict[str, Callable[[Parts], Player]] = {"rules": Rules, "owner": Owned}


def compare(player: Player, events: list[Event]) -> int:
    """Play until the end, or until floats cannot tell; how many events were compared."""
    oracle = Oracle()
    for number, event in enumerate(events):
        try:
            want = oracle.take(event)
        except TooClose:
            return number
        output, violation = player.take(event)
        said = Fraction(output.speed_m_s), Fraction(output.yaw_rate_rad_s), violation.kind.value if violation else ""
        assert said == want, (number, event, violation)
        assert player.mode == oracle.mode, (number, event)
    return len(events)


@pytest.mark.parametrize("kind", PLAYERS)
def test_the_oracle_agrees_on_random_drives(kind: str) -> None:
    compared = sum(compare(PLAYERS[kind](Parts()), traffic(seed)) for seed in range(1000))
    assert compared >= 15_000


@settings(max_examples=200)
@given(st.integers(0, 2**64))
def test_the_oracle_agrees_on_other_drives(seed: int) -> None:
    compare(Rules(Parts()), traffic(seed))


@settings(max_examples=200)
@given(WILDEST)
def test_the_oracle_agrees_on_the_wildest_events(events: list[Event]) -> None:
    compare(Owned(Parts()), events)


@pytest.mark.parametrize("name", TABLE)
def test_the_oracle_agrees_with_the_table(name: str) -> None:
    oracle = Oracle()
    for number, (event, want) in enumerate(TABLE[name]):
        try:
            speed, yaw, kind = oracle.take(event)
        except TooClose:
            return
        assert (float(speed), float(yaw), kind) == (want.speed_m_s, want.yaw_rate_rad_s, want.kind), (number, event)
        assert oracle.mode == want.mode, (number, event)
