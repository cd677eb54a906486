"""Split: the two sides of a dataset, and whether they are kept apart by content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.documents.names import Split
from simgate.documents.dataset import ShardEntry, ShardFile, SplitDocument
from simgate.documents.scene import SceneItem
from simgate.validate.finding import Findings
from simgate.validate.shard_truth import DataShard

OF_EACH_SHARD = ("scene", "first_episode", "episodes")
"""Fields of a generate spec that differ between the shards of one dataset."""


def split_document(split: Split, shards: Sequence[DataShard], frames: Mapping[str, int]) -> SplitDocument:
    """Write `splits/<split>.json`; `frames` by content digest of the shard."""
    chosen = [shard for shard in shards if shard.item.split == split]
    entries = tuple(_entry(shard, frames[shard.manifest.content_digest]) for shard in chosen)
    items = {shard.item.name: shard.item for shard in chosen}
    return SplitDocument(
        split=split,
        scenes=tuple(items[name] for name in sorted(items)),
        shards=entries,
        classes=shards[0].spec.classes,
        frames=sum(entry.frames for entry in entries),
    )


def check_apart(items: Sequence[SceneItem], findings: Findings) -> None:
    """Check that no content is on both sides: no closure, and no set of files under other names."""
    for train in (item for item in items if item.split == "train"):
        for held_out in (item for item in items if item.split == "eval"):
            if train.closure_sha256 == held_out.closure_sha256 or _content(train) == _content(held_out):
                names = f"train scene {train.name} and eval scene {held_out.name}"
                findings.add("splits apart", names, f"have one content, closure {train.closure_sha256[:12]}…")


def check_recipe(shards: Sequence[DataShard], findings: Findings) -> None:
    """Check that all shards have one recipe, and every episode of a scene is there once."""
    first = shards[0].spec.model_dump(mode="json", exclude=set(OF_EACH_SHARD))
    seen: dict[tuple[str, int], str] = {}
    for shard in shards:
        own = shard.spec.model_dump(mode="json", exclude=set(OF_EACH_SHARD))
        for name in (name for name in first if first[name] != own[name]):
            text = f"field {name} is {str(own[name])[:120]}, in {shards[0].name} {str(first[name])[:120]}"
            findings.add("recipe", shard.name, text)
        for episode in range(shard.spec.first_episode, shard.last_episode + 1):
            if (other := seen.get((shard.spec.scene, episode))) is not None:
                findings.add("complete", shard.name, f"episode {episode} is in {other} too")
            seen[shard.spec.scene, episode] = shard.name


def _content(item: SceneItem) -> str:
    """Return the digest of the files of a scene without their paths: a copy in another folder has the same."""
    return sha256_hex(canonical_json(sorted(file.sha256 for file in item.closure)))


def _entry(shard: DataShard, frames: int) -> ShardEntry:
    files = tuple(
        ShardFile(name=a.name, sha256=a.sha256, size_bytes=a.size_bytes, media_type=a.media_type)
        for a in shard.manifest.artifacts
    )
    return ShardEntry(
        content_digest=shard.manifest.content_digest,
        scene=shard.spec.scene,
        first_episode=shard.spec.first_episode,
        episodes=shard.spec.episodes,
        frames=frames,
        files=files,
    )
