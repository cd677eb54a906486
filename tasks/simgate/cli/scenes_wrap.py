"""simgate scenes wrap: a scene around an asset of somebody else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Annotated

import typer

from simgate.cli.console import console, plain
from simgate.cli.init import STARTER
from simgate.core.errors import InputError

MAX_TOLD = 20
NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def wrap(
    asset: Annotated[Path, typer.Argument(help="The asset's root layer: .usd, .usda, .usdc or .usdz.")],
    into: Annotated[Path, typer.Option("--into", help="Folder of scenes; the scene is a folder in it.")],
    name: Annotated[str, typer.Option("--name", help="Name of the scene; default: the file's.")] = "",
    scale: Annotated[
        float | None, typer.Option("--scale", min=1e-6, max=1e6, help="Factor of its size; default: 1, if it fits.")
    ] = None,
) -> None:
    """Write a scene around a foreign asset: floor, walls, light, robot, and labels that a file lets you edit.

    The asset is copied as plain prims at its start time, in metres and Z up, with its textures beside it.
    """
    from simgate.scene.wrapping.wrapped import LABELS, wrap
    from simgate.specs.vocabulary import CLASSES

    called = name or re.sub(r"[^a-z0-9_-]+", "_", asset.stem.lower()).lstrip("0123456789_-")
    if not NAME.fullmatch(called):
        raise InputError("name of a scene", actual=called, expected="a-z, 0-9, _ and -", remedy="give --name")
    folder = into / called
    found = wrap(asset, folder, classes=CLASSES, scale=scale)
    robot = into / "robot" / "robot.usda"
    if not robot.exists():
        robot.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(STARTER / "scenes" / "robot" / "robot.usda", robot)
    size = " × ".join(f"{side:.3g}" for side in found["size_m"])
    labels = {path: label for path, label in found["labels"].items() if label}
    console().print(f"{folder}/{called}.usda holds the asset: {size} m, {len(labels)} labelled things")
    if scale is None and found["scale"] != 1.0:
        said = f"its units cannot be meant, so it is scaled by {found['scale']:g}; give --scale to choose"
        console().print(f"[yellow]warning:[/] {said}")
    for line in found["left_out"][:MAX_TOLD]:
        console().print(f"[yellow]left out:[/] {plain(line)}")
    if (more := len(found["left_out"]) - MAX_TOLD) > 0:
        console().print(f"[yellow]left out:[/] {more} more of these")
    if unknown := sorted(set(labels.values()) - set(CLASSES)):
        said = plain(", ".join(unknown))
        console().print(f"These classes are background until a recipe's `classes` has them: {said}")
    console().print(f"Next: look at {folder}/{LABELS}, then `simgate scenes check {into}`")
