"""Units: which way is up, and how long a metre is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pxr import Usd, UsdGeom

from simgate.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Units:
    """The stage's own metadata."""

    meters_per_unit: float
    up_axis: Literal["Z"]


def read_units(stage: Usd.Stage, scene: str) -> Units:
    """The units of a stage; both must be written, since USD's fallbacks (Y up, centimetres) are seldom meant."""
    up_axis = str(UsdGeom.GetStageUpAxis(stage))
    if up_axis != "Z":
        authored = up_axis if stage.HasAuthoredMetadata("upAxis") else f"no upAxis (USD then means {up_axis})"
        raise InputError(
            f"scene {scene} is not Z up",
            actual=authored,
            expected="upAxis = Z",
            remedy='set upAxis = "Z" in its root layer',
        )
    meters = float(UsdGeom.GetStageMetersPerUnit(stage))
    if not stage.HasAuthoredMetadata("metersPerUnit") or not (math.isfinite(meters) and meters > 0):
        authored = f"{meters:g}" if stage.HasAuthoredMetadata("metersPerUnit") else "none"
        raise InputError(
            f"scene {scene} has no usable metersPerUnit", actual=authored, expected="a positive number, e.g. 1"
        )
    return Units(meters, "Z")
