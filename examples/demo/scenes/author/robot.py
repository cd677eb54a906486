"""A differential-drive robot, 0.45 m wide and 0.5 m tall, which drives along +X."""

from pathlib import Path

from pxr import Gf, Kind, Sdf, Usd, UsdGeom, UsdPhysics

from asset import bind, label, open_layer, texture_folder, write_collider, write_looks, write_mesh
from curved import cylinder, ellipsoid, lathe
from material import Material
from mesh import Mesh, merged
from palette import BLACK, DARK, GREY, RUBBER, SAFETY_YELLOW, WHITE
from solid import box

WHEEL_RADIUS_M = 0.08
TRACK_WIDTH_M = 0.36
CAMERA_FORWARD_M, CAMERA_HEIGHT_M, CAMERA_PITCH_DEG = 0.19, 0.45, 4.0
STATUS = Material("status", "35d0ff", gain=1.3)
SHELL = Material("shell", "eceae4", roughness=0.4)


def body() -> dict[str, tuple[Mesh, Material]]:
    """The visible parts fixed to the chassis, in the robot's frame."""
    shell = lathe(((0.0, 0.085), (0.175, 0.085), (0.225, 0.125), (0.225, 0.22), (0.20, 0.27), (0, 0.27)), segments=32)
    bumper = lathe(((0.225, 0.14), (0.230, 0.145), (0.230, 0.175), (0.225, 0.18)), segments=32)
    column = lathe(((0.075, 0.26), (0.06, 0.42)), segments=20)
    head = lathe(((0.0, 0.40), (0.10, 0.40), (0.115, 0.42), (0.115, 0.48), (0.10, 0.50), (0, 0.50)), segments=24)
    eye = cylinder(0.03, 0.05, (0, 0, -0.025), segments=16).turned("y", 90).moved(0.105, 0, CAMERA_HEIGHT_M)
    caster = ellipsoid((0.03, 0.03, 0.03), (-0.17, 0, 0.03), segments=10, rings=6)
    ring = lathe(((0.202, 0.268), (0.19, 0.276)), segments=32)
    flag = box((0.10, 0.03, 0.02), (-0.16, 0, 0.265))
    return {
        "shell": (shell, SHELL),
        "bumper": (bumper, SAFETY_YELLOW),
        "column": (merged(column, caster), DARK),
        "head": (head, WHITE),
        "eye": (merged(eye, flag), BLACK),
        "status": (ring, STATUS),
    }


def wheel() -> dict[str, tuple[Mesh, Material]]:
    """A wheel centred on its axle, which is along Y."""
    tyre = cylinder(WHEEL_RADIUS_M, 0.045, (0, 0, -0.0225), segments=24).turned("x", 90)
    hub = cylinder(0.045, 0.05, (0, 0, -0.025), segments=6).turned("x", 90)
    return {"tyre": (tyre, RUBBER), "hub": (hub, GREY)}


def save(scenes: Path) -> Path:
    """Write scenes/robot/robot.usda."""
    path = scenes / "robot" / "robot.usda"
    stage = open_layer(path, "robot")
    root = stage.GetDefaultPrim()
    Usd.ModelAPI(root).SetKind(Kind.Tokens.component)
    label(root, "robot")
    _physics(root)
    used = [material for _, material in (*body().values(), *wheel().values())]
    looks = write_looks(stage, root.GetPath(), list({m.name: m for m in used}.values()), texture_folder(scenes, path))
    groups = {"": body(), "wheel_left": wheel(), "wheel_right": wheel()}
    for group, parts in groups.items():
        parent = root.GetPath().AppendChild(group) if group else root.GetPath()
        for part, (mesh, material) in parts.items():
            bind(write_mesh(stage, parent.AppendChild(part), mesh, material), looks[material.name])
    for name, side in (("wheel_left", 1), ("wheel_right", -1)):
        hub = UsdGeom.Xform.Define(stage, root.GetPath().AppendChild(name))
        hub.AddTranslateOp().Set(Gf.Vec3d(0, side * TRACK_WIDTH_M / 2, WHEEL_RADIUS_M))
    write_collider(stage, root.GetPath().AppendChild("collider_0"), (-0.225, -0.225, 0.03), (0.225, 0.225, 0.50))
    _sensors(stage, root.GetPath())
    stage.GetRootLayer().Save()
    return path


def _physics(root: Usd.Prim) -> None:
    rigid = UsdPhysics.RigidBodyAPI.Apply(root)
    rigid.CreateKinematicEnabledAttr(True)
    UsdPhysics.MassAPI.Apply(root).CreateMassAttr(18.0)
    values = (("simgate:wheel_radius_m", WHEEL_RADIUS_M), ("simgate:track_width_m", TRACK_WIDTH_M))
    for name, value in values:
        root.CreateAttribute(name, Sdf.ValueTypeNames.Double, custom=True).Set(value)


def _sensors(stage: Usd.Stage, root: Sdf.Path) -> None:
    """A camera with a horizontal field of view of 80 degrees at 4:3, and an inertial measurement unit."""
    camera = UsdGeom.Camera.Define(stage, root.AppendChild("camera"))
    camera.CreateHorizontalApertureAttr(20.955)
    camera.CreateVerticalApertureAttr(15.716)
    camera.CreateFocalLengthAttr(12.487)  # 20.955 / 2 / tan(40 deg)
    camera.CreateClippingRangeAttr(Gf.Vec2f(0.05, 50.0))
    camera.AddTranslateOp().Set(Gf.Vec3d(CAMERA_FORWARD_M, 0, CAMERA_HEIGHT_M))
    # A USD camera looks along its -Z with +Y up: turned so that it looks along the robot's +X, a little down.
    camera.AddRotateXYZOp().Set(Gf.Vec3f(90 - CAMERA_PITCH_DEG, 0, -90))
    imu = UsdGeom.Xform.Define(stage, root.AppendChild("imu"))
    imu.AddTranslateOp().Set(Gf.Vec3d(0, 0, 0.20))
    imu.GetPrim().CreateAttribute("simgate:sensor", Sdf.ValueTypeNames.Token, custom=True).Set("imu")
