"""generate with Newton itself on a tiny scene: a shard alone has the same bytes, and validate finds it true."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgate.core.documents.canonical import sha256_hex
from simgate.core.runtime.job import ManifestInput
from simgate.core.runtime.manifest import Manifest
from simgate.data.shard import read_members
from simgate.documents.scene import ClosureFile, SceneItem
from simgate.generate.stage import STAGE
from simgate.specs.validate import ValidateSpec
from simgate.validate.finding import Findings
from simgate.validate.shard_truth import DataShard, ShardCheck
from tests.unit.synthetic_dataset import SyntheticDataset, make_item
from tests.unit.tiny_scene import spec, write_scene


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> SyntheticDataset:
    """A store with the tiny scene, as if it had been indexed."""
    folder = tmp_path_factory.mktemp("newton")
    data = write_scene(folder).read_bytes()
    file = ClosureFile(path="tiny/tiny.usda", sha256=sha256_hex(data), size_bytes=len(data))
    item: SceneItem = make_item("tiny", "train", content="tiny").model_copy(
        update={"closure": (file,), "root": file.path}
    )
    dataset = SyntheticDataset(folder, item)
    dataset.store.put(f"files/{file.sha256}", data)
    return dataset


def make(dataset: SyntheticDataset, first_episode: int, episodes: int) -> Manifest:
    """A shard of three frames an episode."""
    asked = spec(first_episode=first_episode, episodes=episodes, frames_per_episode=3).model_dump(mode="json")
    code, job = dataset.run(STAGE, asked, ManifestInput(ref=dataset.index, output="scenes/tiny.json"))
    if code:
        raise LookupError(f"exit {code}")
    return dataset.made(job)


@pytest.fixture(scope="module")
def long(dataset: SyntheticDataset) -> Manifest:
    """Episodes 0 and 1."""
    return make(dataset, 0, 2)


def samples(dataset: SyntheticDataset, manifest: Manifest, to: Path) -> dict[str, dict[str, bytes]]:
    """Stored members by key."""
    return dict(read_members(dataset.store.fetch(manifest.artifact("shard.tar"), to / manifest.run_key)))


def test_an_episode_alone_has_the_bytes_it_has_after_another(
    dataset: SyntheticDataset, long: Manifest, tmp_path: Path
) -> None:
    alone = make(dataset, 1, 1)
    assert alone.artifact("bags/000001.mcap").sha256 == long.artifact("bags/000001.mcap").sha256
    both, one = samples(dataset, long, tmp_path), samples(dataset, alone, tmp_path)
    assert len(one) == 3
    assert all(both[key] == members for key, members in one.items())


def test_the_simulators_truth_is_true(dataset: SyntheticDataset, long: Manifest, tmp_path: Path) -> None:
    findings = Findings()
    shard = DataShard(long, spec(episodes=2, frames_per_episode=3), dataset.items[0])
    # The tiny room has no ceiling: half of a picture may show nothing.
    limits = ValidateSpec(max_invalid_depth_fraction=0.9)
    check = ShardCheck(shard, limits, findings, lambda name: dataset.store.fetch(long.artifact(name), tmp_path / name))
    check.run()
    assert findings.reasons == ()
    assert check.frames == 6
