"""A scene: a root layer over the layers room, furniture, lights and actors."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from pxr import Gf, Kind, Sdf, Usd, UsdGeom, UsdLux, UsdPhysics

from asset import open_layer

# Strongest first.
LAYERS = ("actors", "lights", "furniture", "room")
NO_VARIANTS: dict[str, str] = {}


@dataclass(frozen=True)
class Pose:
    """Where a prim stands: metres, and degrees about the vertical axis."""

    x_m: float
    y_m: float
    z_m: float = 0.0
    yaw_deg: float = 0.0

    def turned(self, yaw_deg: float) -> Pose:
        """The same place, turned further."""
        return replace(self, yaw_deg=self.yaw_deg + yaw_deg)

    def apply(self, prim: Usd.Prim) -> None:
        xform = UsdGeom.Xformable(prim)
        xform.AddTranslateOp().Set(Gf.Vec3d(round(self.x_m, 4), round(self.y_m, 4), round(self.z_m, 4)))
        xform.AddRotateZOp().Set(float(self.yaw_deg))


@dataclass
class Scene:
    """Author the layers of one scene below `scenes`; `save` writes them."""

    name: str
    scenes: Path
    stages: dict[str, Usd.Stage] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for layer in LAYERS:
            self.stages[layer] = open_layer(self.scenes / self.name / f"{layer}.usda", "World")

    def place(
        self,
        path: str,
        asset: str,
        pose: Pose,
        variants: dict[str, str] = NO_VARIANTS,
        *,
        layer: str = "furniture",
        payload: bool = False,
    ) -> Usd.Prim:
        """Put an asset at /World/<path>; groups above it are made."""
        stage = self.stages[layer]
        for parent in reversed(Sdf.Path(f"/World/{path}").GetParentPath().GetPrefixes()[1:]):
            Usd.ModelAPI(UsdGeom.Xform.Define(stage, parent).GetPrim()).SetKind(Kind.Tokens.group)
        prim = UsdGeom.Xform.Define(stage, f"/World/{path}").GetPrim()
        file = f"../{asset}.usda" if "/" in asset else f"../assets/{asset}.usda"
        if payload:
            prim.GetPayloads().AddPayload(file)
        else:
            prim.GetReferences().AddReference(file)
        for name, choice in variants.items():
            prim.GetVariantSets().SetSelection(name, choice)
        pose.apply(prim)
        return prim

    def actor(
        self, name: str, asset: str, pose: Pose, role: str, mass_kg: float, variants: dict[str, str] = NO_VARIANTS
    ) -> None:
        """Put a movable asset at /World/actors/<name> as one kinematic rigid body."""
        prim = self.place(f"actors/{name}", asset, pose, variants, layer="actors")
        UsdPhysics.RigidBodyAPI.Apply(prim).CreateKinematicEnabledAttr(True)
        UsdPhysics.MassAPI.Apply(prim).CreateMassAttr(mass_kg)
        prim.CreateAttribute("simgate:role", Sdf.ValueTypeNames.Token, custom=True).Set(role)

    def robot(self, pose: Pose) -> None:
        self.place("robot", "robot/robot", pose, layer="actors")

    def sun(self, elevation_deg: float, heading_deg: float, intensity: float, colour: str = "fff1dc") -> None:
        """A sun whose light travels towards `heading_deg`, counter-clockwise from +X, seen from above."""
        light = UsdLux.DistantLight.Define(self.stages["lights"], "/World/lights/sun")
        light.CreateAngleAttr(0.53)
        _shine(light, intensity, colour)
        light.AddRotateXYZOp().Set(Gf.Vec3f(90.0 - elevation_deg, 0.0, heading_deg - 90.0))

    def ceiling_light(self, name: str, asset: str, pose: Pose, size_m: tuple[float, float], intensity: float) -> None:
        """A lit panel below the ceiling: the fixture, and a RectLight that looks down."""
        self.place(f"fixtures/{name}", asset, pose)
        light = UsdLux.RectLight.Define(self.stages["lights"], f"/World/lights/{name}")
        light.CreateWidthAttr(size_m[0])
        light.CreateHeightAttr(size_m[1])
        _shine(light, intensity, "fff8ec")
        Pose(pose.x_m, pose.y_m, pose.z_m - 0.06, pose.yaw_deg).apply(light.GetPrim())

    def bulb(self, name: str, pose: Pose, intensity: float, colour: str = "ffd09a") -> None:
        """A SphereLight inside a lamp."""
        light = UsdLux.SphereLight.Define(self.stages["lights"], f"/World/lights/{name}")
        light.CreateRadiusAttr(0.06)
        _shine(light, intensity, colour)
        pose.apply(light.GetPrim())

    def save(self) -> None:
        """Write the layers and the root layer over them."""
        Usd.ModelAPI(UsdGeom.Xform.Define(self.stages["lights"], "/World/lights").GetPrim()).SetKind(Kind.Tokens.group)
        for stage in self.stages.values():
            stage.GetRootLayer().Save()
        root = open_layer(self.scenes / self.name / f"{self.name}.usda", "World")
        root.GetRootLayer().subLayerPaths = [f"./{layer}.usda" for layer in LAYERS]
        Usd.ModelAPI(root.GetDefaultPrim()).SetKind(Kind.Tokens.assembly)
        physics = UsdPhysics.Scene.Define(root, "/World/physics")
        physics.CreateGravityDirectionAttr(Gf.Vec3f(0, 0, -1))
        physics.CreateGravityMagnitudeAttr(9.81)
        root.GetRootLayer().Save()


def _shine(light: UsdLux.DistantLight | UsdLux.RectLight | UsdLux.SphereLight, intensity: float, colour: str) -> None:
    light.CreateIntensityAttr(intensity)
    light.CreateColorAttr(Gf.Vec3f(*(round(int(colour[i : i + 2], 16) / 255, 4) for i in (0, 2, 4))))
