"""LabelMap: which class each thing of an asset has: guessed from kinds and names once, then a person's file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pxr import Kind, Usd, UsdGeom

from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.scene.labels import labels_of

HEAD = """\
# Which class each thing of the asset has. Edit the right side and run `simgate scenes wrap` again.
# A class that the recipe's `classes` lack is counted, and is background in the masks. "" is no label.
# Classes known by default: {classes}
"""
MAX_THINGS = 10_000


class LabelMap(Document):
    """`labels.yaml` beside a wrapped scene."""

    version: Literal[1] = 1
    labels: dict[str, Annotated[str, "class"]]
    """Class by path of the prim below the asset, e.g. `/Asset/ChessSet/Black/King: king`."""


def read_label_map(path: Path) -> LabelMap:
    """Read the file; one that is not there is an empty one."""
    if not path.is_file():
        return LabelMap(labels={})
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = " ".join(str(error).split())
        raise InputError(f"{path.name} cannot be read", actual=what, remedy="mend it, or remove it") from None
    return LabelMap.from_value(value, what=path.name)


def write_label_map(found: LabelMap, path: Path, classes: Sequence[str]) -> None:
    """Write the file for a person to edit."""
    text = yaml.safe_dump(found.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=1000)
    path.write_text(HEAD.format(classes=", ".join(classes)) + text, encoding="utf-8")


def complete(known: LabelMap, stage: Usd.Stage, classes: Sequence[str]) -> LabelMap:
    """Add a guess for each thing of the asset that the map lacks; a path that the asset lacks is refused."""
    for path in known.labels:
        if not stage.GetPrimAtPath(path):
            raise InputError(f"labels.yaml names {path}, which the asset has not", remedy="remove the line")
    guessed = {str(prim.GetPath()): guess(prim, classes) for prim in things(stage)}
    return LabelMap(labels=guessed | dict(known.labels))


def guess(prim: Usd.Prim, classes: Sequence[str]) -> str:
    """Return a class for a prim: its own label, else a class that its name holds, else its name without numbers."""
    if own := labels_of(prim):
        return own[0]
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", prim.GetName())]
    known = next((word for word in reversed(words) if word in classes), "")
    return known or "_".join(word for word in words if len(word) > 1) or "thing"


def things(stage: Usd.Stage) -> list[Usd.Prim]:
    """Return what is one object each: the components; in an asset without kinds, the first level with several parts."""
    found: list[Usd.Prim] = []
    waiting = list(stage.GetDefaultPrim().GetChildren())
    while waiting:
        prim = waiting.pop(0)
        if Kind.Registry.IsA(Usd.ModelAPI(prim).GetKind(), Kind.Tokens.component) and _draws(prim):
            found.append(prim)
        else:
            waiting = list(prim.GetChildren()) + waiting
    return (found or _first_parts(stage.GetDefaultPrim()))[:MAX_THINGS]


def _first_parts(prim: Usd.Prim) -> list[Usd.Prim]:
    parts = [child for child in prim.GetChildren() if _draws(child)]
    if len(parts) == 1 and not parts[0].IsA(UsdGeom.Gprim):
        return _first_parts(parts[0]) or parts
    return parts


def _draws(prim: Usd.Prim) -> bool:
    return any(part.IsA(UsdGeom.Gprim) or part.IsA(UsdGeom.PointInstancer) for part in Usd.PrimRange(prim))
