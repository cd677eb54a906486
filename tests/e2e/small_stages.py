"""Small stages: every stage of the pipeline in milliseconds, under the real contract and the real keys.

Stands in for the interpreter that StageLocal starts: `small_stages.py -m simgate <stage> --job … --out …`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from simgate.__main__ import main
from simgate.core.documents.canonical import canonical_json, sha256_hex
from simgate.core.documents.stage_spec import Spec
from simgate.core.runtime.job_list import read_job_list
from simgate.core.runtime.manifest import Manifest
from simgate.core.runtime.stage import run_batch
from simgate.core.runtime.work import Drawn, Work
from simgate.core.storage.credentials import own_store_keys
from simgate.core.storage.store import Store
from simgate.documents.dataset import ShardEntry, ShardFile, SplitDocument
from simgate.documents.scene import ClosureFile, SceneItem
from simgate.documents.shard_plan import PlannedShard, ShardPlan
from simgate.report.page import Section, page
from simgate.rows.runtime import stage_of
from simgate.specs.bounds import bounds
from simgate.specs.evaluate import EvaluateSpec
from simgate.specs.export import ExportSpec
from simgate.specs.generate import GenerateSpec
from simgate.specs.hil import HilSpec
from simgate.specs.index import IndexSpec
from simgate.specs.train import TrainSpec
from simgate.specs.validate import ValidateSpec

JSON = "application/json"


def index(work: Work[IndexSpec]) -> None:
    """A scene is its folder; every scene has the episodes that were asked for."""
    files = work.inputs.snapshot().files
    shards = []
    for scene in work.spec.scenes:
        folder = scene.root.rpartition("/")[0]
        closure = [
            ClosureFile(path=path, sha256=file.sha256, size_bytes=file.size_bytes)
            for path, file in sorted(files.items())
            if path.startswith(f"{folder}/")
        ]
        item = SceneItem(
            name=scene.name, root=scene.root, split=scene.split, closure=tuple(closure),
            closure_sha256=sha256_hex(canonical_json([file.model_dump() for file in closure])),
            labels=(), lights=(), meters_per_unit=1.0, up_axis="Z",
            drive="holonomic" if f"{folder}/sliding.usda" in files else "differential",
        )  # fmt: skip
        work.outputs.write(f"scenes/{scene.name}.json", item.to_json(), JSON)
        for first in range(0, scene.episodes, work.spec.episodes_per_shard):
            count = min(work.spec.episodes_per_shard, scene.episodes - first)
            shards.append(PlannedShard(scene=scene.name, split=scene.split, first_episode=first, episodes=count))
    work.outputs.write("shards.json", ShardPlan(shards=tuple(shards)).to_json(), JSON)


def generate(work: Work[GenerateSpec]) -> None:
    """A shard is its scene's closure and its own number; a test that wants to interfere makes it slow."""
    time.sleep(float(os.environ.get("SMALL_STAGES_PAUSE_S", "0")))
    item = SceneItem.from_json(work.inputs.read("index", f"scenes/{work.spec.scene}.json"), what="scene")
    work.outputs.write("shard.tar", f"{item.closure_sha256} {work.spec.first_episode}".encode(), "application/x-tar")


def validate(work: Work[ValidateSpec]) -> None:
    """Splits as the real ones are written; PASS unless a scene holds a file `broken.usda`."""
    items = [
        SceneItem.from_json(work.inputs.read_of(manifest, output), what=output)
        for manifest in work.inputs.manifests("index")
        for output in [artifact.name for artifact in manifest.artifacts]
        if output.startswith("scenes/")
    ]
    for side in ("train", "eval"):
        scenes = tuple(item for item in items if item.split == side)
        shards = tuple(
            _entry(made) for made in work.inputs.manifests("generate") if made.spec["scene"] in _names(scenes)
        )
        split = SplitDocument(
            split=side, scenes=scenes, shards=shards, classes=(), frames=sum(shard.frames for shard in shards)
        )
        work.outputs.write(f"splits/{side}.json", split.to_json(), JSON)
    broken = [item.name for item in items if any(file.path.endswith("broken.usda") for file in item.closure)]
    metrics = {**passing(work.spec), "scenes": len(items)}
    work.outputs.verdict(not broken, [f"scene {name} is broken" for name in broken], metrics)


def passing(spec: Spec) -> dict[str, float]:
    """Metrics that just meet every bound of the spec, and one that nobody knows."""
    return {bound.metric: bound.limit for bound in bounds(spec)} | {"made up": 0.0}


def _names(scenes: Sequence[SceneItem]) -> set[str]:
    return {scene.name for scene in scenes}


def _entry(made: Manifest) -> ShardEntry:
    spec, file = made.spec, made.artifact("shard.tar")
    return ShardEntry(
        content_digest=made.content_digest, scene=spec["scene"], first_episode=spec["first_episode"],
        episodes=spec["episodes"], frames=spec["episodes"] * spec["frames_per_episode"],
        files=(ShardFile(name=file.name, sha256=file.sha256, size_bytes=file.size_bytes, media_type=file.media_type),),
    )  # fmt: skip


def train(work: Work[TrainSpec]) -> None:
    """Weights are the split's digest."""
    split = work.inputs.read("validate", "splits/train.json")
    work.outputs.write("model.safetensors", sha256_hex(split).encode(), "application/octet-stream")
    work.outputs.write("model.json", b"{}", JSON)


def evaluate(work: Work[EvaluateSpec]) -> None:
    """Every episode succeeds."""
    episodes = [{"scene": "warehouse", "episode": number, "outcome": "success"} for number in range(12)]
    work.outputs.write("evaluation.json", json.dumps({"episodes": episodes}).encode(), JSON)
    work.outputs.verdict(True, [], {**passing(work.spec), "success_rate": 1.0, "map_50": 0.5})


def export(work: Work[ExportSpec]) -> None:
    """The engine is the weights."""
    work.outputs.write("engine/engine.json", b"{}", "application/json")
    work.outputs.write("engine/model.onnx", work.inputs.read("train", "model.safetensors"), "application/octet-stream")
    work.outputs.verdict(True, [], passing(work.spec))


def hil(work: Work[HilSpec]) -> None:
    """A bench that never trips."""
    work.outputs.write("hil.json", b"{}", JSON, deterministic=False)
    work.outputs.verdict(True, [], passing(work.spec))


def draw(drawn: Drawn[Any]) -> bytes:
    """A page with a hostile word on it, and a link to elsewhere: what a scene may hold."""
    text = f"<p>{len(drawn.names)} files</p><script>document.title = 'taken over'</script>"
    return page(f"small {drawn.manifest.stage}", verdict=None, facts={}, sections=[Section("Files", text)])


STAGES: tuple[Callable[[Work[Any]], None], ...] = (index, generate, validate, train, evaluate, export, hil)
SMALL = {stage.__name__: stage for stage in STAGES}


def run(words: list[str]) -> int:
    """Do what `python -m simgate` does, with a small stage where there is one."""
    arguments = words[words.index("simgate") + 1 :]
    name = arguments[0]
    if name not in SMALL:
        return main(arguments)
    jobs = [value for flag, value in pairwise(arguments) if flag == "--job"]
    store = Store(arguments[arguments.index("--out") + 1], own_store_keys())
    jobs += [key for flag, value in pairwise(arguments) if flag == "--jobs" for key in read_job_list(store, value)]
    stage = stage_of(name, SMALL[name], None if name == "index" else draw)
    return run_batch(stage, jobs, store, place="local")


if __name__ == "__main__":
    sys.exit(run(sys.argv))
