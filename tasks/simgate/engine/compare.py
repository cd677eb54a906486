"""Compare: percentiles of how far two outputs, or many latencies, lie apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

UNBOUNDED = 1e9
"""Stands for a difference that is not finite: JSON has no infinity, and no limit is as large."""


class Percentiles(NamedTuple):
    """Order statistics, by linear interpolation between the two nearest."""

    median: float
    p90: float
    p95: float
    p99: float
    max: float


def percentiles(values: Sequence[float]) -> Percentiles:
    """Return the percentiles of `values`; zeros for no values, `UNBOUNDED` for all if one is not finite."""
    if not values:
        return Percentiles(0.0, 0.0, 0.0, 0.0, 0.0)
    if not all(math.isfinite(value) for value in values):
        return Percentiles(UNBOUNDED, UNBOUNDED, UNBOUNDED, UNBOUNDED, UNBOUNDED)
    found = np.percentile(np.asarray(values, dtype=np.float64), [50, 90, 95, 99, 100])
    return Percentiles(*(float(value) for value in found))
