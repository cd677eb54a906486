"""Chairs and sofas."""

from asset import Asset
from curved import cushion, cylinder, lathe, limb
from material import Material
from mesh import Mesh, merged, mirrored_y
from palette import BLACK, CHROME, DARK, MOSS, MUSTARD, NAVY, OAK, RUST, SAND, SLATE
from solid import box

OFFICE_FABRICS = (NAVY, RUST, SLATE)
SOFA_FABRICS = (SLATE, MOSS, SAND)


def office_chair() -> Asset:
    """A swivel chair on five castors; variants of `fabric`."""
    asset = Asset("office_chair", "chair")
    seat = cushion((0.50, 0.50, 0.09), 0.045, (0, 0, 0.44))
    back = cushion((0.08, 0.46, 0.58), 0.04, (0, 0, 0)).turned("y", -10).moved(-0.24, 0, 0.52)
    asset.add("fabric", merged(seat, back), NAVY)
    asset.offer("fabric", "fabric", OFFICE_FABRICS)
    arms = merged(
        *mirrored_y(cushion((0.26, 0.06, 0.035), 0.015, (-0.02, 0.28, 0.66), steps=1)),
        *mirrored_y(box((0.03, 0.025, 0.22), (-0.05, 0.28, 0.45))),
        box((0.05, 0.54, 0.02), (-0.05, 0, 0.435)),
        limb((-0.2, 0, 0.44), (-0.29, 0, 0.72), (0.02, 0.02), segments=8),
    )
    asset.add("frame", merged(arms, *(_star_leg(72.0 * index) for index in range(5))), BLACK)
    asset.add("column", cylinder(0.028, 0.36, (0, 0, 0.09), segments=10), CHROME)
    asset.collide((-0.30, -0.30, 0.0), (0.30, 0.30, 0.50))
    asset.collide((-0.36, -0.26, 0.50), (-0.18, 0.26, 1.10))
    return asset


def _star_leg(angle_deg: float) -> Mesh:
    arm = limb((0.02, 0, 0.11), (0.28, 0, 0.075), (0.026, 0.016), segments=8)
    castor = cylinder(0.032, 0.04, (0, 0, -0.02), segments=10).turned("x", 90).moved(0.28, 0, 0.032)
    return merged(arm, castor).turned("z", angle_deg)


def dining_chair() -> Asset:
    """A wooden chair with a padded seat."""
    asset = Asset("dining_chair", "chair")
    front = mirrored_y(lathe(((0, 0), (0.014, 0), (0.021, 0.44), (0, 0.44)), (0.19, 0.18, 0), segments=8))
    rear = mirrored_y(limb((-0.21, 0.18, 0.02), (-0.26, 0.17, 0.88), (0.019, 0.016), segments=8))
    rails = [box((0.018, 0.34, 0.055), (-0.245 - 0.006 * i, 0, 0.56 + 0.11 * i)) for i in range(3)]
    apron = [box((0.40, 0.36, 0.05), (-0.01, 0, 0.39))]
    asset.add("wood", merged(*front, *rear, *rails, *apron), OAK)
    asset.add("seat", cushion((0.44, 0.42, 0.05), 0.02, (0, 0, 0.44), steps=1), MUSTARD)
    asset.offer("fabric", "seat", (MUSTARD, NAVY, RUST))
    asset.collide((-0.25, -0.22, 0.0), (0.23, 0.22, 0.49))
    asset.collide((-0.28, -0.20, 0.49), (-0.22, 0.20, 0.90))
    return asset


def stool() -> Asset:
    """A round workshop stool."""
    asset = Asset("stool", "chair")
    asset.add("seat", cylinder(0.17, 0.05, (0, 0, 0.55), segments=18), OAK)
    legs = [limb((0.10, 0, 0.56), (0.19, 0, 0.01), (0.014, 0.012), segments=8).turned("z", 90 * i) for i in range(4)]
    ring = lathe(((0.150, 0.20), (0.165, 0.20), (0.165, 0.22), (0.150, 0.22), (0.150, 0.20)), segments=18)
    asset.add("legs", merged(*legs, ring), DARK)
    asset.collide_all()
    return asset


def sofa() -> Asset:
    """A three-seat sofa with two coloured pillows."""
    return _couch("sofa", 2.10, 3, SLATE)


def armchair() -> Asset:
    """A one-seat sofa."""
    return _couch("armchair", 0.95, 1, MOSS)


def _couch(name: str, width_m: float, seats: int, fabric: Material) -> Asset:
    asset = Asset(name, "sofa")
    inner = width_m - 0.36
    each = inner / seats
    body = [cushion((0.86, width_m - 0.04, 0.26), 0.04, (0, 0, 0.12), steps=1)]
    body += mirrored_y(cushion((0.88, 0.19, 0.52), 0.07, (0, width_m / 2 - 0.095, 0.12)))
    body += [cushion((0.20, inner + 0.1, 0.62), 0.07, (0, 0, 0)).turned("y", -8).moved(-0.30, 0, 0.22)]
    for index in range(seats):
        y = (index - (seats - 1) / 2) * each
        body.append(cushion((0.62, each - 0.015, 0.16), 0.05, (0.11, y, 0.34)))
        body.append(cushion((0.16, each - 0.03, 0.42), 0.07).turned("y", -14).moved(-0.13, y, 0.47))
    asset.add("fabric", merged(*body), fabric)
    asset.offer("fabric", "fabric", (fabric, *(other for other in SOFA_FABRICS if other != fabric)))
    pillow = cushion((0.13, 0.40, 0.40), 0.065).turned("y", -24).turned("z", 12)
    asset.add("pillow", pillow.moved(0.06, -inner / 2 + 0.23, 0.50), RUST if seats > 1 else MUSTARD)
    feet = [cylinder(0.025, 0.13, (x, y, 0), segments=8) for x in (-0.36, 0.36) for y in (-1, 1)]
    placed = [
        foot.moved(0, (-1) ** index * (width_m / 2 - 0.12) - (-1, 1)[index % 2], 0) for index, foot in enumerate(feet)
    ]
    asset.add("feet", merged(*placed), DARK)
    asset.collide((-0.48, -width_m / 2, 0.0), (0.44, width_m / 2, 0.62))
    return asset
