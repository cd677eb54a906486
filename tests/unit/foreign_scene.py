"""A foreign scene: another author's habits — centimetres, primitives instead of meshes, other prim names."""

from __future__ import annotations

from pathlib import Path

HEAD = """#usda 1.0
(
    defaultPrim = "World"
    metersPerUnit = {unit}
    upAxis = "Z"
)
"""
SHED = """
def Xform "World"
{{
    def Xform "shed"
    {{
        def Cube "ground" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
        {{
            token[] semantics:labels:class = ["floor"]
            double size = 1
            double3 xformOp:translate = (0, 0, -{half_t})
            double3 xformOp:scale = ({w}, {l}, {t})
            uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]
        }}
        def Cylinder "pillar" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
        {{
            token[] semantics:labels:class = ["wall"]
            double radius = {r}
            double height = {h}
            double3 xformOp:translate = ({half}, 0, {half_h})
            uniform token[] xformOpOrder = ["xformOp:translate"]
        }}
        def Cube "crate" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
        {{
            token[] semantics:labels:class = ["box"]
            double size = {half}
            double3 xformOp:translate = (-{half}, {half}, {quarter})
            float xformOp:rotateZ = 30
            uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateZ"]
        }}
    }}
    def Xform "actors"
    {{
        def Xform "cart" (prepend apiSchemas = ["PhysicsRigidBodyAPI", "SemanticsLabelsAPI:class"])
        {{
            bool physics:kinematicEnabled = 1
            token[] semantics:labels:class = ["box"]
            custom token simgate:role = "static"
            double3 xformOp:translate = ({half}, {half}, 0)
            uniform token[] xformOpOrder = ["xformOp:translate"]
            def Sphere "load"
            {{
                double radius = {r}
                double3 xformOp:translate = (0, 0, {r})
                uniform token[] xformOpOrder = ["xformOp:translate"]
            }}
        }}
    }}
    def Xform "robot" (prepend apiSchemas = ["PhysicsRigidBodyAPI", "SemanticsLabelsAPI:class"])
    {{
        bool physics:kinematicEnabled = 1
        token[] semantics:labels:class = ["robot"]
        custom double simgate:wheel_radius_m = 0.08
        custom double simgate:track_width_m = 0.3
        double3 xformOp:translate = (-{half}, -{half}, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
        def Cylinder "trunk"
        {{
            double radius = {r}
            double height = {half}
            double3 xformOp:translate = (0, 0, {quarter})
            uniform token[] xformOpOrder = ["xformOp:translate"]
        }}
        def Camera "camera"
        {{
            float horizontalAperture = 20
            float focalLength = 12
            double3 xformOp:translate = ({r}, 0, {half_h})
            float3 xformOp:rotateXYZ = (90, 0, -90)
            uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:rotateXYZ"]
        }}
    }}
    def RectLight "lamp"
    {{
        float inputs:intensity = 20
        double3 xformOp:translate = (0, 0, {h})
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }}
{more}
}}
"""
LENGTHS_M = {
    "w": 6.0,
    "t": 0.1,
    "half_t": 0.05,
    "l": 5.0,
    "r": 0.2,
    "h": 2.4,
    "half_h": 1.2,
    "half": 0.8,
    "quarter": 0.4,
}


def write_foreign(folder: Path, *, metres_per_unit: float, more: str = "") -> Path:
    """Write a shed of 6 × 5 m in this unit and return its root layer; `more` is added below /World."""
    path = folder / "shed.usda"
    lengths = {name: f"{metres / metres_per_unit:.6g}" for name, metres in LENGTHS_M.items()}
    path.write_text(HEAD.format(unit=metres_per_unit) + SHED.format(more=more, **lengths))
    return path


def holonomic(folder: Path) -> Path:
    """Write the shed with walls, in centimetres, with a robot that also moves sideways."""
    sides = ((300, 0, 10, 500), (-300, 0, 10, 500), (0, 250, 600, 10), (0, -250, 600, 10))
    walls = "".join(_wall(f"wall_{number}", *side) for number, side in enumerate(sides))
    path = write_foreign(folder, metres_per_unit=0.01, more=walls)
    drive = 'custom token simgate:drive = "holonomic"'
    path.write_text(path.read_text().replace("custom double simgate:wheel_radius_m = 0.08", drive))
    return path


def _wall(name: str, x: float, y: float, width: float, length: float) -> str:
    return f"""
    def Cube "{name}" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])
    {{
        token[] semantics:labels:class = ["wall"]
        double size = 1
        double3 xformOp:translate = ({x}, {y}, 120)
        double3 xformOp:scale = ({width}, {length}, 240)
        uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]
    }}
"""
