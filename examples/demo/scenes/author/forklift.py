"""A counterbalance forklift."""

from asset import Asset
from curved import cushion, cylinder, limb
from mesh import Mesh, merged, mirrored_y
from palette import BLACK, DARK, GREY, RUBBER, SAFETY_YELLOW, STEEL
from solid import box


def forklift() -> Asset:
    """A small forklift, its forks along +X; 2.4 m long, 2.1 m tall."""
    asset = Asset("forklift", "forklift")
    hull = [cushion((1.50, 0.98, 0.46), 0.05, (-0.25, 0, 0.22)), cushion((0.55, 0.96, 0.55), 0.14, (-0.72, 0, 0.40))]
    cowl = [cushion((0.24, 0.80, 0.40), 0.05, (0.36, 0, 0.62), steps=1)]
    asset.add("hull", merged(*hull, *cowl), SAFETY_YELLOW)
    asset.add("guard", _guard(), DARK)
    seat = [
        cushion((0.46, 0.48, 0.14), 0.05, (-0.30, 0, 0.72)),
        cushion((0.13, 0.46, 0.50), 0.06).turned("y", -10).moved(-0.52, 0, 0.80),
    ]
    asset.add("seat", merged(*seat), BLACK)
    asset.add("mast", _mast(), GREY)
    asset.add("forks", _forks(), STEEL)
    asset.add("tyres", merged(*_wheels(0.27, 0.20)), RUBBER)
    asset.add("rims", merged(*_wheels(0.15, 0.215)), GREY)
    asset.collide((-1.0, -0.50, 0.0), (0.72, 0.50, 2.1))
    asset.collide((0.72, -0.42, 0.0), (1.70, 0.42, 0.14))
    return asset


def _guard() -> Mesh:
    posts = [
        *mirrored_y(limb((0.40, 0.42, 0.75), (0.22, 0.40, 2.05), (0.03, 0.03), segments=8)),
        *mirrored_y(limb((-0.80, 0.42, 0.85), (-0.68, 0.40, 2.05), (0.03, 0.03), segments=8)),
    ]
    roof = [box((0.98, 0.05, 0.05), (-0.23, y, 2.04)) for y in (-0.41, 0.41)]
    roof += [box((0.05, 0.82, 0.05), (x, 0, 2.04)) for x in (-0.68, -0.50, -0.32, -0.14, 0.04, 0.22)]
    wheel = limb((0.26, 0, 0.95), (0.12, 0, 1.08), (0.02, 0.02), segments=8)
    ring = cylinder(0.16, 0.025, segments=18).turned("y", -48).moved(0.11, 0, 1.09)
    return merged(*posts, *roof, wheel, ring)


def _mast() -> Mesh:
    rails = [box((0.09, 0.07, 1.98), (0.66, y, 0.08)) for y in (-0.32, -0.22, 0.22, 0.32)]
    bars = [box((0.08, 0.70, 0.08), (0.66, 0, z)) for z in (0.30, 1.05, 1.96)]
    return merged(*rails, *bars, cylinder(0.04, 1.6, (0.64, 0, 0.2), segments=10))


def _forks() -> Mesh:
    carriage = [box((0.05, 0.86, 0.08), (0.74, 0, z)) for z in (0.16, 0.46)]
    tines = [box((0.95, 0.11, 0.035), (1.22, y, 0.08)) for y in (-0.26, 0.26)]
    heels = [box((0.045, 0.11, 0.52), (0.775, y, 0.08)) for y in (-0.26, 0.26)]
    return merged(*carriage, *tines, *heels)


def _wheels(radius_m: float, width_m: float) -> list[Mesh]:
    pairs: list[Mesh] = []
    for x in (0.30, -0.68):
        wheel = cylinder(radius_m, width_m, (0, 0, -width_m / 2), segments=22).turned("x", 90)
        pairs += mirrored_y(wheel.moved(x, 0.44, 0.27))
    return pairs
