"""generate: open one scene in the simulator, drive its episodes, keep everything it saw."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict

from simgate.core.documents.canonical import canonical_json
from simgate.core.errors import InputError
from simgate.core.given.snapshot import materialize
from simgate.core.runtime.work import Work
from simgate.data import bag, rows, shard
from simgate.data.episodes import EpisodesDocument
from simgate.data.sample import Episode
from simgate.documents.scene import SceneItem
from simgate.generate.recording import Recording
from simgate.generate.report import draw
from simgate.rows.runtime import stage_of
from simgate.sim.protocol import Simulator
from simgate.sim.rollout import lanes_of, open_simulator, record
from simgate.specs.generate import GenerateSpec

JSON = "application/json"
PROGRESS_FRAMES = 20


def run(work: Work[GenerateSpec]) -> None:
    """Make one shard: the same bytes whenever and wherever it is made on one device class."""
    item = _scene_item(work)
    scene = work.folder / "scene"
    materialize(work.store, item.closure, scene, work.job.domain)
    with closing(open_simulator(work.spec, scene / item.root)) as simulator:
        _record(work, simulator)


def _scene_item(work: Work[GenerateSpec]) -> SceneItem:
    name = work.spec.scene
    item = SceneItem.from_json(work.inputs.read("index", f"scenes/{name}.json"), what=f"scenes/{name}.json")
    if item.name != name:
        raise InputError("field scene: the input is another scene's", actual=item.name, expected=name)
    return item


def _record(work: Work[GenerateSpec], simulator: Simulator) -> None:
    spec = work.spec
    numbers = range(spec.first_episode, spec.first_episode + spec.episodes)
    episodes: list[Episode] = []
    with Recording(work.folder) as recording:
        for some in lanes_of(simulator, numbers):
            together, moments = record(simulator, spec, some)
            bags = recording.add(together, moments, lambda frames: _progress(work, frames))
            for number, files in zip(some, bags, strict=True):
                _keep_bag(work, number, files)
            episodes.extend(together)
        _keep(work, recording, tuple(episodes))


def _progress(work: Work[GenerateSpec], frames: int) -> None:
    if frames % PROGRESS_FRAMES == 0:
        work.progress(frames, work.spec.episodes * work.spec.frames_per_episode, "frames")


def _keep_bag(work: Work[GenerateSpec], episode: int, files: bag.BagFiles) -> None:
    """Store the bag and delete it here at once: a shard of any length needs room for a few bags only."""
    work.outputs.put(bag.mcap_name(episode), files.mcap, bag.MEDIA_TYPE)
    work.outputs.put(bag.metadata_name(episode), files.metadata, bag.METADATA_MEDIA_TYPE)
    files.mcap.unlink()
    files.metadata.unlink()


def _keep(work: Work[GenerateSpec], recording: Recording, episodes: tuple[Episode, ...]) -> None:
    index = recording.close()
    work.outputs.put("shard.tar", recording.shard, shard.MEDIA_TYPE)
    work.outputs.write("shard.index.json", index.to_json(), JSON)
    work.outputs.put("rows.parquet", recording.rows, rows.MEDIA_TYPE)
    work.outputs.write("episodes.json", EpisodesDocument(episodes=episodes).to_json(), JSON)
    throughput = recording.throughput
    seconds = throughput.simulate_s + throughput.encode_s
    observed = {**asdict(throughput), "frames_per_s": throughput.frames / seconds if seconds else 0.0}
    work.outputs.byproduct("throughput.json", canonical_json(observed), JSON)
    work.note("recorded", **observed)


STAGE = stage_of("generate", run, draw)
