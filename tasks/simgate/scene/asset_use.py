"""AssetUse: one place in a layer that names a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pxr import Sdf, UsdUtils

Kind = Literal["sublayer", "reference", "payload", "asset"]

COMMENTARY = frozenset({"assetInfo"})
"""Metadata whose asset paths tell where a prim came from; USD itself does not follow them."""


@dataclass(frozen=True, slots=True)
class AssetUse:
    """One asset path as it was written."""

    layer: str
    """Layer it is written in, relative to the scene folder."""
    prim: str
    """Prim (or property) that it is written on; variants show as `{set=name}`; `/` is the layer itself."""
    path: str
    """The asset path as written."""
    kind: Kind
    target_prim: str = ""
    """Prim path that a reference or payload asks for; empty means the target's default prim."""

    @property
    def is_arc(self) -> bool:
        """Whether it brings in a prim of the file, and not only the file."""
        return self.kind in ("reference", "payload")

    def __str__(self) -> str:
        where = "" if self.prim == "/" else f"prim {self.prim} of "
        return f"{self.kind} @{self.path}@ of {where}layer {self.layer}"


def uses_of(layer: Sdf.Layer, name: str) -> list[AssetUse]:
    """Return every asset path of `layer` (called `name`), unselected variants included.

    What USD's own extractor finds beyond our walk (value clip templates) is added without its prim.
    """
    found = [AssetUse(name, "/", path, "sublayer") for path in layer.subLayerPaths]
    found += [AssetUse(name, "/", path, "asset") for path in _paths(layer.pseudoRoot.GetInfo("customLayerData"))]
    for prim in prims_of(layer):
        found += _arcs(prim, name)
        found += _assets(prim, name)
    known = {use.path for use in found} | set(_commentary(layer))
    extracted = {path for group in UsdUtils.ExtractExternalReferences(layer.identifier) for path in group}
    plain = [use for use in found if use.path or use.is_arc]
    if any(use.path.startswith("`") for use in plain):
        return plain  # Expressions come evaluated from the extractor; they are refused by their written form.
    return plain + [AssetUse(name, "/", path, "asset") for path in sorted(extracted - known) if path]


def prims_of(layer: Sdf.Layer) -> Iterator[Sdf.PrimSpec]:
    """Yield every prim spec of a layer, those inside variants too, parents before children."""
    waiting = list(reversed(list(layer.rootPrims)))
    while waiting:
        prim = waiting.pop()
        yield prim
        variants = [variant.primSpec for group in prim.variantSets.values() for variant in group.variants.values()]
        waiting += reversed([*prim.nameChildren, *variants])


def _arcs(prim: Sdf.PrimSpec, name: str) -> list[AssetUse]:
    here = str(prim.path)
    found: list[AssetUse] = []
    if prim.hasReferences:
        items = prim.referenceList.GetAddedOrExplicitItems()
        found += [AssetUse(name, here, item.assetPath, "reference", str(item.primPath)) for item in items]
    if prim.hasPayloads:
        items = prim.payloadList.GetAddedOrExplicitItems()
        found += [AssetUse(name, here, item.assetPath, "payload", str(item.primPath)) for item in items]
    return found


def _assets(prim: Sdf.PrimSpec, name: str) -> list[AssetUse]:
    found = [AssetUse(name, str(prim.path), path, "asset") for path in _metadata(prim)]
    for attribute in prim.attributes:
        where = str(attribute.path)
        paths = _metadata(attribute)
        if attribute.typeName in (Sdf.ValueTypeNames.Asset, Sdf.ValueTypeNames.AssetArray):
            paths += _paths(attribute.default)
            times = prim.layer.ListTimeSamplesForPath(attribute.path)
            paths += [path for time in times for path in _paths(prim.layer.QueryTimeSample(attribute.path, time))]
        found += [AssetUse(name, where, path, "asset") for path in paths]
    return found


def _metadata(spec: Sdf.PrimSpec | Sdf.AttributeSpec) -> list[str]:
    keys = [key for key in spec.ListInfoKeys() if key in ("customData", "clips", "sdrMetadata")]
    return [path for key in keys for path in _paths(spec.GetInfo(key))]


def _commentary(layer: Sdf.Layer) -> Iterator[str]:
    for prim in prims_of(layer):
        yield from (path for key in COMMENTARY if prim.HasInfo(key) for path in _paths(prim.GetInfo(key)))


def _paths(value: Any) -> list[str]:
    """Return the asset paths inside one USD value: an asset, an array of them, or dictionaries and lists of such."""
    if isinstance(value, Sdf.AssetPath):
        return [value.authoredPath or value.path]
    if isinstance(value, dict):
        return [path for key in sorted(value) for path in _paths(value[key])]
    if isinstance(value, list | tuple | Sdf.AssetPathArray):
        return [path for item in value for path in _paths(item)]
    return []
