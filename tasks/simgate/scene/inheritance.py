"""Inheritance: USD composes a class once more for each prim that inherits or specializes it; classes may multiply."""

from __future__ import annotations

from pxr import Sdf

from simgate.core.errors import InputError
from simgate.scene.arc import MAX_COMPOSED_ARCS
from simgate.scene.asset_use import prims_of


def check_inheritance(layer: Sdf.Layer, name: str) -> None:
    """Refuse a layer whose classes multiply beyond `MAX_COMPOSED_ARCS` prims."""
    children: dict[Sdf.Path, list[Sdf.Path]] = {}
    classes: dict[Sdf.Path, list[Sdf.Path]] = {}
    for prim in prims_of(layer):
        children.setdefault(prim.path.GetParentPath(), []).append(prim.path)
        children.setdefault(prim.path, [])
        if found := _classes(prim):
            classes[prim.path] = found
    if classes and (total := _composed(children, classes)) > MAX_COMPOSED_ARCS:
        raise InputError(
            f"classes of layer {name} multiply",
            actual=f"{total} prims",
            expected=f"at most {MAX_COMPOSED_ARCS}",
            remedy="nest inherits and specializes less",
        )


def _classes(prim: Sdf.PrimSpec) -> list[Sdf.Path]:
    found: list[Sdf.Path] = []
    if prim.hasInheritPaths:
        found += prim.inheritPathList.GetAddedOrExplicitItems()
    if prim.hasSpecializes:
        found += prim.specializesList.GetAddedOrExplicitItems()
    return [prim.path.MakeAbsolutePath(path) if not path.IsAbsolutePath() else path for path in found]


def _composed(children: dict[Sdf.Path, list[Sdf.Path]], classes: dict[Sdf.Path, list[Sdf.Path]]) -> int:
    """Count the prims below the root with what their classes bring; a cycle, which USD refuses, counts once."""
    counts: dict[Sdf.Path, int] = {}
    waiting = [Sdf.Path.absoluteRootPath]
    open_paths: set[Sdf.Path] = set()
    while waiting:
        path = waiting[-1]
        parts = [part for part in (*children.get(path, ()), *classes.get(path, ())) if part in children]
        unknown = [part for part in parts if part not in counts and part not in open_paths]
        if unknown and path not in open_paths:
            open_paths.add(path)
            waiting += unknown
            continue
        counts[path] = 1 + sum(counts.get(part, 1) for part in parts)
        open_paths.discard(path)
        waiting.pop()
    return counts[Sdf.Path.absoluteRootPath]
