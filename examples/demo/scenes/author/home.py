"""The home: a studio flat with kitchen, dining table, bed and living corner."""

from pathlib import Path

from material import Material
from palette import WHITE
from room import Room
from scene import Pose, Scene
from storage import SHELF_HEIGHTS_M

LENGTH_M, WIDTH_M, HEIGHT_M = 8.0, 6.0, 2.7
BOARDS = Material("floor_oak", texture="floor_oak", tile_m=1.6, roughness=0.6)
CHESTNUT = Material("floor_chestnut", texture="floor_chestnut", tile_m=1.6, roughness=0.6)
LID = Material("ceiling_paint", texture="ceiling_paint", tile_m=2.5)
PLASTER = Material("plaster_white", texture="plaster_white", tile_m=HEIGHT_M)
SAGE = Material("plaster_sage", texture="plaster_sage", tile_m=HEIGHT_M)
CLAY = Material("plaster_clay", texture="plaster_clay", tile_m=HEIGHT_M)
BLUE = Material("plaster_blue", texture="plaster_blue", tile_m=HEIGHT_M)
BRICK = Material("brick", texture="brick", tile_m=1.0, roughness=0.9)


def build(scenes: Path) -> None:
    scene = Scene("home", scenes)
    room = Room(scene, LENGTH_M, WIDTH_M, HEIGHT_M)
    _shell(scene, room)
    _kitchen(scene, room)
    _dining(scene)
    _living(scene, room)
    _sleeping(scene, room)
    _lights(scene)
    _actors(scene)
    scene.save()


def _shell(scene: Scene, room: Room) -> None:
    room.floor((BOARDS, CHESTNUT))
    room.ceiling(LID)
    room.wall("north", (CLAY, SAGE, BLUE), WHITE)
    room.wall("south", (PLASTER,), WHITE, ((2.6, 4.6, 0.9, 2.2),))
    room.wall("west", (PLASTER,), WHITE)
    room.wall("east", (BRICK, PLASTER), WHITE)
    scene.place("room/window_0", "window_park", room.on_wall("south", 3.6, 0.9), layer="room")
    scene.place("room/door_0", "door_white", room.on_wall("south", 6.9), layer="room")


def _kitchen(scene: Scene, room: Room) -> None:
    scene.place("furniture/refrigerator_0", "refrigerator", room.on_wall("west", 5.6, 0, 0.33), {"paint": "white"})
    scene.place("furniture/kitchen_unit_0", "kitchen_unit", room.on_wall("west", 4.34, 0, 0.29))
    scene.place("furniture/stove_0", "stove", room.on_wall("west", 3.10, 0, 0.30))
    for index, along in enumerate((4.64, 3.42)):
        scene.place(f"furniture/cupboard_{index}", "wall_cupboard", room.on_wall("west", along, 1.5, 0.16))
    scene.place("furniture/backsplash_0", "backsplash", room.on_wall("west", 4.02, 0.90))
    scene.place("furniture/microwave_0", "microwave", room.on_wall("west", 3.75, 0.90, 0.28))
    scene.place("furniture/coffee_machine_0", "coffee_machine", room.on_wall("west", 4.25, 0.90, 0.22))
    scene.place("furniture/desk_plant_0", "desk_plant", room.on_wall("west", 5.12, 0.90, 0.25), payload=True)
    scene.place("furniture/bin_0", "bin", room.on_wall("west", 2.55, 0, 0.30), {"paint": "green_paint"})


def _dining(scene: Scene) -> None:
    scene.place("furniture/table_0", "dining_table", Pose(-1.4, 1.75, 0, 90), {"finish": "walnut"})
    spots = ((-1.8, 1.08, 90), (-1.0, 1.02, 80), (-1.8, 2.42, -90), (-1.0, 2.46, -96))
    for index, (x, y, yaw) in enumerate(spots):
        scene.place(f"furniture/chair_{index}", "dining_chair", Pose(x, y, 0, yaw), {"fabric": "mustard"})
    scene.place("furniture/desk_plant_1", "desk_plant", Pose(-1.4, 1.75, 0.75), payload=True)
    scene.place("furniture/pendant_0", "pendant", Pose(-1.4, 1.75, HEIGHT_M))


def _living(scene: Scene, room: Room) -> None:
    scene.place("furniture/sofa_0", "sofa", room.on_wall("east", 4.3, 0, 0.50), {"fabric": "moss"})
    scene.place("furniture/coffee_table_0", "coffee_table", room.on_wall("east", 4.3, 0, 1.6))
    scene.place("furniture/book_stack_0", "book_stack", room.on_wall("east", 4.1, 0.42, 1.6))
    scene.place("furniture/rug_0", "rug_red", room.on_wall("east", 4.3, 0, 1.8))
    scene.place("furniture/armchair_0", "armchair", Pose(1.45, -2.25, 0, 60), {"fabric": "sand"})
    scene.place("furniture/floor_lamp_0", "floor_lamp", Pose(3.6, -2.62), {"metal": "black"})
    scene.place("furniture/sideboard_0", "sideboard", room.on_wall("west", 1.2, 0, 0.24), {"finish": "walnut"})
    scene.place("furniture/television_0", "television", room.on_wall("west", 1.2, 0.58, 0.22))
    scene.place("furniture/shelf_0", "bookshelf", room.on_wall("south", 1.35, 0, 0.16), {"finish": "oak"})
    for level, height in enumerate(SHELF_HEIGHTS_M):
        row = room.on_wall("south", 1.35, height + 0.022, 0.19)
        scene.place(f"furniture/books_0_{level}", f"book_row_{(level + 1) % 4}", row, payload=True)
    scene.place("furniture/plant_0", "plant_tall", Pose(-1.5, -2.55), {"pot": "white"}, payload=True)
    scene.place("furniture/picture_0", "picture_dusk", room.on_wall("east", 4.3, 1.25), {"frame": "black"})
    scene.place("furniture/picture_1", "picture_branch", room.on_wall("east", 5.3, 1.4), {"frame": "oak"})


def _sleeping(scene: Scene, room: Room) -> None:
    scene.place("furniture/bed_0", "bed", room.on_wall("east", 0.95, 0, 1.09), {"blanket": "navy"})
    scene.place("furniture/rug_1", "rug_grey", Pose(1.3, 1.2, 0, 90))
    scene.place("furniture/wardrobe_0", "wardrobe", room.on_wall("north", 5.05, 0, 0.31))
    scene.place("furniture/side_table_0", "side_table", room.on_wall("east", 2.05, 0, 0.32))
    scene.place("furniture/desk_lamp_0", "desk_lamp", room.on_wall("east", 2.05, 0.525, 0.32))
    scene.place("furniture/picture_2", "picture_hills", room.on_wall("north", 2.6, 1.4))
    scene.place("furniture/picture_3", "picture_shapes", room.on_wall("east", 0.95, 1.35), {"frame": "white"})
    scene.place("furniture/plant_1", "plant_low", room.on_wall("north", 4.1, 0, 0.4), {"pot": "dark"}, payload=True)


def _lights(scene: Scene) -> None:
    scene.sun(53.0, 104.0, 7.0)
    for index, (x, y) in enumerate(((-2.2, 0.0), (2.2, 0.0), (0.0, -1.6))):
        scene.ceiling_light(f"ceiling_{index}", "ceiling_panel", Pose(x, y, HEIGHT_M), (1.2, 0.6), 15.0)
    scene.bulb("pendant", Pose(-1.4, 1.75, HEIGHT_M - 0.95), 24.0)
    scene.bulb("floor_lamp", Pose(3.6, -2.62, 1.4), 20.0)


def _actors(scene: Scene) -> None:
    scene.robot(Pose(-2.3, -0.5, 0, 0))
    scene.actor("person_0", "person_mustard", Pose(0.8, 0.45, 0, 170), "moving", 82.0)
    scene.actor("person_1", "person_navy", Pose(0.45, -1.35, 0, 25), "moving", 64.0)
    scene.actor("box_0", "box_medium", Pose(1.4, -0.25, 0, 15), "static", 6.0)
    scene.actor("box_1", "box_small", Pose(-0.7, -1.75, 0, 40), "static", 3.0)
    scene.actor("cone_0", "cone", Pose(-0.2, -0.85), "static", 2.0)
    scene.actor("cone_1", "cone", Pose(1.7, 0.5), "static", 2.0)
    scene.actor("bin_0", "bin", Pose(-0.3, 0.4), "static", 2.0, {"paint": "blue"})
    scene.actor("chair_0", "dining_chair", Pose(0.4, 1.5, 0, 130), "static", 5.0, {"fabric": "navy"})
