"""Labels: which classes a scene shows, and how often."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from pxr import Usd, UsdGeom, UsdSemantics

from simgate.core.errors import InputError
from simgate.documents.scene import Labelled

TAXONOMY = "class"
_LEGACY_TYPE = re.compile(r"(semantic:.+:params):semanticType")


def read_labels(stage: Usd.Stage, scene: str, *, classes: Sequence[str]) -> tuple[Labelled, ...]:
    """Count the visible prims of each label of the taxonomy `class`, sorted by label; instances count one by one.

    A scene that shows none of `classes` is refused: nothing could be learned from it.
    """
    counts: Counter[str] = Counter()
    for prim in stage.Traverse(Usd.TraverseInstanceProxies()):
        if (found := labels_of(prim)) and _visible(prim):
            counts.update(found)
    if not counts:
        raise InputError(
            f"scene {scene} has no labels", expected="UsdSemantics labels `class` on its objects", remedy="label them"
        )
    if not counts.keys() & set(classes):
        shown = ", ".join(sorted(counts)[:20])
        raise InputError(
            f"scene {scene} has no label of the vocabulary", actual=shown, expected="one of " + ", ".join(classes)
        )
    return tuple(Labelled(label=label, prims=count) for label, count in sorted(counts.items()))


def labels_of(prim: Usd.Prim) -> tuple[str, ...]:
    """Read the labels on the prim itself, each once: UsdSemantics, or older Isaac scenes' `semantic:*` properties."""
    attribute = prim.GetAttribute(f"semantics:labels:{TAXONOMY}")
    if attribute and prim.HasAPI(UsdSemantics.LabelsAPI, TAXONOMY):
        return tuple(dict.fromkeys(str(label) for label in attribute.Get() or ()))
    return _legacy(prim)


def _legacy(prim: Usd.Prim) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in prim.GetAuthoredPropertyNames() if _has_legacy(prim) else ():
        if (match := _LEGACY_TYPE.fullmatch(name)) and prim.GetAttribute(name).Get() == TAXONOMY:
            data = (
                prim.GetAttribute(f"{match[1]}:semanticData").Get()
                if prim.HasAttribute(f"{match[1]}:semanticData")
                else None
            )
            found |= dict.fromkeys(label.strip() for label in str(data or "").split(",") if label.strip())
    return tuple(found)


def _has_legacy(prim: Usd.Prim) -> bool:
    return bool(prim.GetAuthoredPropertiesInNamespace("semantic"))


def _visible(prim: Usd.Prim) -> bool:
    imageable = UsdGeom.Imageable(prim)
    return not imageable or imageable.ComputeVisibility() != UsdGeom.Tokens.invisible
