"""Baked: a foreign asset as one layer of plain prims, with its textures beside it, at one time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pxr import Ar, Gf, Sdf, Tf, Usd, UsdGeom, UsdLux, UsdShade, UsdSkel

from simgate.core.errors import InputError
from simgate.scene.location import PICTURES, UDIM

ASSET = Sdf.Path("/Asset")
MAX_TEXTURE_BYTES = 1_000_000_000


@dataclass
class Baked:
    """The layer, the pictures that it names, and what was left out of it."""

    stage: Usd.Stage
    pictures: dict[str, bytes] = field(default_factory=dict)
    """Content by path, relative to the layer."""
    left_out: list[str] = field(default_factory=list)
    """A line each, for people."""


def bake(path: Path) -> Baked:
    """Compose an asset and write it as plain prims below `/Asset`: no arcs, instances, variants, time samples, bones.

    What USD cannot compose here (a MaterialX file without its plug-in) is left out and told.
    """
    with Tf.DiagnosticTrap() as trap:
        stage = _opened(path)
        left_out = sorted({_composition(str(error), path) for error in stage.GetCompositionErrors()})
        time = Usd.TimeCode(stage.GetStartTimeCode()) if stage.HasAuthoredTimeCodeRange() else Usd.TimeCode(0.0)
        _bake_bones(stage, time)
        with Usd.EditContext(stage, stage.GetSessionLayer()):
            _open_instances(stage)
        baked = Baked(_gathered(stage.Flatten(addSourceFileComment=False), stage), left_out=left_out)
        for prim in _prims(baked.stage):
            _forget_origin(prim)
            _bake_time(prim, time)
            _bake_pictures(prim, baked)
        for prim in _prims(baked.stage):
            _mend(prim, baked)
        trap.Clear()
    return baked


def _opened(path: Path) -> Usd.Stage:
    try:
        return Usd.Stage.Open(str(path), Usd.Stage.LoadAll)
    except Tf.ErrorException as error:
        raise InputError(f"asset {path.name} cannot be opened", actual=str(error)[:200]) from None


def _composition(text: str, path: Path) -> str:
    found = re.search(r"[Cc]ould not open asset @([^@]*)@", text)
    folder = f"{path.parent.resolve()}/"
    said = f"file {found[1]}: USD cannot read it here" if found else " ".join(text.split())[:200]
    return said.replace(folder, "").replace(f"{path.parent}/", "")


def _prims(stage: Usd.Stage) -> Iterator[Usd.Prim]:
    return iter(list(stage.TraverseAll()))


def _bake_bones(stage: Usd.Stage, time: Usd.TimeCode) -> None:
    if any(prim.IsA(UsdSkel.Root) for prim in stage.Traverse()):
        at = time.GetValue()
        UsdSkel.BakeSkinning(stage.Traverse(), Gf.Interval(at, at))


def _open_instances(stage: Usd.Stage) -> None:
    """Turn instances into plain prims, nested ones too, so that each can have a label of its own."""
    while found := [prim for prim in stage.Traverse() if prim.IsInstance()]:
        for prim in found:
            prim.SetInstanceable(False)


def _gathered(flat: Sdf.Layer, source: Usd.Stage) -> Usd.Stage:
    """Put all root prims below `/Asset`, with every path inside mended."""
    layer = Sdf.Layer.CreateAnonymous(".usdc")
    Sdf.CreatePrimInLayer(layer, ASSET).specifier = Sdf.SpecifierDef
    layer.GetPrimAtPath(ASSET).typeName = "Xform"
    roots = [prim.path for prim in flat.rootPrims]
    for root in roots:
        Sdf.CopySpec(flat, root, layer, root.ReplacePrefix(Sdf.Path.absoluteRootPath, ASSET))
    layer.defaultPrim = ASSET.name
    layer.Traverse(ASSET, lambda path: _mend_targets(layer.GetObjectAtPath(path), roots))
    stage = Usd.Stage.Open(layer)
    UsdGeom.SetStageUpAxis(stage, UsdGeom.GetStageUpAxis(source))
    UsdGeom.SetStageMetersPerUnit(stage, UsdGeom.GetStageMetersPerUnit(source))
    return stage


def _mend_targets(spec: Sdf.Spec | None, roots: list[Sdf.Path]) -> None:
    if isinstance(spec, Sdf.RelationshipSpec):
        targets = spec.targetPathList
    elif isinstance(spec, Sdf.AttributeSpec):
        targets = spec.connectionPathList
    else:
        return
    found = targets.GetAddedOrExplicitItems()
    if any(path.HasPrefix(root) for path in found for root in roots):
        moved = [
            path.ReplacePrefix(Sdf.Path.absoluteRootPath, ASSET)
            if any(path.HasPrefix(root) for root in roots)
            else path
            for path in found
        ]
        targets.ClearEdits()
        targets.explicitItems = moved


def _forget_origin(prim: Usd.Prim) -> None:
    """Drop metadata that names files of the author's machine and draws nothing."""
    for key in ("assetInfo", "clips", "customData"):
        prim.ClearMetadata(key)
    for part in prim.GetAuthoredProperties():
        part.ClearMetadata("customData")


def _bake_time(prim: Usd.Prim, time: Usd.TimeCode) -> None:
    for attribute in prim.GetAuthoredAttributes():
        if attribute.GetNumTimeSamples():
            value = attribute.Get(time)
            attribute.Clear()
            if value is not None:
                attribute.Set(value)


def _bake_pictures(prim: Usd.Prim, baked: Baked) -> None:
    for attribute in prim.GetAuthoredAttributes():
        if attribute.GetTypeName() == Sdf.ValueTypeNames.Asset and attribute.Get() is not None:
            _bake_picture(attribute, baked)
        elif attribute.GetTypeName() == Sdf.ValueTypeNames.AssetArray:
            attribute.Clear()


def _bake_picture(attribute: Usd.Attribute, baked: Baked) -> None:
    asset = attribute.Get()
    written = asset.path or asset.resolvedPath
    suffix = Path(written.rstrip("]")).suffix.lower()
    sources = {tile: content for tile, place in _tiles(asset) if (content := _content(place)) is not None}
    if suffix not in PICTURES or not sources:
        what = "is no picture that can be read" if sources else "is not there"
        if written:
            baked.left_out.append(f"texture {Path(written).name} of {attribute.GetPrim().GetPath()} {what}")
        attribute.Clear()
        return
    stem = re.sub(r"[^A-Za-z0-9_<>.-]", "_", Path(written.rstrip("]")).stem)
    name, number = f"textures/{stem}{suffix}", 1
    while any(baked.pictures.get(name.replace(UDIM, tile), data) != data for tile, data in sources.items()):
        name, number = f"textures/{stem}_{number}{suffix}", number + 1
    baked.pictures |= {name.replace(UDIM, tile): content for tile, content in sources.items()}
    attribute.Set(Sdf.AssetPath(f"./{name}"))


def _tiles(asset: Sdf.AssetPath) -> list[tuple[str, str]]:
    """Return tile and place of each file of a texture."""
    if UDIM not in asset.path:
        return [("", asset.resolvedPath or asset.path)]
    place = Path(asset.path)
    before, _, after = place.name.partition(UDIM)
    pattern = re.compile(re.escape(before) + r"([1-9][0-9]{3})" + re.escape(after))
    there = sorted(place.parent.iterdir()) if place.parent.is_dir() else []
    return [(match[1], str(file)) for file in there if (match := pattern.fullmatch(file.name))]


def _content(place: str) -> bytes | None:
    """Read a file, from inside a package too."""
    found = Ar.GetResolver().OpenAsset(Ar.ResolvedPath(place)) if place else None
    if not found or found.GetSize() > MAX_TEXTURE_BYTES:
        return None
    return bytes(found.GetBuffer())


def _mend(prim: Usd.Prim, baked: Baked) -> None:
    """Take away what index would refuse and what draws nothing: bindings to nowhere, broken faces and normals."""
    for relationship in prim.GetAuthoredRelationships():
        if relationship.GetName().startswith("material:binding") and not _leads(relationship):
            baked.left_out.append(f"material of {prim.GetPath()}: it is not there")
            prim.RemoveProperty(relationship.GetName())
    if any(name.startswith("material:binding") for name in prim.GetAuthoredPropertyNames()):
        UsdShade.MaterialBindingAPI.Apply(prim)
    if prim.HasAPI(UsdLux.LightAPI):
        baked.left_out.append(f"light {prim.GetPath()}: the room has its own")
        prim.SetActive(False)
    if prim.IsA(UsdGeom.Mesh):
        _mend_mesh(UsdGeom.Mesh(prim), baked)


def _leads(relationship: Usd.Relationship) -> bool:
    targets = relationship.GetTargets()
    return bool(targets) and all(relationship.GetStage().GetPrimAtPath(path.GetPrimPath()) for path in targets)


def _mend_mesh(mesh: UsdGeom.Mesh, baked: Baked) -> None:
    counts, corners = mesh.GetFaceVertexCountsAttr().Get() or [], mesh.GetFaceVertexIndicesAttr().Get() or []
    points = mesh.GetPointsAttr().Get() or []
    sound, _ = UsdGeom.Mesh.ValidateTopology(corners, counts, len(points)) if points else (False, "")
    if not sound:
        baked.left_out.append(f"mesh {mesh.GetPath()}: its faces are broken or it has no points")
        mesh.GetPrim().SetActive(False)
    scheme = mesh.GetSubdivisionSchemeAttr().Get()
    if scheme != UsdGeom.Tokens.none and mesh.GetNormalsAttr().HasAuthoredValue():
        mesh.GetNormalsAttr().Clear()
