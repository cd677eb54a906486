"""A tiny USD scene for tests: one room of boxes, a robot, three obstacles and a walker."""

from __future__ import annotations

from pathlib import Path

from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux, UsdPhysics, UsdSemantics

from simgate.specs.generate import CameraSpec, GenerateSpec, Range, TaskSpec
from simgate.specs.vocabulary import CLASSES

Vec = tuple[float, float, float]

ROOM_M = (6.0, 5.0)
WALL_M = 0.2


def write_scene(folder: Path, *, floor_label: str = "floor") -> Path:
    """Write the scene's root layer and return its path."""
    path = folder / "tiny.usda"
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, "/World").GetPrim())
    _room(stage, floor_label)
    _actors(stage)
    _robot(stage)
    _lights(stage)
    stage.GetRootLayer().Save()
    return path


def spec(**changes: object) -> GenerateSpec:
    """A spec for the tiny scene: small pictures, short drives."""
    fields: dict[str, object] = {
        "simulator": "newton",
        "simulator_version": "1.8.0",
        "device": "cpu",
        "scene": "tiny",
        "first_episode": 0,
        "episodes": 2,
        "dataset_seed": 11,
        "frames_per_episode": 4,
        "classes": CLASSES,
        "camera": CameraSpec(width_px=64, height_px=48),
        "task": TaskSpec(goal_distance_m=Range(low=1.5, high=2.5)),
    }
    return GenerateSpec.model_validate(fields | changes)


def _room(stage: Usd.Stage, floor_label: str) -> None:
    x, y = ROOM_M[0] / 2, ROOM_M[1] / 2
    _box(stage, "/World/floor", (-x, -y, -0.1), (x, y, 0.0), "8a8f99", floor_label)
    _box(stage, "/World/wall_e", (x, -y, 0.0), (x + WALL_M, y, 2.5), "d8c9a0", "wall")
    _box(stage, "/World/wall_w", (-x - WALL_M, -y, 0.0), (-x, y, 2.5), "d8c9a0", "wall")
    _box(stage, "/World/wall_n", (-x, y, 0.0), (x, y + WALL_M, 2.5), "70a0b0", "wall")
    _box(stage, "/World/wall_s", (-x, -y - WALL_M, 0.0), (x, -y, 2.5), "70a0b0", "wall")
    table = UsdGeom.Xform.Define(stage, "/World/table").GetPrim()
    _label(table, "table")
    _box(stage, "/World/table/top", (-0.6, 1.2, 0.65), (0.6, 2.0, 0.7), "804020")
    _box(stage, "/World/table/leg", (-0.05, 1.55, 0.0), (0.05, 1.65, 0.65), "402010")


def _actors(stage: Usd.Stage) -> None:
    UsdGeom.Xform.Define(stage, "/World/actors")
    for i in range(3):
        _actor(stage, f"box_{i}", "static", (0.15, 0.15, 0.3), "a06020", "box")
    _actor(stage, "person_0", "moving", (0.15, 0.2, 1.6), "c02020", "person")
    _actor(stage, "person_1", "moving", (0.15, 0.2, 1.6), "2020c0", "person")


def _actor(stage: Usd.Stage, name: str, role: str, half: Vec, color: str, label: str) -> None:
    prim = UsdGeom.Xform.Define(stage, f"/World/actors/{name}").GetPrim()
    UsdPhysics.RigidBodyAPI.Apply(prim).CreateKinematicEnabledAttr(True)
    prim.CreateAttribute("simgate:role", Sdf.ValueTypeNames.Token, custom=True).Set(role)
    _label(prim, label)
    _box(stage, f"/World/actors/{name}/body", (-half[0], -half[1], 0.0), half, color)


def _robot(stage: Usd.Stage) -> None:
    xform = UsdGeom.Xform.Define(stage, "/World/robot")
    xform.AddTranslateOp().Set(Gf.Vec3d(-2.0, 0.0, 0.0))
    prim = xform.GetPrim()
    UsdPhysics.RigidBodyAPI.Apply(prim).CreateKinematicEnabledAttr(True)
    for name, value in (("simgate:wheel_radius_m", 0.08), ("simgate:track_width_m", 0.3)):
        prim.CreateAttribute(name, Sdf.ValueTypeNames.Double, custom=True).Set(value)
    _label(prim, "robot")
    _box(stage, "/World/robot/body", (-0.15, -0.12, 0.02), (0.15, 0.12, 0.35), "e0e0e0")
    camera = UsdGeom.Camera.Define(stage, "/World/robot/camera")
    camera.CreateHorizontalApertureAttr(20.0)
    camera.CreateFocalLengthAttr(12.0)
    camera.AddTranslateOp().Set(Gf.Vec3d(0.16, 0.0, 0.4))
    camera.AddRotateXYZOp().Set(Gf.Vec3f(90.0, 0.0, -90.0))


def _lights(stage: Usd.Stage) -> None:
    sun = UsdLux.DistantLight.Define(stage, "/World/lights/sun")
    sun.CreateIntensityAttr(3.0)
    sun.AddRotateXYZOp().Set(Gf.Vec3f(40.0, 0.0, 30.0))
    for i, x in enumerate((-1.5, 1.5)):
        lamp = UsdLux.RectLight.Define(stage, f"/World/lights/lamp_{i}")
        lamp.CreateIntensityAttr(20.0)
        lamp.AddTranslateOp().Set(Gf.Vec3d(x, 0.0, 2.4))


def _box(stage: Usd.Stage, path: str, low: Vec, high: Vec, color: str, label: str = "") -> None:
    mesh = UsdGeom.Mesh.Define(stage, path)
    mesh.CreatePointsAttr(
        [Gf.Vec3f(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )
    mesh.CreateFaceVertexCountsAttr([4] * 6)
    mesh.CreateFaceVertexIndicesAttr([i for face in _outward() for i in face])
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateDisplayColorAttr([Gf.Vec3f(*(int(color[i : i + 2], 16) / 255 for i in (0, 2, 4)))])
    if label:
        _label(mesh.GetPrim(), label)


def _outward() -> tuple[tuple[int, ...], ...]:
    """Corner x, y, z of a vertex are bits 4, 2, 1 of its index; faces counter-clockwise from outside."""
    return (0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)


def _label(prim: Usd.Prim, name: str) -> None:
    UsdSemantics.LabelsAPI.Apply(prim, "class").CreateLabelsAttr().Set([name])
