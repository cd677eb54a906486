"""The warehouse: pallet racks, a forklift, a packing bench, lanes on the floor."""

from dataclasses import replace
from pathlib import Path

from logistics import RACK_BEAMS_M
from material import Material
from palette import CONCRETE, DARK
from room import Room
from scene import Pose, Scene
from storage import SHELF_HEIGHTS_M

LENGTH_M, WIDTH_M, HEIGHT_M = 12.0, 10.0, 4.6
SHEET = Material("metal_wall", texture="metal_wall", tile_m=2.0)
SHEET_BLUE = Material("metal_blue", texture="metal_blue", tile_m=2.0)
SHEET_CREAM = Material("metal_cream", texture="metal_cream", tile_m=2.0)
BRICK = Material("brick", texture="brick", tile_m=1.0, roughness=0.9)
DECK_M = 0.11
# (size of carton, shift along the rack) of the loads that a deck of a rack may carry.
LOADS = (
    (("box_large", -0.85), ("box_medium", 0.0), ("box_large", 0.80)),
    (("box_medium", -0.9), ("box_medium", -0.25), ("box_small", 0.30), ("box_large", 0.85)),
    (("box_large", -0.80), ("box_small", -0.15), ("box_medium", 0.55)),
)
BOX_HEIGHTS_M = {"box_small": 0.28, "box_medium": 0.42, "box_large": 0.60}


def build(scenes: Path) -> None:
    scene = Scene("warehouse", scenes)
    room = Room(scene, LENGTH_M, WIDTH_M, HEIGHT_M)
    _shell(scene, room)
    _racks(scene)
    _goods(scene, room)
    _packing(scene, room)
    _markings(scene, room)
    _lights(scene)
    _actors(scene)
    scene.save()


def _shell(scene: Scene, room: Room) -> None:
    holes = tuple((x - 0.7, x + 0.7, 3.4, 5.8) for x in (2.5, 6.0, 9.5))
    room.floor((CONCRETE,))
    room.ceiling(SHEET, holes)
    room.wall("north", (SHEET,), DARK)
    room.wall("south", (SHEET_BLUE, SHEET, SHEET_CREAM), DARK)
    room.wall("west", (BRICK, SHEET_CREAM), DARK)
    room.wall("east", (SHEET_CREAM, SHEET), DARK)
    for index, (x0, x1, y0, y1) in enumerate(holes):
        pose = Pose((x0 + x1) / 2 - LENGTH_M / 2, (y0 + y1) / 2 - WIDTH_M / 2, HEIGHT_M)
        scene.place(f"room/window_{index}", "skylight", pose, layer="room")
    scene.place("room/door_0", "rolling_door", room.on_wall("south", 4.0), layer="room")
    scene.place("room/door_1", "door_white", room.on_wall("east", 2.0), layer="room")


def _racks(scene: Scene) -> None:
    poses = [Pose(x, 4.42, 0, -90) for x in (-4.4, -1.7, 1.0)] + [Pose(x, 0.9, 0, -90) for x in (-3.2, -0.5)]
    for index, pose in enumerate(poses):
        paint = "orange" if index < 3 else "safety_yellow"
        scene.place(f"furniture/rack_{index}", "rack", pose, {"paint": paint}, payload=True)
        for level, beam in enumerate(RACK_BEAMS_M):
            _load(scene, f"{index}_{level}", pose, beam + DECK_M, LOADS[(index + level) % 3])


def _load(scene: Scene, name: str, rack: Pose, z_m: float, load: tuple[tuple[str, float], ...]) -> None:
    """Cartons side by side on one deck, a small one on top of each large one."""
    for slot, (size, shift) in enumerate(load):
        pose = Pose(rack.x_m + shift, rack.y_m - 0.08, z_m, rack.yaw_deg + 5.0 * ((slot * 7) % 3 - 1))
        scene.place(f"furniture/box_{name}_{slot}", size, pose)
        if size == "box_large" and z_m < 2.0:
            top = Pose(pose.x_m, pose.y_m, z_m + BOX_HEIGHTS_M[size], rack.yaw_deg - 8.0)
            scene.place(f"furniture/box_{name}_{slot}_top", "box_small", top)


def _goods(scene: Scene, room: Room) -> None:
    scene.place("furniture/forklift_0", "forklift", Pose(4.3, 2.6, 0, -115), payload=True)
    for stack, (along, count) in enumerate(((7.3, 5), (8.8, 1), (10.3, 1), (0.95, 1))):
        for index in range(count):
            pose = room.on_wall("south", along, 0.144 * index, 0.55)
            scene.place(f"furniture/pallet_{stack}_{index}", "pallet", replace(pose, yaw_deg=2.0 * index))
    for stack, x in ((1, -2.8), (2, -4.3), (3, 5.05)):
        for index, (dx, dy, z) in enumerate(((-0.3, 0, 0.144), (0.32, 0.02, 0.144), (0.0, 0, 0.744))):
            size = "box_medium" if index == 2 else "box_large"
            scene.place(f"furniture/box_p{stack}_{index}", size, Pose(x + dx, -4.45 + dy, z, 90 + 4 * index))
    colours = ("blue", "blue", "red", "safety_yellow", "green_paint")
    spots = ((5.55, -0.8), (5.55, -0.15), (5.5, 0.5), (4.92, -0.5), (4.9, 0.15))
    for index, (spot, paint) in enumerate(zip(spots, colours, strict=True)):
        scene.place(f"furniture/barrel_{index}", "barrel", Pose(*spot), {"paint": paint})


def _packing(scene: Scene, room: Room) -> None:
    scene.place("furniture/workbench_0", "workbench", room.on_wall("west", 2.0, 0, 0.45))
    scene.place("furniture/monitor_0", "monitor_chart", room.on_wall("west", 1.5, 0.88, 0.35))
    scene.place("furniture/desk_lamp_0", "desk_lamp", room.on_wall("west", 2.75, 0.88, 0.3))
    scene.place("furniture/box_bench_0", "box_small", room.on_wall("west", 2.2, 0.88, 0.45))
    scene.place("furniture/box_bench_1", "box_small", room.on_wall("west", 1.7, 0.245, 0.40))
    scene.place("furniture/stool_0", "stool", room.on_wall("west", 2.1, 0, 1.15))
    scene.place("furniture/cabinet_0", "cabinet", room.on_wall("west", 3.4, 0, 0.32), {"paint": "grey"})
    scene.place("furniture/shelf_0", "bookshelf", room.on_wall("west", 4.3, 0, 0.16), {"finish": "birch"})
    for index, height in enumerate(SHELF_HEIGHTS_M[:4]):
        for side in range(1 + index % 2):
            along = 4.1 + 0.42 * side + 0.1 * (index % 3)
            scene.place(
                f"furniture/box_shelf_{index}_{side}", "box_small", room.on_wall("west", along, height + 0.022, 0.19)
            )
    for index, along in enumerate((2.8, 3.5)):
        scene.place(
            f"furniture/wheelie_{index}",
            "wheelie_bin",
            room.on_wall("east", along + 0.1, 0, 0.4),
            {"paint": ("green_paint", "blue")[index]},
        )
    scene.place("furniture/picture_0", "sign_forklift", room.on_wall("east", 4.6, 1.5), {"frame": "black"})
    scene.place("furniture/picture_1", "sign_vest", room.on_wall("west", 3.4, 1.6), {"frame": "white"})
    scene.place("furniture/picture_2", "clock", room.on_wall("west", 5.4, 2.6))


def _markings(scene: Scene, room: Room) -> None:
    for index, (x, y, yaw) in enumerate(
        ((-3.6, -0.6, 0), (0.4, -0.6, 0), (-3.6, 2.6, 0), (0.4, 2.6, 0), (3.0, -2.6, 90))
    ):
        scene.place(f"furniture/lane_{index}", "lane", Pose(x, y, 0, yaw))
    scene.place("furniture/hazard_0", "hazard", room.on_wall("south", 4.0, 0, 0.7).turned(-90))
    scene.place("furniture/hazard_1", "hazard", Pose(4.2, 4.4))


def _lights(scene: Scene) -> None:
    scene.sun(60.0, 75.0, 7.5)
    for index, (x, y) in enumerate(((-3.4, 2.6), (2.4, 2.6), (-3.4, -2.2), (2.4, -2.2))):
        scene.ceiling_light(f"ceiling_{index}", "ceiling_strip", Pose(x, y, HEIGHT_M), (2.4, 0.3), 17.0)
    scene.bulb("desk_lamp", Pose(-5.5, -2.25, 1.25), 17.0)


def _actors(scene: Scene) -> None:
    scene.robot(Pose(-2.0, -2.2, 0, 0))
    scene.actor("person_0", "person_vest", Pose(1.2, -1.6, 0, 170), "moving", 80.0)
    scene.actor("person_1", "person_rust", Pose(2.9, 0.9, 0, -100), "moving", 76.0)
    scene.actor("box_0", "box_large", Pose(1.3, -3.3, 0, 25), "static", 12.0)
    scene.actor("box_1", "box_medium", Pose(3.8, -1.6, 0, -15), "static", 6.0)
    scene.actor("cone_0", "cone", Pose(1.9, -2.6), "static", 2.0)
    scene.actor("cone_1", "cone", Pose(2.7, -0.7), "static", 2.0)
    scene.actor("bin_0", "bin", Pose(-1.0, -1.2), "static", 2.0, {"paint": "blue"})
    scene.actor("chair_0", "stool", Pose(-3.6, -1.8), "static", 4.0)
