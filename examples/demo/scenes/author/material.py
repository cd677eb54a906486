"""A surface: one colour or one repeating texture, written as a UsdPreviewSurface network."""

from __future__ import annotations

from dataclasses import dataclass

from pxr import Gf, Sdf, Usd, UsdShade


@dataclass(frozen=True)
class Material:
    """`colour` is sRGB hex; `gain` above 1 paints a panel brighter than white, as the renderer has no emission.

    `texture` is the stem of a PNG in scenes/textures, or empty; `tile_m` is metres per repeat, and 0 means a print
    whose mesh has `st` from 0 to 1.
    """

    name: str
    colour: str = "ffffff"
    texture: str = ""
    tile_m: float = 0.0
    roughness: float = 0.8
    metallic: float = 0.0
    gain: float = 1.0

    def st_scale(self) -> float:
        return 1.0 / self.tile_m if self.tile_m else 1.0

    def linear_colour(self) -> tuple[float, float, float]:
        """Linear Rec. 709 from sRGB (IEC 61966-2-1)."""
        red, green, blue = (round(self.gain * _linear(int(self.colour[i : i + 2], 16) / 255), 4) for i in (0, 2, 4))
        return red, green, blue


def write(stage: Usd.Stage, path: Sdf.Path, material: Material, texture_folder: str) -> UsdShade.Material:
    """Define the material's network at `path`."""
    prim = UsdShade.Material.Define(stage, path)
    surface = UsdShade.Shader.Define(stage, path.AppendChild("surface"))
    surface.CreateIdAttr("UsdPreviewSurface")
    surface.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(material.roughness)
    surface.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(material.metallic)
    colour = surface.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f)
    if material.texture:
        colour.ConnectToSource(_texture(stage, path, f"{texture_folder}/{material.texture}.png"))
    else:
        colour.Set(Gf.Vec3f(*material.linear_colour()))
    prim.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
    return prim


def _texture(stage: Usd.Stage, path: Sdf.Path, file: str) -> UsdShade.Output:
    reader = UsdShade.Shader.Define(stage, path.AppendChild("st"))
    reader.CreateIdAttr("UsdPrimvarReader_float2")
    reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set("st")
    sampler = UsdShade.Shader.Define(stage, path.AppendChild("texture"))
    sampler.CreateIdAttr("UsdUVTexture")
    sampler.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(file)
    sampler.CreateInput("sourceColorSpace", Sdf.ValueTypeNames.Token).Set("sRGB")
    for wrap in ("wrapS", "wrapT"):
        sampler.CreateInput(wrap, Sdf.ValueTypeNames.Token).Set("repeat")
    st = reader.CreateOutput("result", Sdf.ValueTypeNames.Float2)
    sampler.CreateInput("st", Sdf.ValueTypeNames.Float2).ConnectToSource(st)
    return sampler.CreateOutput("rgb", Sdf.ValueTypeNames.Float3)


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
