"""IndexSpec and what index writes: a SceneItem per scene and the ShardPlan."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.document import Document
from simgate.core.spec import Spec

Split = Literal["train", "eval"]
RelativePath = Annotated[str, Field(min_length=1, max_length=512)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class SceneChoice(Document):
    """One scene of a dataset."""

    name: Name
    """Readable name; also the name of its output `scenes/<name>.json`."""
    root: RelativePath
    """Root layer, relative to the snapshot, e.g. `office/office.usda`."""
    split: Split
    """Which side of the dataset its episodes are on."""
    episodes: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many episodes to make in it."""


class IndexSpec(Spec):
    """Open every scene of a snapshot, check it, and plan the shards."""

    scenes: Annotated[tuple[SceneChoice, ...], Field(min_length=1, max_length=10_000)]
    """The scenes to index."""
    episodes_per_shard: Annotated[int, Field(ge=1, le=100_000)] = 6
    """Upper bound of episodes in one shard."""
    classes: tuple[str, ...]
    """Label vocabulary; a scene that shows none of them is refused."""
    thumbnail_width_px: Annotated[int, Field(ge=64, le=1920)] = 480
    """Width of the report's pictures, 4:3."""
    max_closure_bytes: Annotated[int, Field(ge=1)] = 2_000_000_000
    """A scene whose dependency closure is larger is refused."""


class ClosureFile(Document):
    """One file that a scene needs."""

    path: RelativePath
    """Relative to the snapshot."""
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0)]


class Labelled(Document):
    """How many labelled prims a class has in a scene."""

    label: str
    prims: Annotated[int, Field(ge=1)]


class Light(Document):
    """One UsdLux light."""

    prim: str
    kind: str
    """USD type, e.g. `RectLight`."""
    intensity: float


class SceneItem(Document):
    """What index knows of one scene; everything that generate needs and nothing else."""

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


class PlannedShard(Document):
    """One shard to make: a run of episodes of one scene."""

    scene: Name
    split: Split
    first_episode: Annotated[int, Field(ge=0)]
    episodes: Annotated[int, Field(ge=1)]


class ShardPlan(Document):
    """`shards.json`: the shards of a dataset, in order."""

    version: Literal[1] = 1
    shards: tuple[PlannedShard, ...]
