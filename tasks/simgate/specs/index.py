"""IndexSpec: the scenes of a dataset, and how their episodes are cut into shards."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.names import Name, RelativePath, Split
from simgate.core.documents.stage_spec import Spec


class SceneChoice(Document):
    """One scene of a dataset."""

    name: Name
    """Readable name; also the name of its output `scenes/<name>.json`."""
    root: RelativePath
    """Root layer, relative to the snapshot, e.g. `office/office.usda`."""
    split: Split
    """Side of the dataset that its episodes are on."""
    episodes: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of episodes to make in it."""


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
