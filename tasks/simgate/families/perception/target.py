"""Target: the object of a picture that the network is asked about."""

from __future__ import annotations

from typing import NamedTuple

from simgate.families.frame import Frame
from simgate.families.perception.contract import PerceptionContract
from simgate.families.truth import Truth, truths_of


class Target(NamedTuple):
    """The expected answer for a picture."""

    label: str
    corners: tuple[float, float, float, float] | None
    """Shares of the picture's width and height; None where no object is to be seen."""


def target_of(contract: PerceptionContract, frame: Frame, width_px: int, height_px: int) -> Target:
    """Return the largest object that counts, of the classes that the network knows."""
    counted = [truth for truth in truths_of(frame.boxes, contract.labels[1:]) if truth.counted]
    largest = max(counted, key=_area, default=None)
    if largest is None:
        return Target(contract.labels[0], None)
    x_min, y_min, x_max, y_max = largest.corners
    return Target(largest.label, (x_min / width_px, y_min / height_px, x_max / width_px, y_max / height_px))


def _area(truth: Truth) -> float:
    x_min, y_min, x_max, y_max = truth.corners
    return (x_max - x_min) * (y_max - y_min)
