"""The mutations can fail: each check of the judge, of verify or of a writer, left out, is missed by one of 500."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.mutations.campaign import campaign
from tests.mutations.honest import Honest, honest_store

SEED, MOST, STEP = "weakened", 500, 25


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Honest:
    """Made with all checks in force."""
    return honest_store(tmp_path_factory.mktemp("honest"))


class _Whatever:
    """Equal to any state."""

    def __eq__(self, _other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def _silent(*_args: Any, **_words: Any) -> tuple[()]:
    return ()


Weakened = tuple[str, str, Callable[..., Any]]
COMMON: list[Weakened] = [
    ("no signature is looked at", "simgate.release.judge._Walk._judge", _silent),
    ("any state may follow", "simgate.release.judge.state_after", lambda *_: _Whatever()),
    ("no tail is missed", "simgate.release.judge._cut_tail", lambda *_: ""),
    ("any key may sign anything", "simgate.core.identity.signature.Envelope.signed_by", lambda *_: True),
    ("verify reads no evidence", "simgate.release.proof._prove_evidence", lambda *_, **__: None),
    ("verify reads no waiting candidate", "simgate.release.proof._prove_waiting", lambda *_: None),
    ("verify reads no observation", "simgate.release.proof._prove_observations", lambda *_: None),
    ("verify reads no gate's signature", "simgate.release.proof.evidence_checks", _silent),
    ("writers take any ledger", "simgate.release.judge.ReleaseState.must_hold", lambda state: state),
]
RARE: list[Weakened] = [
    ("no answer is asked for", "simgate.release.judge.promotion_problems", _silent),
    ("no right is asked for", "simgate.release.judge.right_problems", _silent),
    ("no time is looked at", "simgate.release.judge._time_problems", _silent),
    ("no engine is looked at", "simgate.release.judge._engine_problem", lambda *_: ""),
    ("writers take any candidate", "simgate.release.ledger.objection", lambda *_: ""),
]
"""Missed by few mutations: the soak has the time to find them. A broken link of the chain is not among them: other
checks miss it as well, and `tests/unit/test_journal.py` holds that one."""


@pytest.mark.parametrize(("place", "instead"), [row[1:] for row in COMMON], ids=[row[0] for row in COMMON])
def test_a_check_that_is_left_out_is_missed(
    honest: Honest, place: str, instead: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, instead)
    assert is_missed(honest), f"{place} does nothing, and {MOST} mutations of seed {SEED} did not notice"


def is_missed(honest: Honest, most: int = MOST) -> bool:
    """Whether one of so many mutations is taken now."""
    starts = range(0, most, STEP)
    return any(campaign(honest, SEED, range(start, start + STEP)).holes for start in starts)
