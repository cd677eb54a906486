"""A roof window: a shaft over a hole in the ceiling."""

from asset import Asset
from mesh import merged
from palette import DARK, WHITE
from solid import box, quad

SHAFT_M = 1.0


def skylight(name: str, size_m: tuple[float, float]) -> Asset:
    """A shaft of four sides, open to the sky; its origin is the middle of the hole, at the ceiling.

    From the floor of a hall 12 m long a camera that looks up by less than 29 degrees sees only its sides.
    """
    asset = Asset(name, "window")
    x, y, top = size_m[0] / 2, size_m[1] / 2, SHAFT_M
    sides = merged(
        quad(((x, y, 0), (x, -y, 0), (x, -y, top), (x, y, top))),
        quad(((-x, -y, 0), (-x, y, 0), (-x, y, top), (-x, -y, top))),
        quad(((-x, y, 0), (x, y, 0), (x, y, top), (-x, y, top))),
        quad(((x, -y, 0), (-x, -y, 0), (-x, -y, top), (x, -y, top))),
    )
    asset.add("shaft", sides, WHITE)
    bars = [box((0.05, size_m[1], 0.05), (0, 0, 0.05)), box((size_m[0], 0.05, 0.05), (0, 0, 0.05))]
    asset.add("bars", merged(*bars), DARK)
    return asset
