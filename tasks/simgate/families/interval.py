"""Intervals of 95 %: Wilson's for rates, the bootstrap over episodes for everything that frames of an episode share."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simgate.core.given.random import stream
from simgate.documents.evaluation import Interval

Z = 1.959963984540054
"""97.5 % quantile of the normal distribution."""
RESAMPLES = 1000

Weights = NDArray[np.float64]


def rate(hits: int, trials: int) -> Interval:
    """Return a rate with Wilson's score interval (Wilson, 1927): sound for few trials and for rates near 0 and 1."""
    share, spread = hits / trials, Z * Z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * math.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    return Interval(value=share, low=max(0.0, min(share, middle - half)), high=min(1.0, max(share, middle + half)))


def bootstrap(statistic: Callable[[Weights], float], episodes: int, *key: str | int) -> Interval:
    """Return a statistic with its percentile bootstrap interval (Efron, 1979) over whole episodes.

    Drawn from the stream `key`. `statistic` gets how often each episode counts; frames of one episode are too alike to
    be drawn one by one.
    """
    draws = stream(*key).multinomial(episodes, np.full(episodes, 1 / episodes), size=RESAMPLES).astype(np.float64)
    found = [value for value in map(statistic, draws) if math.isfinite(value)]
    value = statistic(np.ones(episodes))
    low, high = np.percentile(found, [2.5, 97.5]) if found else (value, value)
    return Interval(value=value, low=float(low), high=float(high))


def sign_test(better: int, worse: int) -> float:
    """Return the one-sided exact sign-test p: the chance of `better` or more of the unequal pairs if neither side is
    better.
    """
    pairs = better + worse
    ways = sum(math.comb(pairs, wins) for wins in range(better, pairs + 1))
    return ways / float(2**pairs)
