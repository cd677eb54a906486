"""People, mid-step, facing +X."""

from dataclasses import dataclass

from asset import Asset
from curved import cushion, ellipsoid, lathe, limb
from material import Material
from mesh import Mesh, merged, mirrored_y


@dataclass(frozen=True)
class Outfit:
    """Colours of one person as sRGB hex."""

    skin: str
    hair: str
    top: Material
    trousers: Material
    shoes: str


def person(name: str, outfit: Outfit, height_m: float = 1.75, *, vest: bool = False, long_hair: bool = False) -> Asset:
    """A walking person of about 3,000 triangles; the origin is on the floor between the feet."""
    asset = Asset(name, "person")
    scale = height_m / 1.75
    parts = {
        "trousers": (_legs(), outfit.trousers),
        "top": (_torso(), outfit.top),
        "skin": (_skin(), Material("skin", outfit.skin)),
        "hair": (_hair(long_hair), Material("hair", outfit.hair)),
        "shoes": (_shoes(), Material("shoes", outfit.shoes)),
        "belt": (_belt(), Material("belt", "2a211c")),
    }
    if vest:
        parts["stripes"] = (_stripes(), Material("stripes", "e8ecd8"))
    for part, (mesh, material) in parts.items():
        asset.add(part, mesh.scaled(scale, scale, scale), material)
    asset.collide((-0.22 * scale, -0.28 * scale, 0.0), (0.26 * scale, 0.28 * scale, height_m))
    return asset


def _legs() -> Mesh:
    hips = ellipsoid((0.115, 0.165, 0.12), (0, 0, 0.93))
    front = [
        limb((0.01, 0.09, 0.92), (0.15, 0.09, 0.51), (0.088, 0.066)),
        limb((0.15, 0.09, 0.51), (0.19, 0.09, 0.12), (0.066, 0.05)),
    ]
    rear = [
        limb((-0.01, -0.09, 0.92), (-0.04, -0.09, 0.50), (0.088, 0.066)),
        limb((-0.04, -0.09, 0.50), (-0.24, -0.09, 0.15), (0.064, 0.05)),
    ]
    return merged(hips, *front, *rear)


def _torso() -> Mesh:
    rings = (
        (0, 0.92),
        (0.105, 0.925),
        (0.118, 0.98),
        (0.112, 1.08),
        (0.122, 1.20),
        (0.131, 1.33),
        (0.110, 1.42),
        (0.07, 1.465),
        (0, 1.48),
    )
    trunk = lathe(rings, segments=20, smooth=True).scaled(1.0, 1.48, 1.0)
    shoulders = mirrored_y(ellipsoid((0.066, 0.060, 0.064), (0, 0.19, 1.368), segments=12, rings=6))
    left = [
        limb((0, 0.20, 1.365), (-0.10, 0.245, 1.12), (0.056, 0.046)),
        limb((-0.10, 0.245, 1.12), (-0.02, 0.25, 0.93), (0.046, 0.038)),
    ]
    right = [
        limb((0, -0.20, 1.365), (0.08, -0.245, 1.12), (0.056, 0.046)),
        limb((0.08, -0.245, 1.12), (0.26, -0.235, 1.00), (0.046, 0.038)),
    ]
    return merged(trunk, *shoulders, *left, *right)


def _skin() -> Mesh:
    neck = limb((0.0, 0, 1.44), (0.012, 0, 1.54), (0.055, 0.052))
    head = ellipsoid((0.098, 0.078, 0.118), (0.02, 0, 1.625), segments=18, rings=12)
    nose = ellipsoid((0.022, 0.014, 0.022), (0.118, 0, 1.61), segments=8, rings=6)
    ears = mirrored_y(ellipsoid((0.018, 0.012, 0.028), (0.012, 0.078, 1.615), segments=8, rings=6))
    hands = [ellipsoid((0.045, 0.026, 0.052), (0.005, 0.25, 0.875), segments=10, rings=6)]
    hands += [ellipsoid((0.055, 0.028, 0.04), (0.315, -0.235, 0.985), segments=10, rings=6)]
    return merged(neck, head, nose, *ears, *hands)


def _hair(long_hair: bool) -> Mesh:
    cap = ellipsoid((0.106, 0.088, 0.10), (0.004, 0, 1.665), segments=18, rings=10)
    eyes = mirrored_y(ellipsoid((0.008, 0.012, 0.009), (0.108, 0.032, 1.638), segments=6, rings=4))
    fall = [cushion((0.07, 0.16, 0.24), 0.035, (-0.075, 0, 1.42))] if long_hair else []
    return merged(cap, *eyes, *fall)


def _shoes() -> Mesh:
    shoe = cushion((0.27, 0.10, 0.085), 0.035)
    front = shoe.turned("y", -8).moved(0.24, 0.09, 0.02)
    rear = shoe.turned("y", 28).moved(-0.20, -0.09, 0.045)
    return merged(front, rear)


def _belt() -> Mesh:
    return lathe(((0.121, 0.955), (0.121, 0.99)), segments=20).scaled(1.0, 1.48, 1.0)


def _stripes() -> Mesh:
    """Two reflective bands around the trunk."""
    bands = [lathe(((0.119, 1.06), (0.121, 1.10)), segments=20), lathe(((0.131, 1.22), (0.135, 1.26)), segments=20)]
    return merged(*bands).scaled(1.02, 1.49, 1.0)
