"""The table of all textures, and how they become PNG files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

import panels
import prints
import surfaces
from noise import Picture

Painter = Callable[[str], Picture]
COLOURS = 96
SPINES_A = ("8e2f2a", "2a4a6e", "c9a24a", "3d6b4f", "5a3a6b", "d9d2c2", "1f2a38", "b5623b")
SPINES_B = ("23446e", "d8c9a8", "7a2e3b", "3f7d6a", "e0a63a", "2b2d33", "96b0c4", "6b4a2f")
MEADOW = ("f3b98a", "f6d7a8", "dfe7ea", "a9c8d8")
DUSK = ("2b3a67", "5a5f96", "c98a9a", "f2c894")

TABLE: dict[str, Painter] = {
    "wood_oak": partial(surfaces.wood, light="c99a63", dark="9a6a3a"),
    "wood_walnut": partial(surfaces.wood, light="85583a", dark="4e3120"),
    "wood_birch": partial(surfaces.wood, light="e6d3b0", dark="c9ab7c"),
    "wood_pallet": partial(surfaces.wood, light="cdaa78", dark="9c774a"),
    "floor_oak": partial(surfaces.planks, light="c0905c", dark="8f6238", rows=8),
    "floor_chestnut": partial(surfaces.planks, light="a06b42", dark="6b4226", rows=8),
    "carpet": partial(surfaces.carpet, colour="5b6675", second="79869a"),
    "concrete": partial(surfaces.concrete, colour="a5a49e"),
    "plaster_white": partial(surfaces.plaster, colour="ebe7dd"),
    "plaster_teal": partial(surfaces.plaster, colour="4f9292"),
    "plaster_sage": partial(surfaces.plaster, colour="a9b79a"),
    "plaster_clay": partial(surfaces.plaster, colour="cf9b7c"),
    "plaster_blue": partial(surfaces.plaster, colour="6f8fb5"),
    "plaster_ochre": partial(surfaces.plaster, colour="d9b36a"),
    "brick": partial(surfaces.brick, colour="b5704f", dark="8d4f38", mortar="cfc6b8"),
    "metal_wall": partial(surfaces.corrugated, colour="c3ccd2"),
    "metal_blue": partial(surfaces.corrugated, colour="7f9db5"),
    "metal_cream": partial(surfaces.corrugated, colour="dcd3bd"),
    "ceiling_tiles": surfaces.ceiling_tiles,
    "ceiling_paint": partial(surfaces.paint, colour="f4f2ec"),
    "kitchen_tiles": partial(surfaces.tiles, colour="dfe8e6", grout="a9b0ae", count=8),
    "stone": surfaces.stone,
    "leaf": surfaces.leaf,
    "fabric_navy": partial(surfaces.fabric, colour="2c4470"),
    "fabric_rust": partial(surfaces.fabric, colour="b04a2c"),
    "fabric_slate": partial(surfaces.fabric, colour="5a626e"),
    "fabric_moss": partial(surfaces.fabric, colour="64784c"),
    "fabric_sand": partial(surfaces.fabric, colour="c9b592"),
    "fabric_mustard": partial(surfaces.fabric, colour="cf9a34"),
    "fabric_linen": partial(surfaces.fabric, colour="e4ddd0"),
    "fabric_denim": partial(surfaces.fabric, colour="3d5478"),
    "painting_hills": partial(prints.mountains, sky=MEADOW, ridges=("8fa6a8", "5f8580", "3f6660", "2a4a46")),
    "painting_dusk": partial(prints.mountains, sky=DUSK, ridges=("6b5a86", "4a4470", "2f3054", "1d2038")),
    "painting_shapes": partial(prints.abstract, ground="efe6d4", colours=("c9502e", "23446e", "e0a63a", "3f7d6a")),
    "painting_circles": partial(prints.abstract, ground="27323f", colours=("e2b04a", "d9d2c2", "b5623b", "6f9aa8")),
    "painting_branch": prints.botanical,
    "rug_blue": partial(prints.rug, ground="5f7594", border="e8dcb8", accent="d9c48f", motif="b5502e"),
    "rug_red": partial(prints.rug, ground="8e3b34", border="e6d6b0", accent="d9a55a", motif="23344f"),
    "rug_grey": partial(prints.rug, ground="b9b2a4", border="6b665c", accent="8d8678", motif="4f6b66"),
    "books_a": partial(prints.spines, colours=SPINES_A),
    "books_b": partial(prints.spines, colours=SPINES_B),
    "cardboard": partial(prints.cardboard, colour="b98f5c"),
    "cardboard_light": partial(prints.cardboard, colour="cfae7e"),
    "hazard": partial(prints.stripes, first="f0b41a", second="1d1d1f", count=1),
    "lane": partial(prints.stripes, first="e9b824", second="e2b022", count=2),
    "screen_code": panels.screen_code,
    "screen_chart": panels.screen_chart,
    "screen_tv": partial(prints.mountains, sky=DUSK, ridges=("d98a6a", "8a4a5a", "4a2f4a", "231a2c")),
    "whiteboard": panels.whiteboard,
    "door_oak": partial(panels.door, colour="b5854f", dark="7d552c"),
    "door_white": partial(panels.door, colour="e6e3da", dark="b5b1a6"),
    "rolling_door": panels.rolling_door,
    "oven": panels.oven,
    "microwave": panels.microwave,
    "keyboard": panels.keyboard,
    "sign_forklift": partial(panels.sign, words=("FORKLIFT", "TRAFFIC"), ground="f4f1e8", ink="15161a"),
    "sign_vest": partial(panels.sign, words=("SAFETY", "VEST ON"), ground="1f4e9c", ink="f4f1e8"),
    "view_park": panels.park,
    "view_town": panels.town,
}


def save_all(scenes: Path) -> None:
    """Write every texture as a palette PNG without metadata."""
    folder = scenes / "textures"
    folder.mkdir(parents=True, exist_ok=True)
    for name, paint in TABLE.items():
        pixels = (np.clip(paint(name), 0, 1) * 255).round().astype(np.uint8)
        image = Image.fromarray(pixels).quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        image.save(folder / f"{name}.png", optimize=True)
