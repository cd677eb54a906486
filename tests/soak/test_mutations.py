"""Random mutations of a signed store, 1,000 for each minute of the soak: 10,000 with MINUTES=10."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mutations.campaign import campaign
from tests.mutations.commands import Commands
from tests.mutations.honest import honest_store
from tests.mutations.test_weakened import RARE, is_missed
from tests.servers.cache import say

MINUTES = float(os.environ.get("SIMGATE_SOAK_MINUTES", "10"))
SEED = os.environ.get("SIMGATE_SOAK_SEED", "1")
PER_MINUTE = 1000
COMMANDS_EVERY = 200
MOST = 3000
"""Mutations that may be needed to miss a check that few of them meet."""


def test_no_mutation_of_a_signed_store_is_taken_by_a_reader_or_a_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = honest_store(tmp_path / "honest")
    commands = Commands(honest, tmp_path / "commands", monkeypatch, COMMANDS_EVERY)
    tally = campaign(honest, SEED, range(int(MINUTES * PER_MINUTE)), commands)
    say(f"seed {SEED}\n{tally.table()}")
    assert tally.mutations == int(MINUTES * PER_MINUTE)
    assert not tally.holes, "\n".join(tally.holes)


@pytest.mark.parametrize(("place", "instead"), [row[1:] for row in RARE], ids=[row[0] for row in RARE])
def test_a_check_that_few_mutations_meet_is_missed_too(
    place: str, instead: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = honest_store(tmp_path)
    monkeypatch.setattr(place, instead)
    assert is_missed(honest, MOST), f"{place} does nothing, and {MOST} mutations did not notice"
