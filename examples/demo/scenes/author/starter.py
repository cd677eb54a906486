"""The scenes that `simgate init` writes: two small rooms and the robot.

Run it as `python examples/demo/scenes/author/starter.py [FOLDER]`.
"""

import re
import shutil
import sys
from pathlib import Path

import robot
from material import Material
from palette import WHITE
from room import Room
from scene import Pose, Scene

SAMPLES = Path(__file__).resolve().parents[1]
STARTER = SAMPLES.parents[2] / "tasks" / "simgate" / "cli" / "starter" / "scenes"
SHARED = ("box_small", "bin", "cone", "person_navy")
ACTORS = (("box_0", "box_small", 4.0), ("bin_0", "bin", 3.0), ("cone_0", "cone", 1.0))


def build(scenes: Path) -> None:
    """Write the robot, what both rooms share, and the rooms."""
    robot.save(scenes)
    for asset in SHARED:
        _copy(SAMPLES / "assets" / f"{asset}.usda", scenes / "assets" / f"{asset}.usda", scenes)
    _room("studio", scenes, (6.0, 5.0), "b9a58c", "d7cdb8")
    _room("hall", scenes, (7.0, 5.5), "8f9aa3", "c3d0d4")


def _copy(source: Path, target: Path, scenes: Path) -> None:
    """Copy an asset, and the textures that it names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    for name in re.findall(r"@[^@]*textures/([^@/]+)@", source.read_text(encoding="utf-8")):
        (scenes / "textures").mkdir(exist_ok=True)
        shutil.copyfile(SAMPLES / "textures" / name, scenes / "textures" / name)


def _room(name: str, scenes: Path, size_m: tuple[float, float], floor: str, wall: str) -> None:
    scene = Scene(name, scenes)
    room = Room(scene, *size_m, 2.6)
    room.floor((Material(f"{name}_floor", floor, roughness=0.7),))
    room.ceiling(Material("lid", "f2f0ea"))
    for side in ("north", "south", "west", "east"):
        room.wall(side, (Material(f"{name}_wall", wall),), WHITE)
    for number, (actor, asset, mass_kg) in enumerate(ACTORS):
        scene.actor(actor, asset, Pose(-1.0 + number, 1.6), "static", mass_kg)
    scene.actor("person_0", "person_navy", Pose(1.5, -1.5), "moving", 75.0)
    scene.robot(Pose(-2.0, 0.0))
    scene.sun(50.0, 30.0, 1.5)
    for number, x_m in enumerate((-1.5, 1.5)):
        scene.bulb(f"lamp_{number}", Pose(x_m, 0.0, 2.4), 60.0)
    scene.save()


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else STARTER)
