"""SceneItem: the result of index for one scene, which generate reads."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.names import Drive, Name, RelativePath, Sha256, Split


class ClosureFile(Document):
    """One file that a scene needs."""

    path: RelativePath
    """Relative to the snapshot."""
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0)]


class Labelled(Document):
    """The number of prims in a scene that carry a label."""

    label: str
    prims: Annotated[int, Field(ge=1)]


class Light(Document):
    """One UsdLux light."""

    prim: str
    kind: str
    """USD type, e.g. `RectLight`."""
    intensity: float


class SceneItem(Document):
    """The result of index for one scene: exactly the facts that generate needs."""

    version: Literal[1] = 1
    name: Name
    root: RelativePath
    split: Split
    closure: tuple[ClosureFile, ...]
    """Every layer and asset it depends on, sorted by path, the root layer included."""
    closure_sha256: Sha256
    """Digest of the closure: tells scenes apart by content, not by name."""
    labels: tuple[Labelled, ...]
    lights: tuple[Light, ...]
    meters_per_unit: float
    up_axis: Literal["Z"]
    drive: Drive
    """Motion of its robot's base."""
