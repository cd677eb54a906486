"""Edit: the scene edit of the demo: a lamp of the home is moved a little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simgate.core.errors import InputError

EDITED_FILE = "home/furniture.usda"
LAMP_PREFIX = "floor_lamp"
STEP_M = 0.01
NEAREST_M = 0.10
PLACES = 40


def move_lamp(scenes: Path, original: Path, number: int) -> str:
    """Move the home's floor lamp along x, to another place for each `number`; return a sentence about it."""
    from pxr import Gf, Sdf

    target = scenes / EDITED_FILE
    layer = Sdf.Layer.FindOrOpen(str(target))
    sample = Sdf.Layer.FindOrOpen(str(original / EDITED_FILE))
    if layer is None or sample is None:
        raise InputError(
            "the demo's scene is not there", actual=target, remedy="remove .simgate/demo-scenes and try again"
        )
    path = _lamp(sample)
    home = sample.GetAttributeAtPath(path).default
    # Towards the middle of the room, so that it stays inside.
    offset_m = (NEAREST_M + STEP_M * (number % PLACES)) * (-1 if home[0] > 0 else 1)
    layer.GetAttributeAtPath(path).default = Gf.Vec3d(home[0] + offset_m, home[1], home[2])
    layer.Save()
    name = path.GetPrimPath().name
    return f"In {EDITED_FILE} {name} was moved to {abs(offset_m) * 100:.0f} cm from where it was authored"


def _lamp(layer: Any) -> Any:
    """Return the translate attribute of the first floor lamp of a layer."""
    found: list[Any] = []
    layer.Traverse("/", found.append)
    lamps = (path for path in found if path.name == "xformOp:translate" and LAMP_PREFIX in path.GetPrimPath().name)
    path = next(lamps, None)
    if path is None:
        raise InputError(f"no {LAMP_PREFIX} in {EDITED_FILE}", remedy="the demo edits the sample scenes only")
    return path
