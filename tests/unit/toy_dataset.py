"""A toy dataset in a real store: coloured obstacles on a grey floor and a goal to turn to; learnable in seconds."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.names import Split
from simgate.core.documents.stage_spec import Spec
from simgate.core.given.inputs import Inputs
from simgate.core.given.random import stream
from simgate.core.given.scratch import Scratch
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.runtime.attempt import Attempt
from simgate.core.runtime.events import Events
from simgate.core.runtime.job import Job, ManifestInput
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.runtime.node import Node
from simgate.core.runtime.statement import statement
from simgate.core.runtime.stop import Stop
from simgate.core.runtime.work import S, Work
from simgate.core.storage.store import Store
from simgate.data.record import encode_sample
from simgate.data.sample import Box, Camera, Command, Goal, Imu, ImuReading, Odometry, Sample, Wheels
from simgate.data.shard import ShardWriter
from simgate.documents.dataset import ShardEntry, ShardFile, SplitDocument
from simgate.families.navigator.spec import NavigatorSpec
from simgate.specs.generate import GenerateSpec
from simgate.specs.vocabulary import CLASSES, OBSTACLES

WIDTH_PX, HEIGHT_PX = 64, 48
NETWORK = NavigatorSpec(width=8, image_width_px=WIDTH_PX, image_height_px=HEIGHT_PX)
FRAMES = 10
DIGEST = "0" * 64
COLORS = {
    "person": (220, 40, 40),
    "box": (40, 60, 220),
    "chair": (30, 180, 60),
    "cone": (240, 150, 20),
    "bin": (90, 20, 120),
}


def toy_sample(scene: str, episode: int, frame: int) -> Sample:
    """One or two obstacles; the expert turns to the goal at full speed, and slowly where something red is ahead."""
    draw = stream("toy", scene, episode, frame)
    rgb = draw.integers(110, 140, (HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8)
    instance = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint16)
    boxes = []
    for number, column in enumerate(draw.permutation(2)[: draw.integers(1, 3)]):
        label = OBSTACLES[int(draw.integers(len(OBSTACLES)))]
        width, height = int(draw.integers(10, 18)), int(draw.integers(12, 22))
        x, y = int(column) * 32 + int(draw.integers(0, 31 - width)), int(draw.integers(8, 46 - height))
        rgb[y : y + height, x : x + width] = COLORS[label]
        instance[y : y + height, x : x + width] = number + 1
        boxes.append(Box(number + 1, label, x, y, x + width, y + height, width * height, 0.0))
    distance_m, bearing_rad = float(draw.uniform(0.5, 4)), float(draw.uniform(-1.5, 1.5))
    slow = any(box.label == "person" for box in boxes)
    imu = Imu((0.0, 0.0, 0.0), (0.0, 0.0, 9.80665))
    return Sample(
        scene=scene, episode=episode, frame=frame, stamp_ns=frame * 200_000_000, rgb=rgb,
        depth_m=np.ones((HEIGHT_PX, WIDTH_PX), np.float32), semantic=np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8),
        instance=instance, boxes=tuple(boxes), camera=Camera(50.0, 50.0, 32.0, 24.0, np.eye(4)),
        imu=imu, imu_track=(ImuReading(frame * 200_000_000, imu),), odometry=Odometry(0.0, 0.0, 0.0, 0.0, 0.0),
        wheels=Wheels(0.0, 0.0, 0.0, 0.0),
        command=Command(0.2 if slow else 0.8, max(-1.5, min(1.5, 1.5 * bearing_rad))),
        goal=Goal(distance_m * math.cos(bearing_rad), distance_m * math.sin(bearing_rad)),
    )  # fmt: skip


class ToyStore:
    """A store with a committed validate manifest."""

    def __init__(self, folder: Path, *, train_episodes: int = 8, eval_episodes: int = 4) -> None:
        self.folder = folder
        self.store = Store(str(folder / "store"))
        train = [
            self._generate("toy-train", 0, train_episodes // 2),
            self._generate("toy-train", train_episodes // 2, train_episodes - train_episodes // 2),
        ]
        held_out = [self._generate("toy-eval", 0, eval_episodes)]
        splits = {"train": self._split("train", train), "eval": self._split("eval", held_out)}
        self.validate = self.commit(
            "validate",
            Spec(),
            {f"splits/{k}.json": v.to_json() for k, v in splits.items()},
            [ref for ref, _ in (*train, *held_out)],
        )

    def input(self, ref: ManifestRef, output: str | None = None) -> ManifestInput:
        """An input of a job."""
        return ManifestInput(ref=ref, output=output)

    def work(self, stage: str, spec: S, inputs: list[ManifestInput]) -> Work[S]:
        """Everything that the stage is given, as core/runtime/stage.py does it."""
        job = Job(
            stage=stage, spec=spec.model_dump(mode="json"), inputs=tuple(inputs), domain="main",
            code_digest=DIGEST, lock_digest=DIGEST, run_record="plans/main/toy",
        )  # fmt: skip
        loaded = load_inputs(self.store, job)
        key = key_parts(job, loaded)
        attempt = Attempt(self.store, job, key, loaded)
        folder = self.folder / "work" / attempt.folder.rpartition("/")[2]
        folder.mkdir(parents=True)
        scratch = Scratch(self.store, "main", key.run_key)
        return Work(
            spec, job, key.run_key, self.store, folder, Inputs(self.store, loaded), scratch, Stop(), Events(),
            Node(), attempt,
        )  # fmt: skip

    def finish(self, work: Work[S]) -> ManifestRef:
        """Commit what the stage wrote."""
        loaded = load_inputs(self.store, work.job)
        made = statement(
            work.outputs, key_parts(work.job, loaded), loaded, place="local", started_on="a", finished_on="b"
        )
        return work.outputs.commit(made)[0]

    def manifest(self, ref: ManifestRef) -> Manifest:
        """Read back."""
        return read_manifest(self.store, ref)

    def commit(self, stage: str, spec: Spec, outputs: dict[str, bytes], inputs: list[ManifestRef]) -> ManifestRef:
        """A finished run of a stage that is not under test."""
        work = self.work(stage, spec, [self.input(ref) for ref in inputs])
        for name, data in outputs.items():
            work.outputs.write(name, data, "application/octet-stream")
        return self.finish(work)

    def _generate(self, scene: str, first: int, episodes: int) -> tuple[ManifestRef, ShardEntry]:
        path = self.folder / f"{scene}-{first}.tar"
        with ShardWriter(path) as writer:
            for episode in range(first, first + episodes):
                for frame in range(FRAMES):
                    writer.add(encode_sample(toy_sample(scene, episode, frame)))
            writer.close()
        data = path.read_bytes()
        ref = self.commit("generate", toy_generate(scene, first, episodes), {"shard.tar": data}, [])
        file = ShardFile(
            name="shard.tar", sha256=sha256_hex(data), size_bytes=len(data), media_type="application/x-tar"
        )
        digest = self.manifest(ref).content_digest
        return ref, ShardEntry(
            content_digest=digest,
            scene=scene,
            first_episode=first,
            episodes=episodes,
            frames=episodes * FRAMES,
            files=(file,),
        )

    def _split(self, split: Split, made: list[tuple[ManifestRef, ShardEntry]]) -> SplitDocument:
        shards = tuple(entry for _, entry in made)
        return SplitDocument(
            split=split, scenes=(), shards=shards, classes=CLASSES, frames=sum(entry.frames for entry in shards)
        )


def toy_generate(scene: str, first: int, episodes: int) -> GenerateSpec:
    """The spec of a shard that no simulator made."""
    return GenerateSpec(
        simulator="newton", simulator_version="0", device="cpu", scene=scene, first_episode=first, episodes=episodes,
        dataset_seed=1, frames_per_episode=FRAMES, classes=CLASSES,
    )  # fmt: skip
