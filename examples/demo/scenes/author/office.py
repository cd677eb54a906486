"""The office: three desks, shelves, a sofa corner, a window to the town."""

from pathlib import Path

from material import Material
from palette import WHITE
from room import Room
from scene import Pose, Scene
from storage import SHELF_HEIGHTS_M

LENGTH_M, WIDTH_M, HEIGHT_M = 8.0, 6.0, 2.8
CARPET = Material("carpet", texture="carpet", tile_m=1.2, roughness=1.0)
BOARDS = Material("floor_chestnut", texture="floor_chestnut", tile_m=1.6, roughness=0.6)
TILES = Material("ceiling_tiles", texture="ceiling_tiles", tile_m=1.2)
PLASTER = Material("plaster_white", texture="plaster_white", tile_m=HEIGHT_M)
TEAL = Material("plaster_teal", texture="plaster_teal", tile_m=HEIGHT_M)
SAGE = Material("plaster_sage", texture="plaster_sage", tile_m=HEIGHT_M)
OCHRE = Material("plaster_ochre", texture="plaster_ochre", tile_m=HEIGHT_M)
DESK_M = 0.75


def build(scenes: Path) -> None:
    scene = Scene("office", scenes)
    room = Room(scene, LENGTH_M, WIDTH_M, HEIGHT_M)
    _shell(scene, room)
    _desks(scene, room)
    _storage(scene, room)
    _lounge(scene, room)
    _walls(scene, room)
    _lights(scene)
    _actors(scene)
    scene.save()


def _shell(scene: Scene, room: Room) -> None:
    room.floor((CARPET, BOARDS))
    room.ceiling(TILES)
    room.wall("north", (TEAL, SAGE, OCHRE, PLASTER), WHITE)
    room.wall("south", (PLASTER,), WHITE)
    room.wall("west", (PLASTER, SAGE), WHITE)
    room.wall("east", (PLASTER,), WHITE, ((1.4, 3.4, 0.9, 2.2),))
    scene.place("room/window_0", "window_town", room.on_wall("east", 2.4, 0.9), layer="room")
    scene.place("room/door_0", "door_oak", room.on_wall("south", 7.0), layer="room")


def _desks(scene: Scene, room: Room) -> None:
    places = (("north", 1.5, "oak"), ("north", 3.3, "oak"), ("east", 4.9, "walnut"))
    fabrics = ("navy", "rust", "navy")
    for index, (side, along, finish) in enumerate(places):
        scene.place(f"furniture/desk_{index}", "desk", room.on_wall(side, along, 0, 0.42), {"finish": finish})
        chair = room.on_wall(side, along + 0.05, 0, 1.18)
        turned = Pose(chair.x_m, chair.y_m, 0, chair.yaw_deg + 180 + (18, -14, 25)[index])
        scene.place(f"furniture/chair_{index}", "office_chair", turned, {"fabric": fabrics[index]})
        for side_index, shift in enumerate((-0.36, 0.32)):
            screen = ("monitor_code", "monitor_chart")[(index + side_index) % 2]
            pose = room.on_wall(side, along + shift, DESK_M, 0.27)
            tilted = Pose(pose.x_m, pose.y_m, pose.z_m, pose.yaw_deg + (12, -12)[side_index])
            scene.place(f"furniture/monitor_{2 * index + side_index}", screen, tilted)
    scene.place("furniture/desk_lamp_0", "desk_lamp", room.on_wall("north", 2.18, DESK_M, 0.3))
    scene.place("furniture/desk_plant_0", "desk_plant", room.on_wall("north", 2.62, DESK_M, 0.25), payload=True)
    scene.place("furniture/book_stack_0", "book_stack", room.on_wall("north", 3.95, DESK_M, 0.42))
    scene.place("furniture/book_stack_1", "book_stack", room.on_wall("east", 5.55, DESK_M, 0.4))
    scene.place("furniture/desk_lamp_1", "desk_lamp", room.on_wall("east", 4.25, DESK_M, 0.3))


def _storage(scene: Scene, room: Room) -> None:
    for index, along in enumerate((5.0, 5.95)):
        pose = room.on_wall("north", along, 0, 0.16)
        scene.place(f"furniture/shelf_{index}", "bookshelf", pose, {"finish": "walnut"})
        for level, height in enumerate(SHELF_HEIGHTS_M):
            row = room.on_wall("north", along, height + 0.022, 0.19)
            scene.place(f"furniture/books_{index}_{level}", f"book_row_{(index + level) % 4}", row, payload=True)
    for index, along in enumerate((4.1, 4.62)):
        scene.place(f"furniture/cabinet_{index}", "cabinet", room.on_wall("west", along, 0, 0.32), {"paint": "grey"})
    scene.place("furniture/printer_0", "printer", room.on_wall("west", 3.35, 0, 0.30))
    scene.place("furniture/sideboard_0", "sideboard", room.on_wall("west", 1.7, 0, 0.24), {"finish": "oak"})
    scene.place("furniture/coffee_machine_0", "coffee_machine", room.on_wall("west", 1.2, 0.58, 0.24))
    scene.place("furniture/desk_plant_1", "desk_plant", room.on_wall("west", 2.2, 0.58, 0.22), payload=True)
    scene.place("furniture/bin_0", "bin", room.on_wall("north", 0.35, 0, 0.35), {"paint": "dark"})


def _lounge(scene: Scene, room: Room) -> None:
    scene.place("furniture/sofa_0", "sofa", room.on_wall("south", 3.6, 0, 0.50), {"fabric": "slate"})
    scene.place("furniture/coffee_table_0", "coffee_table", room.on_wall("south", 3.6, 0, 1.55))
    scene.place("furniture/book_stack_2", "book_stack", room.on_wall("south", 3.75, 0.42, 1.55))
    scene.place("furniture/rug_0", "rug_blue", room.on_wall("south", 3.6, 0, 1.75))
    scene.place("furniture/floor_lamp_0", "floor_lamp", room.on_wall("south", 5.05, 0, 0.40), {"metal": "brass"})
    scene.place(
        "furniture/plant_0", "plant_tall", room.on_wall("south", 0.5, 0, 0.5), {"pot": "terracotta"}, payload=True
    )
    scene.place("furniture/plant_1", "plant_tall", room.on_wall("north", 7.45, 0, 0.55), {"pot": "white"}, payload=True)
    scene.place("furniture/plant_2", "plant_low", room.on_wall("south", 2.2, 0, 0.4), {"pot": "dark"}, payload=True)


def _walls(scene: Scene, room: Room) -> None:
    scene.place("furniture/picture_0", "picture_hills", room.on_wall("north", 2.4, 1.45))
    scene.place("furniture/picture_1", "picture_shapes", room.on_wall("south", 2.9, 1.25), {"frame": "black"})
    scene.place("furniture/picture_2", "picture_circles", room.on_wall("south", 4.2, 1.3), {"frame": "black"})
    scene.place("furniture/picture_3", "whiteboard", room.on_wall("west", 1.8, 1.0))
    scene.place("furniture/picture_4", "clock", room.on_wall("west", 4.4, 2.2))


def _lights(scene: Scene) -> None:
    scene.sun(53.0, 168.0, 7.0)
    for index, (x, y) in enumerate(((-2.0, 1.4), (2.0, 1.4), (-2.0, -1.4), (2.0, -1.4))):
        scene.ceiling_light(f"ceiling_{index}", "ceiling_panel", Pose(x, y, HEIGHT_M), (1.2, 0.6), 13.0)
    scene.bulb("floor_lamp", Pose(-1.05, -2.6, 1.4), 20.0)


def _actors(scene: Scene) -> None:
    scene.robot(Pose(-1.9, 0.1, 0, 0))
    scene.actor("person_0", "person_rust", Pose(1.4, 0.85, 0, 190), "moving", 76.0)
    scene.actor("person_1", "person_navy", Pose(2.3, -0.5, 0, 120), "moving", 64.0)
    scene.actor("box_0", "box_medium", Pose(1.6, -0.15, 0, 20), "static", 6.0)
    scene.actor("box_1", "box_small", Pose(-0.3, 1.0, 0, -30), "static", 3.0)
    scene.actor("cone_0", "cone", Pose(0.4, -0.25), "static", 2.0)
    scene.actor("cone_1", "cone", Pose(2.1, 1.6), "static", 2.0)
    scene.actor("bin_0", "bin", Pose(0.6, 1.3), "static", 2.0, {"paint": "blue"})
    scene.actor("chair_0", "office_chair", Pose(2.9, 0.5, 0, 200), "static", 11.0, {"fabric": "rust"})
