"""Layout: free floor, obstacles, actors and the robot of a scene, from USD alone: every simulator draws from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pxr import Usd, UsdGeom

from simgate.core.errors import InputError
from simgate.scene.components import ROBOT_PATH
from simgate.scene.grid import OccupancyGrid, build
from simgate.scene.raster import Triangles, rounded
from simgate.scene.robot import RobotModel, read_robot
from simgate.scene.surfaces import Surface, read_surfaces, surfaces_of
from simgate.scene.usd_scene import Role, UsdScene

AREA = "simgate:area"
SPAWN = "spawn"
FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class ActorModel:
    """One prim below /World/actors."""

    path: str
    """Of the prim."""
    role: Role
    label: str
    radius_m: float
    """Of the disc around its origin that holds it, seen from above."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Facts of a scene that do not change between episodes."""

    grid: OccupancyGrid
    """Occupancy of the bare scene, without its actors."""
    spawn: NDArray[np.bool_]
    """Cells of `grid` where an episode may begin: the spawn areas, or every cell of a scene that marks none."""
    actors: tuple[ActorModel, ...]
    """Sorted by path."""
    robot: RobotModel
    light_count: int
    component_count: int
    """Labelled components, the robot and the actors included."""


def read_layout(usd: UsdScene) -> Layout:
    """Read the layout of an opened scene; one without floor that its robot could stand on is refused, by prim."""
    bodies: dict[str, list[Triangles]] = {ROBOT_PATH: [], **{path: [] for path in usd.roles}}
    standing, floor = [np.zeros((0, 3, 3))], [np.zeros((0, 3, 3))]
    for surface in read_surfaces(usd.stage):
        body = next((path for path in bodies if _holds(path, surface)), None)
        if body is not None:
            bodies[body].append(surface.triangles)
            continue
        standing.append(surface.triangles)
        if usd.label_of(surface.path) == FLOOR:
            floor.append(surface.triangles)
    if len(floor) == 1:
        raise InputError(f"scene {usd.name} has no prim labelled floor", remedy="label the floor with class `floor`")
    own = {path: _in_its_frame(usd, path, found) for path, found in bodies.items()}
    robot = read_robot(usd, radius_m=_radius(own[ROBOT_PATH]), height_m=rounded(own[ROBOT_PATH][:, :, 2].max()))
    actors = tuple(
        ActorModel(path, role, usd.label_of(path), _radius(own[path])) for path, role in sorted(usd.roles.items())
    )
    grid = build(np.concatenate(standing), np.concatenate(floor), robot_height_m=robot.height_m, start_m=_start(usd))
    roomy = _roomy(usd, grid, robot.radius_m)
    return Layout(grid, _spawn(usd, grid, roomy), actors, robot, len(usd.lights), len(usd.components.rows))


def _holds(path: str, surface: Surface) -> bool:
    return surface.path == path or surface.path.startswith(f"{path}/")


def _in_its_frame(usd: UsdScene, path: str, found: list[Triangles]) -> Triangles:
    if not found:
        raise InputError(
            f"scene {usd.name}: {path} has nothing that can be seen",
            expected="a mesh or another surface below it",
            remedy="give it geometry of purpose default or render",
        )
    frame_from_world = np.linalg.inv(usd.world_from(path))
    return np.asarray(np.concatenate(found) @ frame_from_world[:3, :3].T + frame_from_world[:3, 3], dtype=np.float64)


def _radius(triangles: Triangles) -> float:
    return rounded(np.hypot(triangles[:, :, 0], triangles[:, :, 1]).max())


def _start(usd: UsdScene) -> tuple[float, float]:
    place = usd.world_from(ROBOT_PATH)
    return float(place[0, 3]), float(place[1, 3])


def _roomy(usd: UsdScene, grid: OccupancyGrid, radius_m: float) -> NDArray[np.bool_]:
    """Return the cells where the robot's centre may be."""
    roomy = grid.clearance_m >= radius_m
    if not roomy.any():
        raise InputError(
            f"scene {usd.name}: no free floor for the robot {ROBOT_PATH}",
            actual=f"a disc of {grid.clearance_m.max():.2f} m radius has room where it stands",
            expected=f"{radius_m:.2f} m, the robot's radius",
            remedy="move the robot to the floor where it is to drive, or clear that floor",
        )
    return np.asarray(roomy, dtype=np.bool_)


def _spawn(usd: UsdScene, grid: OccupancyGrid, roomy: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the cells below or above a marked area; its purpose may be `guide`, so that no camera sees it."""
    cache = UsdGeom.XformCache()
    marked = [prim for prim in usd.stage.Traverse(Usd.TraverseInstanceProxies()) if prim.HasAttribute(AREA)]
    if not marked:
        return np.ones(grid.blocked.shape, dtype=np.bool_)
    spawn = np.zeros(grid.blocked.shape, dtype=np.bool_)
    for prim in marked:
        if str(prim.GetAttribute(AREA).Get()) != SPAWN:
            what, actual = f"scene {usd.name}: attribute {AREA} of {prim.GetPath()}", prim.GetAttribute(AREA).Get()
            raise InputError(what, actual=actual, expected=SPAWN)
        for part in Usd.PrimRange(prim, Usd.TraverseInstanceProxies()):
            for surface in surfaces_of(part, cache):
                spawn |= grid.covered(surface.triangles)
    if not (spawn & roomy).any():
        raise InputError(
            f"scene {usd.name}: no spawn area lies on free floor with room for the robot",
            actual=", ".join(str(prim.GetPath()) for prim in marked),
            remedy="move it to floor that the robot can reach, or remove it",
        )
    return spawn
