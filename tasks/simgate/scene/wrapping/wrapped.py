"""Wrapped: the scene folder that is written around an asset of somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simgate.core.errors import InputError
from simgate.scene.enclosure import Bounds, Tell, enclosed
from simgate.scene.wrapping.baked import bake
from simgate.scene.wrapping.label_map import complete, read_label_map, write_label_map
from simgate.scene.wrapping.room import fitting_scale, write_room

LABELS = "labels.yaml"


def wrap(asset: Path, folder: Path, *, classes: Sequence[str], scale: float | None) -> dict[str, Any]:
    """Write `folder` with the scene, the baked asset, its textures and `labels.yaml`; return what it holds.

    A child process of bounded memory and time opens the asset: nobody knows what is in it. A `labels.yaml` that is
    there already decides the labels; everything else is written anew. Without a scale the asset keeps its size, unless
    its units cannot be meant.
    """
    if not asset.is_file():
        raise InputError("no such asset", actual=asset, expected="a file .usd, .usda, .usdc or .usdz")
    size_bytes = sum(path.stat().st_size for path in asset.parent.rglob("*") if path.is_file())
    given = {"asset": str(asset.resolve()), "folder": str(folder), "classes": list(classes), "scale": scale}
    found: dict[str, Any] = enclosed(wrap_enclosed, given, Bounds.of(size_bytes))
    return found


def wrap_enclosed(given: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Wrap an asset within this process."""
    folder, classes = Path(given["folder"]), given["classes"]
    asset = Path(given["asset"])
    tell(f"asset {asset.name}")
    baked = bake(asset)
    labels = complete(read_label_map(folder / LABELS), baked.stage, classes)
    scale = given["scale"] or fitting_scale(baked.stage)
    folder.mkdir(parents=True, exist_ok=True)
    extent = write_room(folder / f"{folder.name}.usda", "./asset.usdc", baked.stage, labels.labels, scale)
    for name, content in baked.pictures.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    baked.stage.GetRootLayer().Export(str(folder / "asset.usdc"))
    write_label_map(labels, folder / LABELS, classes)
    return {
        "labels": labels.labels, "left_out": baked.left_out, "pictures": sorted(baked.pictures),
        "size_m": extent.size_m.tolist(), "scale": scale,
    }  # fmt: skip
