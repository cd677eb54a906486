"""Plants a small healthy scene, so that each test can break one thing of it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

ROOT = "room/room.usda"

ROOM = """#usda 1.0
(
    defaultPrim = "World"
    metersPerUnit = 1
    upAxis = "Z"
    subLayers = [@./lights.usda@]
)

def Xform "World" (
    kind = "assembly"
    prepend variantSets = "season"
    variants = {
        string season = "summer"
    }
)
{
    def Xform "Furniture" (
        kind = "group"
    )
    {
        def Xform "ChairA" (
            prepend references = @../props/chair.usda@
        )
        {
            double3 xformOp:translate = (1, 0, 0)
            uniform token[] xformOpOrder = ["xformOp:translate"]
        }

        def Xform "ChairB" (
            instanceable = true
            prepend references = @../props/chair.usda@</Chair>
        )
        {
            double3 xformOp:translate = (2, 0, 0)
            uniform token[] xformOpOrder = ["xformOp:translate"]
        }

        def Xform "Table" (
            prepend payload = @../props/table.usda@
        )
        {
        }
    }

    def Mesh "Floor" (
        prepend apiSchemas = ["SemanticsLabelsAPI:class"]
    )
    {
        token[] semantics:labels:class = ["floor"]
        float3[] extent = [(-3, -3, 0), (3, 3, 0)]
        int[] faceVertexCounts = [4]
        int[] faceVertexIndices = [0, 1, 2, 3]
        normal3f[] normals = [(0, 0, 1), (0, 0, 1), (0, 0, 1), (0, 0, 1)] (
            interpolation = "vertex"
        )
        point3f[] points = [(-3, -3, 0), (3, -3, 0), (3, 3, 0), (-3, 3, 0)]
        uniform token subdivisionScheme = "none"
    }

    def Xform "robot" (
        kind = "component"
        prepend apiSchemas = ["PhysicsRigidBodyAPI"]
    )
    {
        bool physics:kinematicEnabled = 1
        custom double simgate:wheel_radius_m = 0.08
        custom double simgate:track_width_m = 0.3
        double3 xformOp:translate = (-2, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]

        def Cylinder "Body"
        {
            float3[] extent = [(-0.2, -0.2, -0.2), (0.2, 0.2, 0.2)]
            double radius = 0.2
            double height = 0.4
            double3 xformOp:translate = (0, 0, 0.2)
            uniform token[] xformOpOrder = ["xformOp:translate"]
        }
    }

    variantSet "season" = {
        "summer" {
        }
        "winter" {
            over "Furniture"
            {
                def Xform "Heater" (
                    prepend references = @../props/heater.usda@
                )
                {
                }
            }
        }
    }
}
"""

LIGHTS = """#usda 1.0
(
    defaultPrim = "World"
    metersPerUnit = 1
    upAxis = "Z"
)

over "World"
{
    def Scope "Lights"
    {
        def DistantLight "Sun"
        {
            float inputs:intensity = 1500
        }
    }
}
"""

PROP = """#usda 1.0
(
    defaultPrim = "{name}"
    metersPerUnit = 1
    upAxis = "Z"
)

def Xform "{name}" (
    kind = "component"
    prepend apiSchemas = ["SemanticsLabelsAPI:class"]
)
{{
    token[] semantics:labels:class = ["{label}"]

    def Mesh "Body" (
        prepend apiSchemas = ["MaterialBindingAPI"]
    )
    {{
        float3[] extent = [(0, 0, 0), (1, 1, 0)]
        int[] faceVertexCounts = [4]
        int[] faceVertexIndices = [0, 1, 2, 3]
        rel material:binding = </{name}/Looks/Paint>
        normal3f[] normals = [(0, 0, 1), (0, 0, 1), (0, 0, 1), (0, 0, 1)] (
            interpolation = "vertex"
        )
        point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
        texCoord2f[] primvars:st = [(0, 0), (1, 0), (1, 1), (0, 1)] (
            interpolation = "vertex"
        )
        uniform token subdivisionScheme = "none"
    }}

    def Scope "Looks"
    {{
        def Material "Paint"
        {{
            token outputs:surface.connect = </{name}/Looks/Paint/Surface.outputs:surface>

            def Shader "Surface"
            {{
                uniform token info:id = "UsdPreviewSurface"
                color3f inputs:diffuseColor.connect = </{name}/Looks/Paint/Picture.outputs:rgb>
                token outputs:surface
            }}

            def Shader "Picture"
            {{
                uniform token info:id = "UsdUVTexture"
                asset inputs:file = @{texture}@
                token inputs:sourceColorSpace = "sRGB"
                float2 inputs:st.connect = </{name}/Looks/Paint/Uv.outputs:result>
                float3 outputs:rgb
            }}

            def Shader "Uv"
            {{
                uniform token info:id = "UsdPrimvarReader_float2"
                string inputs:varname = "st"
                float2 outputs:result
            }}
        }}
    }}
}}
"""

FILES = (
    "props/chair.usda",
    "props/heater.usda",
    "props/table.usda",
    "room/lights.usda",
    "room/room.usda",
    "textures/tiles.1001.png",
    "textures/tiles.1002.png",
    "textures/wood.png",
)
"""The healthy scene's closure."""


def plant(folder: Path) -> Path:
    """Write the healthy scene below `folder`, and one file that it does not need."""
    write(folder, ROOT, ROOM)
    write(folder, "room/lights.usda", LIGHTS)
    write(folder, "props/chair.usda", PROP.format(name="Chair", label="chair", texture="../textures/wood.png"))
    write(folder, "props/table.usda", PROP.format(name="Table", label="table", texture="../textures/tiles.<UDIM>.png"))
    write(folder, "props/heater.usda", PROP.format(name="Heater", label="box", texture="../textures/wood.png"))
    for name in ("wood", "tiles.1001", "tiles.1002", "unused"):
        (folder / "textures").mkdir(exist_ok=True)
        (folder / f"textures/{name}.png").write_bytes(png())
    return folder


def write(folder: Path, path: str, text: str) -> None:
    """Write one layer."""
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text, encoding="utf-8")


def edit(folder: Path, path: str, old: str, new: str) -> None:
    """Replace one text of one layer; it must be there."""
    text = (folder / path).read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path} has no {old!r}")
    (folder / path).write_text(text.replace(old, new), encoding="utf-8")


def png(grey: int = 128) -> bytes:
    """A grey picture of 2 × 2 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes([grey]) * 6) * 2
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
