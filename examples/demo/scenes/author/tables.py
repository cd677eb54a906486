"""Desks, tables and benches."""

from asset import Asset
from curved import cushion, cylinder, limb
from mesh import Mesh, merged, mirrored_y
from palette import BIRCH, BLUE, DARK, GREY, OAK, PLYWOOD, WALNUT, WHITE, printed
from solid import box

WOODS = (OAK, WALNUT, BIRCH)


def desk() -> Asset:
    """A desk with a drawer unit, a keyboard and a mouse; one sits at its +X side. Variants of `finish`."""
    asset = Asset("desk", "table")
    asset.add("top", cushion((0.75, 1.60, 0.035), 0.012, (0, 0, 0.715), steps=1), OAK)
    asset.offer("finish", "top", WOODS)
    asset.add("frame", merged(*mirrored_y(_u_leg(0.62)), box((0.03, 1.36, 0.05), (-0.2, 0, 0.655))), DARK)
    drawers = [box((0.02, 0.36, 0.155), (0.325, -0.52, 0.13 + 0.17 * i)) for i in range(3)]
    asset.add("drawers", merged(box((0.62, 0.38, 0.53), (0.01, -0.52, 0.11)), *drawers), WHITE)
    handles = [box((0.015, 0.12, 0.012), (0.34, -0.52, 0.235 + 0.17 * i)) for i in range(3)]
    asset.add("handles", merged(*handles, box((0.5, 0.3, 0.11), (0.01, -0.52, 0))), GREY)
    asset.add("keyboard", box((0.14, 0.44, 0.02), (0.16, 0.0, 0.75), unit=True), printed("keyboard"))
    asset.add("mouse", cushion((0.10, 0.06, 0.03), 0.015, (0.16, 0.33, 0.75)), DARK)
    asset.collide((-0.375, -0.80, 0.0), (0.375, 0.80, 0.75))
    return asset


def _u_leg(depth_m: float) -> Mesh:
    bars = [box((0.04, 0.04, 0.70), (x, 0.72, 0.015)) for x in (-depth_m / 2, depth_m / 2)]
    return merged(*bars, box((depth_m + 0.04, 0.06, 0.02), (0, 0.72, 0)), box((depth_m, 0.04, 0.03), (0, 0.72, 0.685)))


def dining_table() -> Asset:
    """A solid table for four to six; variants of `finish`."""
    asset = Asset("dining_table", "table")
    asset.add("top", cushion((0.90, 1.60, 0.04), 0.015, (0, 0, 0.71), steps=1), WALNUT)
    legs = [
        limb((x * 0.36, y * 0.70, 0.70), (x * 0.40, y * 0.74, 0.03), (0.036, 0.022), segments=10)
        for x in (-1, 1)
        for y in (-1, 1)
    ]
    apron = [box((0.66, 0.02, 0.07), (0, y, 0.64)) for y in (-0.68, 0.68)]
    asset.add("legs", merged(*legs, *apron), WALNUT)
    asset.offer("finish", "top", (WALNUT, OAK, BIRCH))
    asset.offer("finish", "legs", (WALNUT, OAK, BIRCH))
    asset.collide_all()
    return asset


def coffee_table() -> Asset:
    """A low oval table with a shelf."""
    asset = Asset("coffee_table", "table")
    top = cylinder(0.5, 0.03, (0, 0, 0.39), segments=32).scaled(0.62, 1.1, 1.0)
    tray = cylinder(0.42, 0.02, (0, 0, 0.16), segments=28).scaled(0.62, 1.1, 1.0)
    asset.add("top", merged(top, tray), OAK)
    legs = [
        limb((x * 0.17, y * 0.30, 0.39), (x * 0.23, y * 0.38, 0.015), (0.018, 0.013), segments=8)
        for x in (-1, 1)
        for y in (-1, 1)
    ]
    asset.add("legs", merged(*legs), DARK)
    asset.collide_all()
    return asset


def side_table() -> Asset:
    """A small round table on one foot."""
    asset = Asset("side_table", "table")
    asset.add("top", cylinder(0.24, 0.025, (0, 0, 0.50), segments=24), WALNUT)
    foot = merged(cylinder(0.02, 0.50, segments=10), cylinder(0.17, 0.02, segments=20))
    asset.add("foot", foot, DARK)
    asset.collide_all()
    return asset


def workbench() -> Asset:
    """A packing bench with a pegboard frame and a lower shelf."""
    asset = Asset("workbench", "table")
    asset.add("top", box((0.75, 1.80, 0.05), (0, 0, 0.83)), PLYWOOD)
    asset.add("shelf", box((0.60, 1.66, 0.025), (-0.04, 0, 0.22)), PLYWOOD)
    legs = [box((0.06, 0.06, 0.83), (x, y, 0)) for x in (-0.32, 0.32) for y in (-0.84, 0.84)]
    posts = [box((0.04, 0.04, 0.75), (-0.34, y, 0.88)) for y in (-0.84, 0.84)]
    rails = [box((0.03, 1.64, 0.08), (-0.34, 0, z)) for z in (1.0, 1.25, 1.5)]
    asset.add("frame", merged(*legs, *posts, *rails), BLUE)
    asset.collide((-0.375, -0.90, 0.0), (0.375, 0.90, 0.88))
    return asset
