"""Flatland: a simulator that draws a floor, one wall around it, and round obstacles, with numpy alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simgate.specs.generate import GenerateSpec

if TYPE_CHECKING:
    from toylab.flatland.simulator import Flatland


def open_simulator(spec: GenerateSpec, root: Path) -> Flatland:
    """Open one scene."""
    from toylab.flatland.simulator import Flatland

    return Flatland(spec, root)
