"""Frame: a stored sample as a network's input, with its expected answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from simgate.core.errors import InputError
from simgate.core.runtime.manifest import Manifest
from simgate.data.record import SampleRecord
from simgate.data.sample import Box, Command
from simgate.data.shard import read_members
from simgate.documents.dataset import ShardEntry, SplitDocument
from simgate.families.goal import RelativeGoal, relative_goal

SHARD_OUTPUT = "shard.tar"


@dataclass(frozen=True, slots=True)
class Frame:
    """One sample of a split."""

    scene: str
    episode: int
    frame: int
    image_bytes: bytes
    """The picture as stored: PNG."""
    goal: RelativeGoal
    command: Command
    """The expert's."""
    boxes: tuple[Box, ...]
    """Of every object in the picture, whatever its class."""


class Shards(Protocol):
    """The source of shards: a stage's verified inputs."""

    def shard(self, entry: ShardEntry) -> Manifest:
        """Return the generate manifest of that entry."""
        ...

    def fetch_of(self, manifest: Manifest, output: str, to: Path) -> Path:
        """Copy one output of the manifest into the file `to`, checked against its digest."""
        ...


def frames_of(shards: Shards, split: SplitDocument, folder: Path) -> Iterator[Frame]:
    """Stream a split's frames in stored order; one shard on disk at a time, one sample in memory."""
    for number, entry in enumerate(split.shards):
        tar = shards.fetch_of(shards.shard(entry), SHARD_OUTPUT, folder / f"shard-{number}.tar")
        yield from frames_in(tar)
        tar.unlink()


def frames_in(tar: Path) -> Iterator[Frame]:
    """Stream the frames of one untrusted shard."""
    for key, members in read_members(tar):
        record = SampleRecord.from_json(members[".json"], what=f"{tar.name}: {key}.json")
        goal = relative_goal(record.goal, record.odometry)
        image_bytes = members[".rgb.png"]
        yield Frame(record.scene, record.episode, record.frame, image_bytes, goal, record.command, record.boxes)


def read_split(data: bytes, *, what: str) -> SplitDocument:
    """Return the split document of untrusted bytes; an empty one is refused."""
    split = SplitDocument.from_json(data, what=what)
    if not split.shards:
        raise InputError(f"{what} has no shards", remedy=f"give the dataset scenes of the {split.split} side")
    return split
