"""ShardPlan: which shards a dataset has, in order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.core.documents.names import Name, Split


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
