"""Windows with a view, and doors."""

from asset import Asset
from curved import cylinder, lathe
from mesh import Mesh, merged
from palette import BLACK, CHROME, OAK, STEEL, WHITE, printed
from solid import box, frame, mat, panel, quad

VIEW_DEPTH_M = 2.2
VIEW_HALF_WIDTH_M = 2.2
VIEW_TOP_M = 4.0


def window(name: str, view: str, size_m: tuple[float, float], sill_m: float) -> Asset:
    """A window for a hole in a wall, `sill_m` above the floor; its origin is the middle of the hole's lower edge.

    The view is a box of painted panels behind the wall. Its top is open, so that the sun shines in: a level camera
    whose upper edge looks up by less than 29 degrees sees the panels, never past them.
    """
    asset = Asset(name, "window")
    width, height = size_m
    bars = [frame(width, height, (0.06, 0.05), (-0.08, 0, 0)), box((0.05, 0.05, height), (-0.08, 0, 0))]
    bars += [box((0.05, width, 0.04), (-0.08, 0, height * 0.68))]
    asset.add("frame", merged(*bars, box((0.26, width + 0.12, 0.03), (0.02, 0, -0.03))), WHITE)
    back, side, top = -VIEW_DEPTH_M, VIEW_HALF_WIDTH_M, VIEW_TOP_M - sill_m
    left = ((back, side, -sill_m), (-0.2, side, -sill_m), (-0.2, side, top), (back, side, top))
    right = ((-0.2, -side, -sill_m), (back, -side, -sill_m), (back, -side, top), (-0.2, -side, top))
    scenery = panel(2 * side, top + sill_m, (back, 0, -sill_m))
    asset.add("view", merged(scenery, quad(left, unit=True), quad(right, unit=True)), printed(view))
    asset.add("ground", mat(VIEW_DEPTH_M, 2 * side, (back / 2, 0, -sill_m)), STEEL)
    return asset


def door(name: str, leaf: str) -> Asset:
    """A door on a wall, its back on x = 0."""
    asset = Asset(name, "door")
    asset.add("frame", merged(*_door_frame(0.98, 2.10)), OAK if leaf == "door_oak" else WHITE)
    asset.add("leaf", panel(0.86, 2.03, (0.03, 0, 0.005)), printed(leaf))
    knob = lathe(
        ((0, 0), (0.012, 0), (0.012, 0.03), (0.028, 0.045), (0.02, 0.07), (0, 0.075)), segments=14, smooth=True
    )
    asset.add("knob", merged(knob.turned("y", 90).moved(0.03, 0.34, 1.0)), CHROME)
    asset.collide((0.0, -0.49, 0.0), (0.05, 0.49, 2.10))
    return asset


def _door_frame(width_m: float, height_m: float) -> list[Mesh]:
    side = (width_m - 0.06) / 2
    posts = [box((0.06, 0.06, height_m), (0.03, y, 0)) for y in (-side, side)]
    return [*posts, box((0.06, width_m, 0.06), (0.03, 0, height_m))]


def rolling_door() -> Asset:
    """A roller shutter, 3 m wide, its back on x = 0."""
    asset = Asset("rolling_door", "door")
    asset.add("shutter", panel(3.0, 3.0, (0.03, 0, 0)), printed("rolling_door"))
    rails = [box((0.10, 0.12, 3.05), (0.05, y, 0)) for y in (-1.56, 1.56)]
    drum = cylinder(0.18, 3.24, (0, 0, -1.62), segments=18).turned("x", 90).moved(0.16, 0, 3.16)
    asset.add("rails", merged(*rails, drum), STEEL)
    posts = [cylinder(0.06, 0.9, (0.30, y, 0), segments=14) for y in (-1.75, 1.75)]
    asset.add("posts", merged(*posts), BLACK)
    asset.collide((0.0, -1.75, 0.0), (0.36, 1.75, 3.05))
    return asset
