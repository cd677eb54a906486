"""Monitors, televisions and appliances."""

from asset import Asset
from curved import cushion, cylinder, disc, lathe, limb
from material import Material
from mesh import merged
from palette import BLACK, CHROME, DARK, STEEL, WHITE, printed
from solid import box, panel

RED_ENAMEL = Material("red_enamel", "a5322b", roughness=0.4)


def monitor(name: str, screen: str) -> Asset:
    """A 27 inch monitor on a stand; the screen looks along +X."""
    asset = Asset(name, "monitor")
    stand = merged(box((0.18, 0.24, 0.012)), limb((-0.04, 0, 0.01), (-0.03, 0, 0.26), (0.02, 0.018), segments=10))
    asset.add("body", merged(stand, cushion((0.035, 0.62, 0.37), 0.012, (0, 0, 0.12), steps=1)), BLACK)
    asset.add("screen", panel(0.59, 0.335, (0.0185, 0, 0.14)), printed(screen))
    asset.collide_all()
    return asset


def television() -> Asset:
    """A 55 inch television on two feet."""
    asset = Asset("television", "monitor")
    feet = [box((0.22, 0.03, 0.02), (0, y, 0)) for y in (-0.42, 0.42)] + [
        box((0.02, 0.03, 0.07), (0, y, 0)) for y in (-0.42, 0.42)
    ]
    asset.add("body", merged(cushion((0.045, 1.24, 0.72), 0.015, (0, 0, 0.06), steps=1), *feet), BLACK)
    asset.add("screen", panel(1.20, 0.675, (0.0235, 0, 0.085)), printed("screen_tv"))
    asset.collide_all()
    return asset


def refrigerator() -> Asset:
    """A refrigerator, 1.85 m tall."""
    asset = Asset("refrigerator", "appliance")
    asset.add("body", box((0.60, 0.62, 1.82), (-0.01, 0, 0.03)), WHITE)
    doors = [
        cushion((0.06, 0.61, 1.15), 0.015, (0.31, 0, 0.66), steps=1),
        cushion((0.06, 0.61, 0.58), 0.015, (0.31, 0, 0.06), steps=1),
    ]
    asset.add("doors", merged(*doors), WHITE)
    asset.offer("paint", "doors", (WHITE, STEEL, RED_ENAMEL))
    handles = [box((0.03, 0.02, 0.40), (0.355, -0.26, 0.72)), box((0.03, 0.02, 0.25), (0.355, -0.26, 0.36))]
    asset.add("handles", merged(*handles), CHROME)
    asset.add("plinth", box((0.56, 0.60, 0.04), (-0.02, 0, 0)), BLACK)
    asset.collide_all()
    return asset


def stove() -> Asset:
    """An oven with four hobs, as high as a kitchen unit."""
    asset = Asset("stove", "appliance")
    asset.add("body", box((0.58, 0.60, 0.90)), WHITE)
    asset.add("front", panel(0.59, 0.84, (0.2915, 0, 0.04)), printed("oven"))
    asset.add("plate", box((0.60, 0.60, 0.012), (0, 0, 0.89)), BLACK)
    rings = [
        disc(r, (x, y, 0.904), segments=20)
        for x, y, r in ((0.13, 0.14, 0.09), (0.13, -0.14, 0.07), (-0.14, 0.14, 0.07), (-0.14, -0.14, 0.09))
    ]
    asset.add("hobs", merged(*rings), DARK)
    pot = lathe(
        ((0, 0), (0.085, 0), (0.085, 0.11), (0.078, 0.11), (0.078, 0.02), (0, 0.02)), (0.13, 0.14, 0.905), segments=20
    )
    asset.add("pot", pot, RED_ENAMEL)
    asset.collide((-0.30, -0.30, 0.0), (0.30, 0.30, 0.91))
    return asset


def microwave() -> Asset:
    """A microwave oven."""
    asset = Asset("microwave", "appliance")
    asset.add("body", cushion((0.34, 0.48, 0.27), 0.012, (0, 0, 0.01), steps=1), STEEL)
    asset.add("front", panel(0.46, 0.25, (0.1715, 0, 0.02)), printed("microwave"))
    asset.collide_all()
    return asset


def coffee_machine() -> Asset:
    """A coffee machine with a cup."""
    asset = Asset("coffee_machine", "appliance")
    body = [box((0.24, 0.22, 0.03)), box((0.10, 0.22, 0.34), (-0.07, 0, 0.03)), box((0.24, 0.22, 0.10), (0, 0, 0.27))]
    asset.add("body", merged(*body), RED_ENAMEL)
    asset.add("spout", cylinder(0.025, 0.05, (0.05, 0, 0.22), segments=12), CHROME)
    asset.add(
        "cup",
        lathe(((0, 0.03), (0.03, 0.03), (0.038, 0.10), (0.034, 0.10), (0.028, 0.045), (0, 0.045)), (0.05, 0, 0)),
        WHITE,
    )
    asset.collide_all()
    return asset


def printer() -> Asset:
    """An office printer on a cabinet of its own."""
    asset = Asset("printer", "appliance")
    body = [
        cushion((0.52, 0.56, 0.34), 0.02, (0, 0, 0.62), steps=1),
        cushion((0.46, 0.50, 0.09), 0.02, (-0.02, 0, 0.95), steps=1),
    ]
    asset.add("body", merged(box((0.50, 0.54, 0.62)), *body), WHITE)
    trays = [box((0.012, 0.48, 0.13), (0.255, 0, 0.10 + 0.16 * i)) for i in range(3)]
    asset.add(
        "trays",
        merged(
            *trays, box((0.10, 0.34, 0.02), (0.28, 0, 0.74)), box((0.08, 0.2, 0.02), (0.24, 0.14, 0.985)).turned("y", 0)
        ),
        DARK,
    )
    asset.collide_all()
    return asset
