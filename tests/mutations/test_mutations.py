"""500 random mutations of a signed store: none that changes what is live, or why, is taken by a reader or a writer.

A failure names seed and number; `SIMGATE_MUTATION_SEED=… SIMGATE_MUTATION=<number>` makes that one again.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

from tests.mutations.campaign import MUTATIONS, campaign, mutate, parses
from tests.mutations.commands import Commands
from tests.mutations.honest import Honest, honest_store

SEED = os.environ.get("SIMGATE_MUTATION_SEED") or secrets.token_hex(4)
MUTATIONS_COUNT, CHUNK = 500, 50
COMMANDS_EVERY = 25
ONE = os.environ.get("SIMGATE_MUTATION", "")
CHUNKS = [range(int(ONE), int(ONE) + 1)] if ONE else [range(n, n + CHUNK) for n in range(0, MUTATIONS_COUNT, CHUNK)]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    """Made once: every mutation has a copy of its own."""
    return honest_store(tmp_path_factory.mktemp("honest"))


@pytest.mark.parametrize("numbers", CHUNKS, ids=lambda numbers: f"from-{numbers.start}")
def test_no_mutation_of_a_signed_store_is_taken(
    honest: Honest, numbers: range, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = campaign(honest, SEED, numbers, Commands(honest, tmp_path, monkeypatch, COMMANDS_EVERY))
    print(f"seed {SEED}\n{tally.table()}")
    assert tally.mutations == len(numbers)
    assert not tally.holes, "\n".join(tally.holes)


def test_mutations_go_deep_and_are_of_every_kind(honest: Honest) -> None:
    """Most leave a ledger whose chain fits: there is something left to judge."""
    made = [mutate(honest, "depth", number) for number in range(400)]
    assert sum(parses(item.forgery.store) for item in made) > 240
    assert {name for item in made for name in item.name.split(" + ")} == set(MUTATIONS)


def test_a_mutation_is_made_again_from_its_seed_and_number(honest: Honest) -> None:
    for number in range(40):
        one, other = mutate(honest, "again", number), mutate(honest, "again", number)
        assert (one.name, one.said) == (other.name, other.said)
