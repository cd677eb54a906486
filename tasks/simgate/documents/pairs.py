"""Pairs: episodes that two models drove, and the exact test of who won more of them."""

from __future__ import annotations

from math import comb


def chance_of(wins: int, losses: int) -> float:
    """Return the chance of so many wins or more among the pairs that somebody won, if neither side were better.

    The one-sided exact sign test; over episodes that both drove, McNemar's test (Psychometrika 12, 1947) in its exact
    form. In whole numbers and without scipy, which promote does not have; a test holds it to scipy's `binomtest`.
    """
    pairs = wins + losses
    ways: int = sum(comb(pairs, won) for won in range(wins, pairs + 1))
    return ways / float(2**pairs)
