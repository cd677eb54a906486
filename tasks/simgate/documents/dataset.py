"""DatasetDocument and its splits: the result of validate, which train and evaluate read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.names import Name, Sha256, Split
from simgate.core.errors import InputError
from simgate.documents.scene import SceneItem
from simgate.rows.families import FAMILIES


class ShardFile(Document):
    """One data output of a generate run."""

    name: str
    """Output name, e.g. `shard.tar`."""
    sha256: Sha256
    size_bytes: Annotated[int, Field(ge=0)]
    media_type: str


class ShardEntry(Document):
    """One shard of a split, by content: where its bytes lie is in validate's resolvedDependencies."""

    content_digest: Sha256
    """Content digest of the generate manifest."""
    scene: Name
    first_episode: int
    episodes: int
    frames: int
    files: tuple[ShardFile, ...]


class SplitDocument(Document):
    """`splits/<split>.json`: the shards of one side, in order, and the scenes they were made in."""

    version: Literal[1] = 1
    split: Split
    scenes: tuple[SceneItem, ...]
    shards: tuple[ShardEntry, ...]
    classes: tuple[str, ...]
    frames: int

    def check_bases(self, family: str) -> None:
        """Refuse scenes in which a family's models could not command the robot, by the first one's name."""
        row = FAMILIES.find(family)
        wrong = [scene for scene in self.scenes if row.commands and scene.drive not in row.bases]
        if wrong:
            raise InputError(
                f"scene {wrong[0].name}: a {family} cannot command its robot", actual=f"a {wrong[0].drive} base",
                expected=f"a {' or '.join(row.bases)} base",
                remedy="leave the scene out of the dataset, or release a family that commands such a base, or none",
            )  # fmt: skip


class DatasetDocument(Document):
    """`dataset.json`: the whole, PASS or quarantined."""

    version: Literal[1] = 1
    status: Literal["PASS", "quarantined"]
    train_sha256: Sha256
    """Digest of splits/train.json."""
    eval_sha256: Sha256
    frames: int
    episodes: int
