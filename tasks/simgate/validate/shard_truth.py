"""Shard truth: one shard with its rows and bags, streamed sample by sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from simgate.core.errors import InputError
from simgate.core.runtime.manifest import Manifest
from simgate.data.bag import EPOCH_NS, mcap_name, read_bag
from simgate.data.messages import IMAGE, ODOMETRY
from simgate.data.record import decode_sample, sample_key
from simgate.data.rows import row_of
from simgate.data.sample import Odometry, Sample
from simgate.data.shard import ShardIndex, read_members
from simgate.documents.scene import SceneItem
from simgate.specs.generate import GenerateSpec
from simgate.specs.validate import ValidateSpec
from simgate.validate.finding import Findings
from simgate.validate.frame_truth import box_iou, check_frame
from simgate.validate.motion_truth import Motion, check_motion, motion_of

ROWS_AT_ONCE = 64
Row = Mapping[str, Any]
Fetch = Callable[[str], Path]
"""Output name → local file, checked against its digest."""


@dataclass(frozen=True)
class DataShard:
    """One shard of the dataset: manifest, spec and scene."""

    manifest: Manifest
    spec: GenerateSpec
    item: SceneItem

    @property
    def name(self) -> str:
        """A name for people, e.g. `office episodes 0–5`."""
        return f"{self.spec.scene} episodes {self.spec.first_episode}–{self.last_episode}"

    @property
    def last_episode(self) -> int:
        """The last episode that was asked for."""
        return self.spec.first_episode + self.spec.episodes - 1


@dataclass
class _Kept:
    """The values of one frame that are compared with its bag."""

    key: str
    stamp_ns: int
    picture_sha256: str
    odometry: Odometry


@dataclass
class ShardCheck:
    """Checks a shard in one pass; memory holds one sample and one episode's motion."""

    shard: DataShard
    spec: ValidateSpec
    findings: Findings
    fetch: Fetch
    frames: int = 0
    goal_progress_m: list[float] = field(default_factory=list)
    """Of each episode."""
    least_box_iou: float = 1.0
    """Of every box with the box of its mask."""

    def run(self) -> None:
        """Check samples, rows and bags; a file that cannot be read is a finding, a wrong digest is not caught."""
        try:
            self._samples()
        except (InputError, pa.ArrowException, KeyError) as error:
            self.findings.add("readable", self.shard.name, str(error))

    def _samples(self) -> None:
        rows = pq.ParquetFile(self.fetch("rows.parquet"))
        row = (row for batch in rows.iter_batches(batch_size=ROWS_AT_ONCE) for row in batch.to_pylist())
        index = ShardIndex.from_json(self.fetch("shard.index.json").read_bytes(), what="shard.index.json")
        stored = read_members(self.fetch("shard.tar"))
        for episode, group in groupby(stored, key=lambda item: item[0].rsplit("_", 1)[0]):
            track, kept, progress = self._episode(group, row, index)
            self._check_episode(episode, track)
            self._check_bag(int(episode.rsplit("_", 1)[1]), kept)
            self.goal_progress_m.append(progress)
        self._check_complete(rows.metadata.num_rows, index)

    def _episode(
        self, group: Iterator[tuple[str, dict[str, bytes]]], rows: Iterator[Row], index: ShardIndex
    ) -> tuple[list[Motion], list[_Kept], float]:
        track, kept, left_m = [], [], []
        for key, members in group:
            sample = decode_sample(members, what=key)
            where = f"{self.shard.name}, sample {key}"
            self.findings.extend(where, check_frame(sample, self.shard.spec.classes, self.spec))
            self.findings.extend(where, self._check_row(sample, next(rows, {})))
            self.findings.extend(where, self._check_index(key, index))
            ious = (box_iou(box, sample.instance == box.instance) for box in sample.boxes)
            self.least_box_iou = min(self.least_box_iou, *ious, 1.0)
            track.append(motion_of(sample))
            digest = sha256(members[".rgb.png"]).hexdigest()
            kept.append(_Kept(key, sample.stamp_ns, digest, sample.odometry))
            left_m.append(_goal_distance_m(sample))
            self.frames += 1
        return track, kept, left_m[0] - left_m[-1]

    def _check_row(self, sample: Sample, row: Row) -> Iterator[tuple[str, str]]:
        if not row:
            yield "rows", "there is no row for it"
            return
        for column, value in row_of(sample).items():
            if column not in row or not _same(row[column], value):
                yield "rows", f"column {column} says {row.get(column)!r}, the sample {value!r}"

    def _check_index(self, key: str, index: ShardIndex) -> Iterator[tuple[str, str]]:
        listed = index.samples[self.frames].key if self.frames < len(index.samples) else "nothing"
        if listed != key:
            yield "complete", f"the index lists {listed} here"

    def _check_episode(self, episode: str, track: list[Motion]) -> None:
        where = f"{self.shard.name}, sample {episode}"
        for frame, defect in check_motion(track, self.shard.spec):
            self.findings.extend(f"{where}_{frame:04d}", [defect])
        if [motion.frame for motion in track] != list(range(self.shard.spec.frames_per_episode)):
            expected = self.shard.spec.frames_per_episode
            self.findings.add("complete", where, f"has {len(track)} frames, expected 0 to {expected - 1} in order")

    def _check_bag(self, episode: int, kept: list[_Kept]) -> None:
        name = mcap_name(episode)
        if all(artifact.name != name for artifact in self.shard.manifest.artifacts):
            self.findings.add("bag", self.shard.name, f"{name} is missing")
            return
        mcap = self.fetch(name)
        pictures, poses = [], []
        for topic, stamp_ns, message in read_bag(mcap):
            if topic == IMAGE:
                pictures.append((stamp_ns - EPOCH_NS, sha256(message.data.tobytes()).hexdigest()))
            elif topic == ODOMETRY:
                position = message.pose.pose.position
                poses.append((position.x, position.y, message.twist.twist.linear.x))
        mcap.unlink()
        self.findings.extend(f"{self.shard.name}, {name}", _bag_defects(kept, pictures, poses))

    def _check_complete(self, rows: int, index: ShardIndex) -> None:
        spec = self.shard.spec
        expected = spec.episodes * spec.frames_per_episode
        counts = {"shard": self.frames, "rows": rows, "index": len(index.samples)}
        for what, found in counts.items():
            if found != expected:
                self.findings.add("complete", self.shard.name, f"{what} has {found} frames, expected {expected}")
        keys = [entry.key for entry in index.samples]
        planned = [
            sample_key(spec.scene, episode, frame)
            for episode in range(spec.first_episode, self.shard.last_episode + 1)
            for frame in range(spec.frames_per_episode)
        ]
        if keys != planned and len(keys) == len(planned):
            first = next(pair for pair in zip(keys, planned, strict=True) if pair[0] != pair[1])
            self.findings.add("complete", self.shard.name, f"index lists {first[0]}, expected {first[1]}")


def _bag_defects(
    kept: list[_Kept], pictures: list[tuple[int, str]], poses: list[tuple[float, float, float]]
) -> Iterator[tuple[str, str]]:
    if len(pictures) != len(kept) or len(poses) != len(kept):
        yield "bag", f"has {len(pictures)} pictures and {len(poses)} poses, the shard {len(kept)} frames"
        return
    for own, (stamp_ns, digest), pose in zip(kept, pictures, poses, strict=True):
        if digest != own.picture_sha256:
            yield "bag", f"picture of {own.key} has sha256 {digest[:12]}…, the shard's {own.picture_sha256[:12]}…"
        if stamp_ns != own.stamp_ns:
            yield "bag", f"picture of {own.key} has stamp {stamp_ns} ns, the shard {own.stamp_ns} ns"
        if pose != (own.odometry.x_m, own.odometry.y_m, own.odometry.speed_m_s):
            yield "bag", f"pose and speed at {own.key} are {pose}, not the shard's"


def _goal_distance_m(sample: Sample) -> float:
    return math.hypot(sample.goal.x_m - sample.odometry.x_m, sample.goal.y_m - sample.odometry.y_m)


def _same(found: object, value: object) -> bool:
    """Return whether values are equal to twelve digits: another processor may sum a mean a little differently."""
    if isinstance(found, float) and isinstance(value, int | float):
        both_missing = math.isnan(found) and math.isnan(value)
        return both_missing or math.isclose(found, value, rel_tol=1e-12, abs_tol=1e-12)
    return found == value
