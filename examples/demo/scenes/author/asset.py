"""A component: labelled meshes with materials, simple colliders and variants, in a layer of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pxr import Gf, Kind, Sdf, Usd, UsdGeom, UsdPhysics, UsdSemantics, UsdShade, Vt

import material as materials
from material import Material
from mesh import Array, Mesh, Vec3


@dataclass
class Asset:
    """One file, whose default prim is a component with one semantic label. Its front looks along +X."""

    name: str
    label: str
    parts: dict[str, tuple[Mesh, Material]] = field(default_factory=dict)
    colliders: list[tuple[Vec3, Vec3]] = field(default_factory=list)
    variants: dict[str, dict[str, dict[str, Material]]] = field(default_factory=dict)

    def add(self, part: str, mesh: Mesh, material: Material) -> None:
        self.parts[part] = (mesh, material)

    def offer(self, variant_set: str, part: str, choices: tuple[Material, ...]) -> None:
        """Let a variant set choose the material of a part; the first choice is the default."""
        chosen = self.variants.setdefault(variant_set, {})
        for choice in choices:
            chosen.setdefault(choice.name, {})[part] = choice

    def collide(self, low: Vec3, high: Vec3) -> None:
        """Add a collision box between two opposite corners."""
        self.colliders.append((low, high))

    def collide_all(self) -> None:
        """Collide as the box around all parts."""
        corners = [mesh.bounds() for mesh, _ in self.parts.values()]
        low, high = np.min([c[0] for c in corners], axis=0), np.max([c[1] for c in corners], axis=0)
        self.collide((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def bound_materials(self) -> list[Material]:
        """Every material that a part or a variant uses, once."""
        own = [material for _, material in self.parts.values()]
        offered = [m for choices in self.variants.values() for parts in choices.values() for m in parts.values()]
        return list({material.name: material for material in own + offered}.values())

    def varied(self) -> set[str]:
        """The parts whose material a variant set chooses."""
        return {part for choices in self.variants.values() for parts in choices.values() for part in parts}

    def save(self, scenes: Path, folder: str) -> Path:
        """Write the asset's layer below `scenes`; the same asset gives the same bytes."""
        path = scenes / folder / f"{self.name}.usda"
        stage = open_layer(path, self.name)
        root = UsdGeom.Xform.Define(stage, f"/{self.name}").GetPrim()
        Usd.ModelAPI(root).SetKind(Kind.Tokens.component)
        label(root, self.label)
        looks = write_looks(stage, root.GetPath(), self.bound_materials(), texture_folder(scenes, path))
        for part, (mesh, material) in self.parts.items():
            prim = write_mesh(stage, root.GetPath().AppendChild(part), mesh, material)
            if part not in self.varied():
                bind(prim, looks[material.name])  # A binding here would be stronger than the variant's.
        for index, (low, high) in enumerate(self.colliders):
            write_collider(stage, root.GetPath().AppendChild(f"collider_{index}"), low, high)
        for name, choices in self.variants.items():
            write_variants(root, name, choices, looks)
        stage.GetRootLayer().Save()
        return path


def open_layer(path: Path, default_prim: str) -> Usd.Stage:
    """A new, empty stage in metres with Z up, whose default prim will be `default_prim`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    UsdPhysics.SetStageKilogramsPerUnit(stage, 1.0)
    stage.SetDefaultPrim(UsdGeom.Xform.Define(stage, f"/{default_prim}").GetPrim())
    return stage


def texture_folder(scenes: Path, layer: Path) -> str:
    return os.path.relpath(scenes / "textures", layer.parent)


def label(prim: Usd.Prim, name: str) -> None:
    """Give a prim its semantic class; its gprims inherit it."""
    UsdSemantics.LabelsAPI.Apply(prim, "class").CreateLabelsAttr().Set([name])


def write_looks(
    stage: Usd.Stage, parent: Sdf.Path, wanted: list[Material], textures: str
) -> dict[str, UsdShade.Material]:
    scope = UsdGeom.Scope.Define(stage, parent.AppendChild("looks")).GetPath()
    return {m.name: materials.write(stage, scope.AppendChild(m.name), m, textures) for m in wanted}


def bind(prim: Usd.Prim, material: UsdShade.Material) -> None:
    UsdShade.MaterialBindingAPI.Apply(prim).Bind(material)


def write_mesh(stage: Usd.Stage, path: Sdf.Path, mesh: Mesh, material: Material) -> Usd.Prim:
    """Weld the corners and define the mesh with face-varying normals and texture coordinates."""
    points, indices = np.unique(mesh.points.round(4) + 0.0, axis=0, return_inverse=True)
    geometry = UsdGeom.Mesh.Define(stage, path)
    geometry.CreatePointsAttr(_vectors(points))
    geometry.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(mesh.counts.astype(np.int32)))
    geometry.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(indices.reshape(-1).astype(np.int32)))
    geometry.CreateNormalsAttr(_vectors(mesh.normals.round(3) + 0.0))
    geometry.SetNormalsInterpolation(UsdGeom.Tokens.faceVarying)
    geometry.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    geometry.CreateExtentAttr(_vectors(np.stack([points.min(axis=0), points.max(axis=0)])))
    _write_st(geometry, mesh.st * material.st_scale())
    return geometry.GetPrim()


def _write_st(geometry: UsdGeom.Mesh, st: Array) -> None:
    """Indexed texture coordinates, one index a corner."""
    values, indices = np.unique(st.round(4) + 0.0, axis=0, return_inverse=True)
    kind = Sdf.ValueTypeNames.TexCoord2fArray
    primvar = UsdGeom.PrimvarsAPI(geometry).CreatePrimvar("st", kind, UsdGeom.Tokens.faceVarying)
    primvar.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(values, dtype=np.float32)))
    primvar.SetIndices(Vt.IntArray.FromNumpy(indices.reshape(-1).astype(np.int32)))


def write_collider(stage: Usd.Stage, path: Sdf.Path, low: Vec3, high: Vec3) -> None:
    """Define an unseen (purpose guide) collision box between two corners."""
    size = [max(round(b - a, 4), 0.002) for a, b in zip(low, high, strict=True)]
    centre = [round((a + b) / 2, 4) + 0.0 for a, b in zip(low, high, strict=True)]
    cube = UsdGeom.Cube.Define(stage, path)
    cube.CreateSizeAttr(1.0)
    cube.CreateExtentAttr([Gf.Vec3f(-0.5), Gf.Vec3f(0.5)])
    cube.CreatePurposeAttr(UsdGeom.Tokens.guide)
    cube.AddTranslateOp().Set(Gf.Vec3d(*centre))
    cube.AddScaleOp().Set(Gf.Vec3f(*size))
    UsdPhysics.CollisionAPI.Apply(cube.GetPrim())


def write_variants(
    root: Usd.Prim, name: str, choices: dict[str, dict[str, Material]], looks: dict[str, UsdShade.Material]
) -> None:
    """A variant set whose choices bind materials to parts below `root`; the first choice is selected."""
    variants = root.GetVariantSets().AddVariantSet(name)
    for choice, parts in choices.items():
        variants.AddVariant(choice)
        variants.SetVariantSelection(choice)
        with variants.GetVariantEditContext():
            for part, material in parts.items():
                target = root.GetStage().OverridePrim(root.GetPath().AppendPath(part))
                UsdShade.MaterialBindingAPI.Apply(target).Bind(looks[material.name])
    variants.SetVariantSelection(next(iter(choices)))


def _vectors(values: Array) -> Vt.Vec3fArray:
    return Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(values, dtype=np.float32))
