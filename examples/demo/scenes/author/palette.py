"""The named materials that several assets share."""

from material import Material

OAK = Material("oak", texture="wood_oak", tile_m=0.8, roughness=0.6)
WALNUT = Material("walnut", texture="wood_walnut", tile_m=0.8, roughness=0.6)
BIRCH = Material("birch", texture="wood_birch", tile_m=0.8, roughness=0.6)
PLYWOOD = Material("plywood", texture="wood_pallet", tile_m=0.7, roughness=0.9)
WHITE = Material("white", "e9e7e2", roughness=0.5)
CREAM = Material("cream", "efe6d4", roughness=0.7)
GREY = Material("grey", "8d9096", roughness=0.6)
DARK = Material("dark", "2b2d33", roughness=0.6)
BLACK = Material("black", "15161a", roughness=0.5)
STEEL = Material("steel", "a9afb6", roughness=0.4, metallic=0.0)
CHROME = Material("chrome", "c9ced4", roughness=0.3)
BRASS = Material("brass", "b98a3c", roughness=0.4)
NAVY = Material("navy", texture="fabric_navy", tile_m=0.25)
RUST = Material("rust", texture="fabric_rust", tile_m=0.25)
SLATE = Material("slate", texture="fabric_slate", tile_m=0.25)
MOSS = Material("moss", texture="fabric_moss", tile_m=0.25)
SAND = Material("sand", texture="fabric_sand", tile_m=0.25)
MUSTARD = Material("mustard", texture="fabric_mustard", tile_m=0.25)
ORANGE = Material("orange", "e2641b", roughness=0.6)
SAFETY_YELLOW = Material("safety_yellow", "f0b41a", roughness=0.6)
RED = Material("red", "b3261e", roughness=0.6)
BLUE = Material("blue", "1f4e9c", roughness=0.6)
GREEN_PAINT = Material("green_paint", "5f7f6b", roughness=0.6)
GREEN = Material("green", "2f6b3c", roughness=0.7)
TERRACOTTA = Material("terracotta", "b5623b", roughness=0.9)
SOIL = Material("soil", "3a2a1e", roughness=1.0)
LEAF = Material("leaf", texture="leaf", roughness=0.8)
GLOW = Material("glow", "fffaf0", gain=2.2)
WARM_GLOW = Material("warm_glow", "ffd9a0", gain=1.5)
RUBBER = Material("rubber", "1d1d1f", roughness=0.9)
CONCRETE = Material("concrete", texture="concrete", tile_m=3.0, roughness=0.9)
STONE = Material("stone", texture="stone", tile_m=0.9, roughness=0.4)


def printed(texture: str) -> Material:
    """A print: the whole picture once over a mesh whose `st` runs from 0 to 1."""
    return Material(f"print_{texture}", texture=texture)
