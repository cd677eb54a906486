"""Every asset of the sample scenes."""

from pathlib import Path

import bedding
import decor
import electronics
import logistics
import opening
import robot
import seating
import storage
import tables
from asset import Asset
from forklift import forklift
from material import Material
from palette import MUSTARD, NAVY, RUST, SLATE
from person import Outfit, person
from skylight import skylight

DENIM = Material("denim", texture="fabric_denim", tile_m=0.25)
CHINO = Material("chino", texture="fabric_sand", tile_m=0.25)
HIGH_VIS = Material("high_vis", "e8862a")
PEOPLE = {
    "person_rust": Outfit("d9a07a", "2a1c14", RUST, DENIM, "1c1c20"),
    "person_mustard": Outfit("8a5a3c", "15110f", MUSTARD, SLATE, "3a2a1e"),
    "person_navy": Outfit("e6b896", "6b4423", NAVY, CHINO, "5a4632"),
    "person_vest": Outfit("b07a55", "1d1714", HIGH_VIS, NAVY, "2b2620"),
}
PAINTINGS = {
    "picture_hills": ("painting_hills", (1.0, 0.8)),
    "picture_dusk": ("painting_dusk", (0.9, 0.9)),
    "picture_shapes": ("painting_shapes", (0.7, 0.9)),
    "picture_circles": ("painting_circles", (0.8, 0.8)),
    "picture_branch": ("painting_branch", (0.5, 0.7)),
    "sign_forklift": ("sign_forklift", (0.7, 0.7)),
    "sign_vest": ("sign_vest", (0.7, 0.7)),
}


def assets() -> list[Asset]:
    """All assets that go to scenes/assets."""
    return [*_furniture(), *_decoration(), *_openings(), *_logistics(), *_people()]


def save_all(scenes: Path) -> None:
    for asset in assets():
        asset.save(scenes, "assets")
    robot.save(scenes)


def _furniture() -> list[Asset]:
    made = [seating.office_chair(), seating.dining_chair(), seating.stool(), seating.sofa(), seating.armchair()]
    made += [tables.desk(), tables.dining_table(), tables.coffee_table(), tables.side_table()]
    made += [storage.bookshelf(), storage.cabinet(), storage.sideboard(), storage.wardrobe(), storage.kitchen_unit()]
    made += [storage.wall_cupboard(), storage.backsplash(), storage.book_stack(), bedding.bed()]
    made += [storage.book_row(f"book_row_{index}", index * 3) for index in range(4)]
    made += [electronics.refrigerator(), electronics.stove(), electronics.microwave(), electronics.printer()]
    return [*made, electronics.coffee_machine(), electronics.television()]


def _decoration() -> list[Asset]:
    made = [decor.plant("plant_tall", 34, 0.95), decor.plant("plant_low", 26, 0.60), decor.cactus()]
    made += [decor.picture(name, texture, size) for name, (texture, size) in PAINTINGS.items()]
    made += [decor.rug("rug_blue", "rug_blue", (2.6, 1.8)), decor.rug("rug_red", "rug_red", (2.2, 1.6))]
    made += [decor.rug("rug_grey", "rug_grey", (1.8, 1.2)), storage.whiteboard(), decor.clock()]
    made += [decor.desk_lamp(), decor.floor_lamp(), decor.pendant()]
    made += [decor.ceiling_panel("ceiling_panel", (1.2, 0.6)), decor.ceiling_panel("ceiling_strip", (2.4, 0.3))]
    return [
        *made,
        electronics.monitor("monitor_code", "screen_code"),
        electronics.monitor("monitor_chart", "screen_chart"),
    ]


def _openings() -> list[Asset]:
    made = [opening.window("window_park", "view_park", (2.0, 1.3), 0.9)]
    made += [opening.window("window_town", "view_town", (2.0, 1.3), 0.9), skylight("skylight", (1.4, 2.4))]
    return [
        *made,
        opening.door("door_oak", "door_oak"),
        opening.door("door_white", "door_white"),
        opening.rolling_door(),
    ]


def _logistics() -> list[Asset]:
    made = [logistics.carton("box_small", (0.32, 0.40, 0.28), "cardboard_light")]
    made += [logistics.carton("box_medium", (0.45, 0.55, 0.42), "cardboard")]
    made += [logistics.carton("box_large", (0.60, 0.75, 0.60), "cardboard")]
    made += [logistics.cone(), logistics.waste_bin(), logistics.wheelie_bin(), logistics.pallet(), logistics.barrel()]
    made += [logistics.rack(), tables.workbench(), forklift()]
    return [*made, decor.marking("lane", "lane", (4.0, 0.10)), decor.marking("hazard", "hazard", (3.0, 0.5))]


def _people() -> list[Asset]:
    heights = dict(zip(PEOPLE, (1.76, 1.83, 1.67, 1.80), strict=True))
    return [
        person(name, outfit, heights[name], vest=name == "person_vest", long_hair=name == "person_navy")
        for name, outfit in PEOPLE.items()
    ]
