"""Components: the labelled things of a scene, each one instance in the masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pxr import Sdf, Usd

from simgate.scene.labels import labels_of

STRUCTURE = frozenset({"floor", "wall", "ceiling"})
"""Labels that fill the masks but never get a box."""
ROBOT_PATH = "/World/robot"
ACTORS_PATH = "/World/actors"


@dataclass(frozen=True, slots=True)
class Component:
    """One labelled prim and everything below it that has no label of another class."""

    path: str
    label: str
    semantic: int
    """Position of the label in the vocabulary + 1; 0 if it is not listed."""

    @property
    def boxed(self) -> bool:
        """Whether it gets a 2D box when visible: every label but the building's and the looking robot's."""
        return self.label not in STRUCTURE and self.path != ROBOT_PATH


class ComponentTable:
    """Every labelled component of a stage, sorted by path: instance id = position + 1."""

    def __init__(self, stage: Usd.Stage, classes: Sequence[str]) -> None:
        labels = {str(prim.GetPath()): label for prim in _prims(stage) if (label := _own_label(prim, classes))}
        roots = sorted({_outermost(path, labels) for path in labels})
        ids = {label: position + 1 for position, label in enumerate(classes)}
        self.rows = tuple(Component(path, labels[path], ids.get(labels[path], 0)) for path in roots)
        self._labels = labels
        self._instances = {path: position + 1 for position, path in enumerate(roots)}

    def instance_of(self, path: str) -> int:
        """Return the instance id of the component that holds a prim path; 0 where nothing above it is labelled."""
        at = Sdf.Path(path)
        while at != Sdf.Path.absoluteRootPath and not at.isEmpty:
            if str(at) in self._labels:
                return self._instances[_outermost(str(at), self._labels)]
            at = at.GetParentPath()
        return 0


def _prims(stage: Usd.Stage) -> Usd.PrimRange:
    return stage.Traverse(Usd.TraverseInstanceProxies())


def _own_label(prim: Usd.Prim, classes: Sequence[str]) -> str:
    """Return the prim's own label, one of the vocabulary if it has several; empty if it has none."""
    labels = labels_of(prim)
    return next((label for label in labels if label in classes), labels[0] if labels else "")


def _outermost(path: str, labels: dict[str, str]) -> str:
    """Return the topmost of the unbroken line of ancestors with one label: parts that are labelled alike join it."""
    while (parent := str(Sdf.Path(path).GetParentPath())) in labels and labels[parent] == labels[path]:
        path = parent
    return path
