"""A foreign asset: Y up, in centimetres, with kinds, looks and a light of its own, without floor and robot."""

from __future__ import annotations

from pathlib import Path

from pxr import Sdf, Usd, UsdGeom, UsdLux, UsdShade

from tests.unit.scene_planting import png

Vec = tuple[float, float, float]


def foreign(folder: Path, *, unit: float = 0.01, up: str = "Y") -> Path:
    """Write an asset with foreign habits: Y up, centimetres, an instance, animation, a binding to nowhere."""
    folder.mkdir()
    stage = Usd.Stage.CreateNew(str(folder / "Kitchen_set.usda"))
    UsdGeom.SetStageUpAxis(stage, up)
    UsdGeom.SetStageMetersPerUnit(stage, unit)
    root = UsdGeom.Xform.Define(stage, "/Kitchen")
    stage.SetDefaultPrim(root.GetPrim())
    stage.SetStartTimeCode(1.0)
    stage.SetEndTimeCode(2.0)
    Usd.ModelAPI(root.GetPrim()).SetKind("assembly")
    _thing(stage, "OakTable01", (0.0, 0.0, 0.0), (120.0, 75.0, 80.0))
    _thing(stage, "TeaPot_L", (0.0, 75.0, 0.0), (20.0, 90.0, 20.0))
    cup = stage.DefinePrim("/Kitchen/Cup_A", "Xform")
    cup.GetReferences().AddInternalReference("/Kitchen/TeaPot_L")
    cup.SetInstanceable(True)
    UsdGeom.Xformable(cup).AddTranslateOp().Set((50.0, 0.0, 0.0))
    moved = UsdGeom.Xformable(stage.GetPrimAtPath("/Kitchen/OakTable01")).AddTranslateOp()
    moved.Set((10.0, 0.0, 0.0), 1.0)
    moved.Set((90.0, 0.0, 0.0), 2.0)
    UsdLux.SphereLight.Define(stage, "/Kitchen/Bulb").CreateIntensityAttr(30_000.0)
    _look(stage, folder)
    stage.GetRootLayer().Save()
    return folder / "Kitchen_set.usda"


def _thing(stage: Usd.Stage, name: str, low: Vec, high: Vec) -> None:
    prim = stage.DefinePrim(f"/Kitchen/{name}", "Xform")
    Usd.ModelAPI(prim).SetKind("component")
    prim.SetAssetInfoByKey("thumbnail", Sdf.AssetPath("./nowhere/thumbnail.png"))
    mesh = UsdGeom.Mesh.Define(stage, f"/Kitchen/{name}/Shape")
    mesh.CreatePointsAttr([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    faces = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    mesh.CreateFaceVertexCountsAttr([4] * 6)
    mesh.CreateFaceVertexIndicesAttr([corner for face in faces for corner in face])
    mesh.CreateExtentAttr([(0, 0, 0), (1, 1, 1)])


def _look(stage: Usd.Stage, folder: Path) -> None:
    """A texture beside the asset under a material outside of the default prim; and a binding to nowhere."""
    (folder / "wood.png").write_bytes(png())
    material = UsdShade.Material.Define(stage, "/Looks/Wood")
    shader = UsdShade.Shader.Define(stage, "/Looks/Wood/Surface")
    shader.CreateIdAttr("UsdPreviewSurface")
    picture = UsdShade.Shader.Define(stage, "/Looks/Wood/Picture")
    picture.CreateIdAttr("UsdUVTexture")
    picture.CreateInput("file", Sdf.ValueTypeNames.Asset).Set("./wood.png")
    picture.CreateOutput("rgb", Sdf.ValueTypeNames.Float3)
    diffuse = shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f)
    diffuse.ConnectToSource(picture.ConnectableAPI(), "rgb")
    material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    table = stage.GetPrimAtPath("/Kitchen/OakTable01/Shape")
    table.CreateRelationship("material:binding").SetTargets([Sdf.Path("/Looks/Wood")])
    pot = stage.GetPrimAtPath("/Kitchen/TeaPot_L/Shape")
    pot.CreateRelationship("material:binding").SetTargets([Sdf.Path("/Looks/China")])
