"""Intervals of 95 %: Wilson's for rates, the bootstrap over episodes for everything that frames of an episode share."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simgate.core.given.random import stream
from simgate.documents.evaluation import Interval

RESAMPLES = 1000

Weights = NDArray[np.float64]


def rate(hits: int, trials: int) -> Interval:
    """Return a rate with Wilson's score interval (Wilson, 1927): sound for few trials and for rates near 0 and 1."""
    from scipy.stats import binomtest  # a second to import: only who counts pays it

    found = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    return Interval(value=hits / trials, low=float(found.low), high=float(found.high))


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
