"""Frame: what a network sees of a stored sample, and what it should have said."""

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
from simgate.model.goal import RelativeGoal, relative_goal

SHARD_OUTPUT = "shard.tar"
MIN_EDGE_PX = 8
"""A cell of the detection grid."""
MIN_VISIBLE_PX = 20
MAX_OCCLUSION = 0.7
"""Smaller or more hidden objects are neither asked for nor punished: KITTI's "don't care" (Geiger et al., 2012)."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One obstacle in a picture; edges in pixels, max edges exclusive."""

    label: str
    corners: tuple[float, float, float, float]
    """x_min, y_min, x_max, y_max."""
    counted: bool
    """False: too small or too hidden; finding it is neither right nor wrong."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One sample of a split."""

    scene: str
    episode: int
    frame: int
    image_bytes: bytes
    """As stored: PNG."""
    goal: RelativeGoal
    command: Command
    """The expert's."""
    truths: tuple[Truth, ...]


class Shards(Protocol):
    """Where shards come from: a stage's verified inputs."""

    def shard(self, entry: ShardEntry) -> Manifest:
        """The generate manifest of that entry."""
        ...

    def fetch_of(self, manifest: Manifest, output: str, to: Path) -> Path:
        """One output of it as a local file, checked against its digest."""
        ...


def frames_of(shards: Shards, split: SplitDocument, folder: Path, obstacles: tuple[str, ...]) -> Iterator[Frame]:
    """Stream a split's frames in stored order; one shard on disk at a time, one sample in memory."""
    for number, entry in enumerate(split.shards):
        tar = shards.fetch_of(shards.shard(entry), SHARD_OUTPUT, folder / f"shard-{number}.tar")
        yield from frames_in(tar, obstacles)
        tar.unlink()


def frames_in(tar: Path, obstacles: tuple[str, ...]) -> Iterator[Frame]:
    """Stream the frames of one untrusted shard."""
    for key, members in read_members(tar):
        record = SampleRecord.from_json(members[".json"], what=f"{tar.name}: {key}.json")
        truths = tuple(truth_of(box) for box in record.boxes if box.label in obstacles)
        goal = relative_goal(record.goal, record.odometry)
        image_bytes = members[".rgb.png"]
        yield Frame(record.scene, record.episode, record.frame, image_bytes, goal, record.command, truths)


def truth_of(box: Box) -> Truth:
    """The box as the detector is asked for it."""
    width_px, height_px = box.x_max_px - box.x_min_px, box.y_max_px - box.y_min_px
    large = min(width_px, height_px) >= MIN_EDGE_PX and box.visible_px >= MIN_VISIBLE_PX
    corners = (float(box.x_min_px), float(box.y_min_px), float(box.x_max_px), float(box.y_max_px))
    return Truth(box.label, corners, large and box.occlusion <= MAX_OCCLUSION)


def read_split(data: bytes, *, what: str) -> SplitDocument:
    """The split document of untrusted bytes; an empty one is refused."""
    split = SplitDocument.from_json(data, what=what)
    if not split.shards:
        raise InputError(f"{what} has no shards", remedy=f"give the dataset scenes of the {split.split} side")
    return split
