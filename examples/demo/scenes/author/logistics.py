"""What stands in a warehouse: boxes, bins, cones, pallets, racks, barrels and a forklift."""

from dataclasses import replace

from asset import Asset
from curved import cylinder, lathe, limb
from material import Material
from mesh import Mesh, merged, mirrored_y
from palette import (
    BLACK,
    BLUE,
    CHROME,
    DARK,
    GREEN_PAINT,
    GREY,
    ORANGE,
    PLYWOOD,
    RED,
    RUBBER,
    SAFETY_YELLOW,
    WHITE,
    printed,
)
from solid import box

BAND = Material("band", "f2f1ec", roughness=0.5)


def carton(name: str, size_m: tuple[float, float, float], texture: str) -> Asset:
    """A taped cardboard box with a shipping label."""
    asset = Asset(name, "box")
    card = box(size_m, unit=True)
    # The right half of the texture has a shipping label; only the front (the first face) shows it.
    st = card.st * (0.496, 0.992) + (0.002, 0.004)
    st[:4, 0] += 0.5
    asset.add("card", replace(card, st=st), printed(texture))
    asset.collide_all()
    return asset


def cone() -> Asset:
    """A traffic cone, 0.5 m tall, with two bands."""
    asset = Asset("cone", "cone")
    asset.add("foot", merged(box((0.34, 0.34, 0.03))), BLACK)
    rings = ((0.125, 0.03), (0.095, 0.17), (0.076, 0.25), (0.058, 0.335), (0.042, 0.405), (0.022, 0.49), (0, 0.50))
    bands = (ORANGE, BAND, ORANGE, BAND, ORANGE)
    orange = [lathe(rings[i : i + 2], segments=22, smooth=True) for i, band in enumerate(bands) if band is ORANGE]
    white = [lathe(rings[i : i + 2], segments=22, smooth=True) for i, band in enumerate(bands) if band is BAND]
    asset.add("body", merged(*orange, lathe(rings[5:], segments=22)), ORANGE)
    asset.add("bands", merged(*white), BAND)
    asset.collide_all()
    return asset


def waste_bin() -> Asset:
    """A tapered waste bin, 0.45 m tall; variants of `paint`."""
    asset = Asset("bin", "bin")
    rings = ((0, 0), (0.125, 0), (0.165, 0.42), (0.178, 0.42), (0.178, 0.45), (0.155, 0.45), (0.118, 0.03), (0, 0.03))
    asset.add("body", lathe(rings, segments=24), BLUE)
    asset.offer("paint", "body", (BLUE, GREEN_PAINT, DARK))
    asset.add("sign", merged(_sign()), WHITE)
    asset.collide_all()
    return asset


def _sign() -> Mesh:
    return box((0.004, 0.10, 0.10)).turned("y", 5.3).moved(0.150, 0, 0.18)


def wheelie_bin() -> Asset:
    """A large wheeled bin with a lid."""
    asset = Asset("wheelie_bin", "bin")
    asset.add("body", _tapered((0.46, 0.40), (0.56, 0.50), 0.85).moved(0, 0, 0.06), GREEN_PAINT)
    asset.offer("paint", "body", (GREEN_PAINT, BLUE, GREY))
    lid = merged(box((0.62, 0.54, 0.04), (0.01, 0, 0.91)), box((0.50, 0.44, 0.03), (0, 0, 0.95)))
    asset.add("lid", lid, DARK)
    wheels = mirrored_y(cylinder(0.10, 0.05, segments=16).turned("x", -90).moved(-0.24, 0.19, 0.10))
    asset.add("wheels", merged(*wheels, limb((-0.30, -0.2, 0.88), (-0.30, 0.2, 0.88), (0.016, 0.016))), RUBBER)
    asset.collide_all()
    return asset


def _tapered(low: tuple[float, float], high: tuple[float, float], height_m: float) -> Mesh:
    """A box whose base and top differ in size."""
    block = box((1, 1, 1))
    points = block.points.copy()
    share = points[:, 2]
    points[:, 0] *= low[0] + share * (high[0] - low[0])
    points[:, 1] *= low[1] + share * (high[1] - low[1])
    points[:, 2] *= height_m
    return Mesh(points, block.normals, block.st, block.counts)


def pallet() -> Asset:
    """A euro pallet, 1.2 m by 0.8 m."""
    asset = Asset("pallet", "pallet")
    top = [
        box((1.20, width, 0.022), (0, y, 0.122))
        for y, width in ((-0.3275, 0.145), (-0.165, 0.10), (0, 0.145), (0.165, 0.10), (0.3275, 0.145))
    ]
    cross = [box((0.145, 0.80, 0.022), (x, 0, 0.10)) for x in (-0.5275, 0, 0.5275)]
    feet = [box((0.145, 0.10, 0.078), (x, y, 0.022)) for x in (-0.5275, 0, 0.5275) for y in (-0.35, 0, 0.35)]
    low = [box((1.20, 0.10, 0.022), (0, y, 0)) for y in (-0.35, 0, 0.35)]
    asset.add("wood", merged(*top, *cross, *feet, *low), PLYWOOD)
    asset.collide_all()
    return asset


def barrel() -> Asset:
    """A steel drum with two rolling hoops; variants of `paint`."""
    asset = Asset("barrel", "barrel")
    wall = [(0.0, 0.0), (0.285, 0.0)]
    for z in (0.02, 0.29, 0.58, 0.86):
        wall += [(0.285, z - 0.018), (0.298, z), (0.285, z + 0.018)] if z > 0.02 else [(0.298, 0.01), (0.285, 0.03)]
    wall += [(0.27, 0.88), (0.27, 0.865), (0.0, 0.865)]
    asset.add("body", lathe(wall, segments=28), BLUE)
    asset.offer("paint", "body", (BLUE, RED, SAFETY_YELLOW, GREEN_PAINT))
    asset.add("caps", merged(cylinder(0.035, 0.02, (0.17, 0, 0.865)), cylinder(0.02, 0.02, (-0.17, 0, 0.865))), CHROME)
    asset.collide_all()
    return asset


def rack() -> Asset:
    """A pallet rack of three levels, 2.7 m long, 1.0 m deep, 3.0 m tall; its aisle side is +X."""
    asset = Asset("rack", "rack")
    posts = [box((0.09, 0.09, 3.0), (x, y, 0)) for x in (-0.45, 0.45) for y in (-1.305, 1.305)]
    braces = []
    for y in (-1.305, 1.305):
        for step in range(4):
            ends = ((-0.44, 0.44), (0.44, -0.44))[step % 2]
            low, high = (ends[0], y, 0.2 + 0.65 * step), (ends[1], y, 0.85 + 0.65 * step)
            braces.append(limb(low, high, (0.018, 0.018), segments=6))
    asset.add("posts", merged(*posts, *braces), BLUE)
    beams = [box((0.05, 2.52, 0.11), (x, 0, z)) for x in (-0.45, 0.45) for z in RACK_BEAMS_M]
    asset.add("beams", merged(*beams), ORANGE)
    asset.offer("paint", "beams", (ORANGE, SAFETY_YELLOW))
    asset.add("decks", merged(*(box((0.86, 2.52, 0.025), (0, 0, z + 0.085)) for z in RACK_BEAMS_M)), PLYWOOD)
    for y in (-1.305, 1.305):
        asset.collide((-0.5, y - 0.05, 0.0), (0.5, y + 0.05, 3.0))
    asset.collide((-0.48, -1.26, RACK_BEAMS_M[0]), (0.48, 1.26, RACK_BEAMS_M[0] + 0.11))
    asset.collide((-0.48, -1.26, RACK_BEAMS_M[1]), (0.48, 1.26, RACK_BEAMS_M[1] + 0.11))
    return asset


RACK_BEAMS_M = (0.10, 1.20, 2.30)
