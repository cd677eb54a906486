"""A bed."""

from asset import Asset
from curved import cushion
from material import Material
from mesh import merged
from palette import MOSS, NAVY, OAK, RUST, WHITE
from solid import box

LINEN = Material("linen", texture="fabric_linen", tile_m=0.3)


def bed() -> Asset:
    """A double bed, its head on the -X side; variants of `blanket`."""
    asset = Asset("bed", "bed")
    legs = [box((0.08, 0.08, 0.14), (x, y, 0)) for x in (-0.95, 0.95) for y in (-0.70, 0.70)]
    asset.add(
        "wood", merged(box((2.06, 1.56, 0.16), (0, 0, 0.14)), box((0.06, 1.60, 1.0), (-1.03, 0, 0.0)), *legs), OAK
    )
    asset.add("mattress", cushion((1.98, 1.48, 0.22), 0.06, (0, 0, 0.28)), LINEN)
    blanket = [
        cushion((1.32, 1.58, 0.10), 0.05, (0.36, 0, 0.43)),
        cushion((1.30, 1.57, 0.24), 0.03, (0.36, 0, 0.26), steps=1),
    ]
    asset.add("blanket", merged(*blanket), NAVY)
    asset.offer("blanket", "blanket", (NAVY, MOSS, RUST))
    pillows = [cushion((0.42, 0.62, 0.16), 0.08).turned("y", -12).moved(-0.70, y, 0.49) for y in (-0.36, 0.36)]
    asset.add("pillows", merged(*pillows), WHITE)
    asset.collide_all()
    return asset
