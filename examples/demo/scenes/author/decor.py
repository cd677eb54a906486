"""Plants, pictures, rugs and lamps."""

import math
from dataclasses import replace

from asset import Asset
from curved import cylinder, disc, lathe, limb
from mesh import Mesh, merged
from palette import BLACK, BRASS, CREAM, DARK, GLOW, LEAF, OAK, SOIL, TERRACOTTA, WARM_GLOW, WHITE, printed
from solid import box, frame, mat, panel, sheet


def plant(name: str, leaves: int, length_m: float) -> Asset:
    """A potted plant with arching leaves of two-sided blades."""
    asset = Asset(name, "plant")
    pot = lathe(
        ((0, 0), (0.13, 0), (0.18, 0.30), (0.195, 0.30), (0.195, 0.34), (0.165, 0.34), (0.16, 0.28)), segments=20
    )
    asset.add("pot", pot, TERRACOTTA)
    asset.offer("pot", "pot", (TERRACOTTA, WHITE, DARK))
    asset.add("soil", disc(0.163, (0, 0, 0.31), segments=20), SOIL)
    blades = [_blade(index, leaves, length_m) for index in range(leaves)]
    asset.add("leaves", merged(*blades).moved(0, 0, 0.31), LEAF)
    asset.collide((-0.2, -0.2, 0.0), (0.2, 0.2, 0.34 + 0.6 * length_m))
    return asset


def _blade(index: int, count: int, length_m: float) -> Mesh:
    """One leaf: a strip that rises and bends over; the golden angle spreads leaves evenly."""
    golden = (index + 0.5) / count
    length = length_m * (0.75 + 0.25 * math.sin(index * 2.4))
    lift = 82.0 - 46.0 * golden
    width = 0.055 * length_m / 0.9 + 0.02
    spine = [(0.0, 0.0)]
    steps = 6
    for step in range(steps):
        angle = math.radians(lift - 62.0 * golden * (step / steps) * 1.6)
        x, z = spine[-1]
        spine.append((x + length / steps * math.cos(angle), z + length / steps * math.sin(angle)))
    widths = [width * w for w in (0.25, 0.75, 1.0, 0.95, 0.75, 0.45, 0.05)]
    quads = []
    for (x0, z0), (x1, z1), w0, w1 in zip(spine, spine[1:], widths, widths[1:], strict=False):
        quads.append(sheet(((x0, -w0, z0), (x1, -w1, z1), (x1, w1, z1), (x0, w0, z0)), unit=True))
    return merged(*quads).turned("z", index * 137.508)


def cactus() -> Asset:
    """A small desk plant."""
    asset = Asset("desk_plant", "plant")
    asset.add("pot", lathe(((0, 0), (0.05, 0), (0.065, 0.10), (0.055, 0.10), (0.05, 0.085), (0, 0.085))), WHITE)
    asset.add("leaves", merged(*(_blade(i, 14, 0.20) for i in range(14))).moved(0, 0, 0.085), LEAF)
    asset.collide_all()
    return asset


def picture(name: str, texture: str, size_m: tuple[float, float]) -> Asset:
    """A framed print; hangs with its back on x = 0 and its lower edge on z = 0."""
    asset = Asset(name, "picture")
    width, height = size_m
    asset.add("frame", frame(width, height, (0.03, 0.03), (0.015, 0, 0)), OAK)
    asset.offer("frame", "frame", (OAK, BLACK, WHITE))
    asset.add("print", panel(width - 0.06, height - 0.06, (0.012, 0, 0.03)), printed(texture))
    return asset


def rug(name: str, texture: str, size_m: tuple[float, float]) -> Asset:
    """A flat rug, centred, lying on the floor."""
    asset = Asset(name, "rug")
    asset.add("pile", mat(size_m[0], size_m[1], (0, 0, 0.012)), printed(texture))
    asset.add("edge", box((size_m[0], size_m[1], 0.010)), CREAM)
    return asset


def marking(name: str, texture: str, size_m: tuple[float, float]) -> Asset:
    """Paint on the floor, as a thin quad; its texture is as wide as the marking and repeats along it."""
    asset = Asset(name, "floor")
    stripe = mat(size_m[0], size_m[1], (0, 0, 0.004))
    repeated = replace(stripe, st=stripe.st * (size_m[0] / size_m[1], 1.0))
    asset.add("paint", repeated, printed(texture))
    return asset


def desk_lamp() -> Asset:
    """A jointed desk lamp."""
    asset = Asset("desk_lamp", "lamp")
    arm = [limb((0, 0, 0.02), (-0.10, 0, 0.24), (0.009, 0.009), segments=8)]
    arm += [limb((-0.10, 0, 0.24), (0.10, 0, 0.40), (0.009, 0.009), segments=8)]
    shade = lathe(((0.085, -0.06), (0.028, 0.05)), segments=18)
    inside = lathe(((0.026, 0.05), (0.083, -0.06)), segments=18)
    tilted = merged(shade, inside).turned("y", -20).moved(0.13, 0, 0.385)
    asset.add("metal", merged(cylinder(0.075, 0.02, segments=18), *arm, tilted), BRASS)
    bulb = merged(disc(0.06, segments=14), disc(0.06, segments=14).turned("x", 180)).turned("y", -20)
    asset.add("bulb", bulb.moved(0.145, 0, 0.345), WARM_GLOW)
    asset.collide_all()
    return asset


def floor_lamp() -> Asset:
    """A standing lamp with a fabric shade."""
    asset = Asset("floor_lamp", "lamp")
    pole = merged(cylinder(0.15, 0.025, segments=22), cylinder(0.013, 1.30, segments=8))
    asset.add("pole", pole, BLACK)
    asset.offer("metal", "pole", (BLACK, BRASS))
    outside = lathe(((0.21, 1.25), (0.15, 1.58)), segments=24, smooth=True)
    inside = lathe(((0.147, 1.58), (0.207, 1.25)), segments=24, smooth=True)
    asset.add("shade", merged(outside, inside), WARM_GLOW)
    asset.collide((-0.16, -0.16, 0.0), (0.16, 0.16, 1.58))
    return asset


def pendant() -> Asset:
    """A hanging lamp; its origin is where it meets the ceiling."""
    asset = Asset("pendant", "lamp")
    bell = ((0.03, -0.62), (0.06, -0.66), (0.17, -0.78), (0.20, -0.86))
    outer = lathe(tuple(reversed([(r, z) for r, z in bell])), segments=22, smooth=True)
    inner = lathe(tuple((r - 0.004, z) for r, z in bell), segments=22, smooth=True)
    asset.add("metal", merged(cylinder(0.006, 0.64, (0, 0, -0.64), segments=6), outer, inner), BLACK)
    bulb = merged(disc(0.17, (0, 0, -0.80)), disc(0.17).turned("x", 180).moved(0, 0, -0.801))
    asset.add("bulb", bulb, WARM_GLOW)
    return asset


def ceiling_panel(name: str, size_m: tuple[float, float]) -> Asset:
    """A bright ceiling light; its origin is where it meets the ceiling."""
    asset = Asset(name, "lamp")
    length, width = size_m
    asset.add("rim", box((length + 0.05, width + 0.05, 0.03), (0, 0, -0.03)), WHITE)
    asset.add("glow", box((length, width, 0.012), (0, 0, -0.04)), GLOW)
    return asset


def clock() -> Asset:
    """A round wall clock at ten past ten; its back is on x = 0."""
    asset = Asset("clock", "picture")
    asset.add("rim", cylinder(0.16, 0.035, segments=28).turned("y", 90), BLACK)
    asset.add("face", cylinder(0.145, 0.004, segments=28).turned("y", 90).moved(0.034), WHITE)
    hands = [box((0.004, 0.012, length)).turned("x", angle).moved(0.04) for length, angle in ((0.08, 60), (0.12, -60))]
    asset.add("hands", merged(*hands), BLACK)
    return asset
