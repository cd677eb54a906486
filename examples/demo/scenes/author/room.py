"""A closed room: floor, ceiling and four walls with holes for windows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pxr import Kind, Usd, UsdGeom

from asset import bind, label, texture_folder, write_collider, write_looks, write_mesh, write_variants
from material import Material
from mesh import Mesh
from scene import Pose, Scene
from solid import box, slab

THICKNESS_M = 0.2
Hole = tuple[float, float, float, float]
NO_HOLES: tuple[Hole, ...] = ()


@dataclass
class Room:
    """A room around the origin, `length_m` along x and `width_m` along y, authored in a scene's room layer.

    A wall is named by the side of the room on which it stands (+Y is north). Along a wall, metres run from its left
    end to its right end as seen from inside.
    """

    scene: Scene
    length_m: float
    width_m: float
    height_m: float

    def on_wall(self, side: str, along_m: float, z_m: float = 0.0, off_m: float = 0.0) -> Pose:
        """The pose of something whose back touches a wall, `off_m` in front of it."""
        corner, yaw = self._corner(side)
        cosine, sine = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
        x = corner[0] + off_m * cosine - along_m * sine
        y = corner[1] + off_m * sine + along_m * cosine
        return Pose(x, y, z_m, yaw)

    def wall(
        self, side: str, choices: tuple[Material, ...], trim: Material, holes: tuple[Hole, ...] = NO_HOLES
    ) -> None:
        """A wall with a skirting; more than one material makes the variant set `paint` of the wall."""
        length = self.width_m if side in ("west", "east") else self.length_m
        pose = self.on_wall(side, 0.0)
        skirting = box((0.014, length, 0.09), (0.007, length / 2, 0))
        parts = {"surface": (slab(length, self.height_m, THICKNESS_M, holes), choices[0]), "skirting": (skirting, trim)}
        prim = self._part(f"wall_{side}", "wall", pose, parts, choices)
        write_collider(
            prim.GetStage(),
            prim.GetPath().AppendChild("collider_0"),
            (-THICKNESS_M, 0, 0),
            (0, length, self.height_m),
        )

    def floor(self, choices: tuple[Material, ...]) -> None:
        """A floor; more than one material makes its variant set `paint`."""
        low, high = self._outline(-0.10), self._outline(0.0)
        block = box((self.length_m + 0.4, self.width_m + 0.4, 0.10), (0, 0, -0.10))
        prim = self._part("floor", "floor", Pose(0, 0), {"surface": (block, choices[0])}, choices)
        write_collider(prim.GetStage(), prim.GetPath().AppendChild("collider_0"), low[0], high[1])

    def ceiling(self, material: Material, holes: tuple[Hole, ...] = NO_HOLES) -> None:
        """A flat ceiling; holes are (x0, x1, y0, y1) from the south-west corner."""
        turned = tuple((x0, x1, self.width_m - y1, self.width_m - y0) for x0, x1, y0, y1 in holes)
        sheet = slab(self.length_m, self.width_m, THICKNESS_M, turned).turned("z", -90).turned("x", 90)
        lid = sheet.moved(-self.length_m / 2, self.width_m / 2, self.height_m)
        self._part("ceiling", "ceiling", Pose(0, 0), {"surface": (lid, material)}, (material,))

    def _part(
        self,
        name: str,
        semantic: str,
        pose: Pose,
        parts: dict[str, tuple[Mesh, Material]],
        choices: tuple[Material, ...],
    ) -> Usd.Prim:
        stage = self.scene.stages["room"]
        Usd.ModelAPI(UsdGeom.Xform.Define(stage, "/World/room").GetPrim()).SetKind(Kind.Tokens.group)
        prim = UsdGeom.Xform.Define(stage, f"/World/room/{name}").GetPrim()
        Usd.ModelAPI(prim).SetKind(Kind.Tokens.component)
        label(prim, semantic)
        pose.apply(prim)
        used = {m.name: m for m in (*choices, *(material for _, material in parts.values()))}
        folder = texture_folder(self.scene.scenes, self.scene.scenes / self.scene.name / "room.usda")
        looks = write_looks(stage, prim.GetPath(), list(used.values()), folder)
        for part, (mesh, material) in parts.items():
            written = write_mesh(stage, prim.GetPath().AppendChild(part), mesh, material)
            if part != "surface" or len(choices) == 1:
                bind(written, looks[material.name])
        if len(choices) > 1:
            write_variants(prim, "paint", {m.name: {"surface": m} for m in choices}, looks)
        return prim

    def _corner(self, side: str) -> tuple[tuple[float, float], float]:
        x, y = self.length_m / 2, self.width_m / 2
        return {
            "west": ((-x, -y), 0.0),
            "south": ((x, -y), 90.0),
            "east": ((x, y), 180.0),
            "north": ((-x, y), -90.0),
        }[side]

    def _outline(self, z_m: float) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        x, y = self.length_m / 2 + THICKNESS_M, self.width_m / 2 + THICKNESS_M
        return (-x, -y, z_m), (x, y, z_m)
