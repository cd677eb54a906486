"""Axis: a range of numbers laid over pixels, with ticks at numbers that people like."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Axis:
    """Maps [low, high] to [start_px, end_px]; `step` is the distance of ticks, all in the units of the data."""

    low: float
    high: float
    step: float
    start_px: float
    end_px: float

    def at(self, value: float) -> float:
        """Return the pixel of `value`."""
        return self.start_px + (value - self.low) / (self.high - self.low) * (self.end_px - self.start_px)

    def ticks(self) -> list[tuple[float, str]]:
        """Return (pixel, label) of every tick."""
        first, last = math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9)
        return [
            (self.at(number * self.step), label(number * self.step, self.step)) for number in range(first, last + 1)
        ]


def fit(values: Iterable[float], *, start_px: float, end_px: float, ticks: int = 5, tight: bool = False) -> Axis:
    """Return the axis that shows all finite values; its ends are ticks unless `tight`. Empty data gives 0 to 1."""
    finite = [value for value in values if drawable(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        low, high = low - (abs(low) * 0.1 or 0.5), high + (abs(high) * 0.1 or 0.5)
    step = nice_step((high - low) / ticks)
    if not tight:
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Axis(low, high, step, start_px, end_px)


def drawable(*values: float) -> bool:
    """Return whether all values are finite and far from overflowing a difference or a square."""
    return all(math.isfinite(value) and abs(value) < 1e100 for value in values)


def nice_step(rough: float) -> float:
    """Return the 1, 2 or 5 times a power of ten nearest above `rough` (after Heckbert, Graphics Gems, 1990)."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))


def label(value: float, step: float) -> str:
    """Return `value` with as many decimals as `step` needs and a true minus sign."""
    if value == 0 or abs(value) < step * 1e-6:
        return "0"
    if abs(value) >= 1e6 or step < 1e-4:
        return f"{value:.3g}".replace("-", "−")
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{decimals}f}".replace("-", "−")
