"""Shard plan: which episodes of which scene are made together."""

from __future__ import annotations

from collections.abc import Sequence

from simgate.documents.shard_plan import PlannedShard, ShardPlan
from simgate.specs.index import SceneChoice


def plan_shards(scenes: Sequence[SceneChoice], *, episodes_per_shard: int) -> ShardPlan:
    """Put every episode of every scene into exactly one shard, in runs of at most `episodes_per_shard`."""
    return ShardPlan(shards=tuple(shard for scene in scenes for shard in _shards(scene, episodes_per_shard)))


def _shards(scene: SceneChoice, episodes_per_shard: int) -> list[PlannedShard]:
    return [
        PlannedShard(
            scene=scene.name,
            split=scene.split,
            first_episode=first,
            episodes=min(episodes_per_shard, scene.episodes - first),
        )
        for first in range(0, scene.episodes, episodes_per_shard)
    ]
