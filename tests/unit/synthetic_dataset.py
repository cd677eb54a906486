"""A small dataset of the toy world in a real store: index and generate manifests, and jobs of validate over them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.canonical import sha256_hex
from simgate.core.documents.names import Split
from simgate.core.documents.stage_spec import Spec
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.runtime.attempt import Attempt, Verdict, read_verdict
from simgate.core.runtime.events import Events
from simgate.core.runtime.job import Job, ManifestInput
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.runtime.stage import Stage, run_job
from simgate.core.runtime.statement import statement
from simgate.core.runtime.stop import Stop
from simgate.core.runtime.work import S
from simgate.core.storage.memo import committed
from simgate.core.storage.store import Store
from simgate.data.bag import mcap_name, metadata_name
from simgate.data.episodes import EpisodesDocument
from simgate.data.sample import Sample
from simgate.documents.scene import ClosureFile, SceneItem
from simgate.generate.recording import Recording
from simgate.rows.runtime import identity_of
from simgate.specs.generate import CameraSpec, GenerateSpec
from simgate.specs.vocabulary import CLASSES
from tests.unit.synthetic import HEIGHT_PX, WIDTH_PX, make_episode, make_sample

FRAMES = 3
DIGEST = "0" * 64
Change = Callable[[Sample], Sample]
Plant = Callable[[dict[str, bytes]], object]


def make_spec(scene: str, first_episode: int, episodes: int) -> GenerateSpec:
    """The recipe of a shard of the toy world."""
    return GenerateSpec(
        simulator="newton",
        simulator_version="0",
        device="cpu",
        scene=scene,
        first_episode=first_episode,
        episodes=episodes,
        dataset_seed=1,
        frames_per_episode=FRAMES,
        classes=CLASSES,
        camera=CameraSpec(width_px=WIDTH_PX, height_px=HEIGHT_PX),
    )


def make_item(name: str, split: Split, *, content: str, folder: str = "") -> SceneItem:
    """A scene of one file; `content` stands for its bytes."""
    file = ClosureFile(path=f"{folder or name}/{name}.usda", sha256=sha256_hex(content.encode()), size_bytes=1)
    return SceneItem(
        name=name,
        root=file.path,
        split=split,
        closure=(file,),
        closure_sha256=sha256_hex(f"{file.path} {file.sha256}".encode()),
        labels=(),
        lights=(),
        meters_per_unit=1.0,
        up_axis="Z",
        drive="differential",
    )


class SyntheticDataset:
    """Index, shards, and what validate says of them."""

    def __init__(self, folder: Path, *items: SceneItem) -> None:
        self.folder = folder
        self.store = Store(str(folder / "store"))
        self.items = items or (
            make_item("office", "train", content="office"),
            make_item("hall", "eval", content="hall"),
        )
        outputs = {f"scenes/{item.name}.json": item.to_json() for item in self.items}
        self.index = self.commit("index", Spec(), outputs)
        self.shards: list[ManifestRef] = []

    def add(
        self,
        scene: str,
        *,
        first: int = 0,
        episodes: int = 1,
        change: Change = lambda s: s,
        plant: Plant = lambda o: None,
    ) -> Manifest:
        """A shard whose samples went through `change` and whose outputs through `plant`."""
        spec = make_spec(scene, first, episodes)
        outputs = self.record(scene, first, episodes, change)
        plant(outputs)
        scene_item = ManifestInput(ref=self.index, output=f"scenes/{scene}.json")
        self.shards.append(self.commit("generate", spec, outputs, scene_item))
        return read_manifest(self.store, self.shards[-1])

    def record(self, scene: str, first: int, episodes: int, change: Change = lambda s: s) -> dict[str, bytes]:
        """All outputs of a shard."""
        folder = self.folder / f"recording-{len(list(self.folder.glob('recording-*')))}"
        folder.mkdir()
        recording = Recording(folder)
        outputs = {}
        for number in range(first, first + episodes):
            moments = [(change(make_sample(scene, number, frame)),) for frame in range(FRAMES)]
            (files,) = recording.add([make_episode(scene, number)], moments, lambda frames: None)
            outputs[mcap_name(number)] = files.mcap.read_bytes()
            outputs[metadata_name(number)] = files.metadata.read_bytes()
        outputs["shard.index.json"] = recording.close().to_json()
        outputs["shard.tar"] = recording.shard.read_bytes()
        outputs["rows.parquet"] = recording.rows.read_bytes()
        made = tuple(make_episode(scene, number) for number in range(first, first + episodes))
        outputs["episodes.json"] = EpisodesDocument(episodes=made).to_json()
        return outputs

    def commit(self, stage: str, spec: Spec, outputs: dict[str, bytes], *inputs: ManifestInput) -> ManifestRef:
        """A finished run of a stage that is not under test."""
        job = self.job(stage, spec.model_dump(mode="json"), *inputs)
        loaded = load_inputs(self.store, job)
        parts = key_parts(job, loaded)
        attempt = Attempt(self.store, job, parts, loaded)
        for name, data in outputs.items():
            attempt.write(name, data, "application/octet-stream")
        made = statement(attempt, parts, loaded, place="local", started_on="a", finished_on="b")
        return attempt.commit(made)[0]

    def job(self, stage: str, spec: dict[str, object], *inputs: ManifestInput, code: str = "", lock: str = "") -> Job:
        """A job of any stage."""
        return Job(
            stage=stage,
            spec=spec,
            inputs=inputs,
            domain="main",
            code_digest=code or DIGEST,
            lock_digest=lock or DIGEST,
            run_record="plans/main/test",
        )

    def run(self, stage: Stage[S], spec: dict[str, object], *inputs: ManifestInput) -> tuple[int, Job]:
        """Run a real stage; its exit code and its job as the key sees it."""
        full = stage.spec_type.from_value(spec, what="spec")
        code, lock, _ = identity_of(stage.runtime_of(full))
        asked = self.job(stage.name, full.model_dump(mode="json"), *inputs, code=code, lock=lock)
        self.store.put("job.json", asked.to_json())
        ended = run_job(stage, "job.json", self.store, stop=Stop(), place="local", events=Events(stage=stage.name))
        return ended, asked

    def made(self, job: Job) -> Manifest:
        """What a job committed."""
        ref = committed(self.store, job, key_parts(job, load_inputs(self.store, job)).run_key)
        if ref is None:
            raise LookupError("nothing was committed")
        return read_manifest(self.store, ref)

    def validate(self, stage: Stage[S], **fields: object) -> tuple[Manifest, Verdict]:
        """Run validate over all shards so far."""
        whole = [ManifestInput(ref=ref) for ref in self.shards]
        scenes = [ManifestInput(ref=self.index, output=f"scenes/{item.name}.json") for item in self.items]
        code, job = self.run(stage, {"version": 1, **fields}, *whole, *scenes)
        if code:
            raise LookupError(f"exit {code}")
        manifest = self.made(job)
        verdict = read_verdict(self.store, manifest)
        if verdict is None:
            raise LookupError("no verdict")
        return manifest, verdict


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The last message on stderr."""
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    return next((line["message"] for line in reversed(lines) if "message" in line), "")


__all__ = ["FRAMES", "SyntheticDataset", "make_item", "make_spec", "said"]
