"""generate with Newton itself on a tiny scene: a shard alone has the same bytes, and validate finds it true."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from simgate.core.documents.canonical import sha256_hex
from simgate.core.runtime.job import ManifestInput
from simgate.core.runtime.manifest import Manifest
from simgate.data.bag import read_bag
from simgate.data.messages import COMMAND, JOINT_STATES
from simgate.data.shard import read_members
from simgate.documents.scene import ClosureFile, SceneItem
from simgate.generate.stage import STAGE
from simgate.specs.validate import ValidateSpec
from simgate.validate.finding import Findings
from simgate.validate.shard_truth import DataShard, ShardCheck
from tests.unit.foreign_scene import holonomic
from tests.unit.synthetic_dataset import SyntheticDataset, make_item
from tests.unit.tiny_scene import spec, write_scene


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> SyntheticDataset:
    """A store with the tiny scene, as if it had been indexed."""
    folder = tmp_path_factory.mktemp("newton")
    return indexed(folder, write_scene(folder).read_bytes())


def indexed(folder: Path, data: bytes) -> SyntheticDataset:
    """A store with a scene of one layer."""
    file = ClosureFile(path="tiny/tiny.usda", sha256=sha256_hex(data), size_bytes=len(data))
    item: SceneItem = make_item("tiny", "train", content="tiny").model_copy(
        update={"closure": (file,), "root": file.path}
    )
    dataset = SyntheticDataset(folder, item)
    dataset.store.put(f"files/{file.sha256}", data)
    return dataset


def make(dataset: SyntheticDataset, first_episode: int, episodes: int, frames: int = 3) -> Manifest:
    """A shard of a few frames an episode."""
    asked = spec(first_episode=first_episode, episodes=episodes, frames_per_episode=frames).model_dump(mode="json")
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
    assert alone.artifact("bags/000001/000001.mcap").sha256 == long.artifact("bags/000001/000001.mcap").sha256
    both, one = samples(dataset, long, tmp_path), samples(dataset, alone, tmp_path)
    assert len(one) == 3
    assert all(both[key] == members for key, members in one.items())


def check(
    dataset: SyntheticDataset, manifest: Manifest, frames: int, to: Path, *, may_be_without_depth: float = 0.9
) -> ShardCheck:
    """Validate's findings in a shard of two episodes."""
    shard = DataShard(manifest, spec(episodes=2, frames_per_episode=frames), dataset.items[0])
    # Neither room has a ceiling: half of a picture, or more, may show nothing.
    limits = ValidateSpec(max_invalid_depth_fraction=may_be_without_depth)
    found = ShardCheck(shard, limits, Findings(), lambda name: fetched(dataset, manifest, name, to))
    found.run()
    return found


def fetched(dataset: SyntheticDataset, manifest: Manifest, name: str, to: Path) -> Path:
    return dataset.store.fetch(manifest.artifact(name), to / name)


def test_the_simulators_truth_is_true(dataset: SyntheticDataset, long: Manifest, tmp_path: Path) -> None:
    found = check(dataset, long, 3, tmp_path)
    assert found.findings.reasons == ()
    assert found.frames == 6


def test_a_holonomic_robot_makes_a_dataset_that_is_true(tmp_path: Path) -> None:
    dataset = indexed(tmp_path, holonomic(tmp_path).read_bytes())
    manifest = make(dataset, 0, 2, frames=12)
    (tmp_path / "read").mkdir()
    found = check(dataset, manifest, 12, tmp_path / "read", may_be_without_depth=0.95)
    assert found.findings.reasons == ()
    rows = pq.read_table(fetched(dataset, manifest, "rows.parquet", tmp_path / "again")).to_pydict()
    assert max(map(abs, rows["lateral_speed_m_s"])) > 0.05
    assert all(math.isnan(angle) for angle in rows["wheel_left_rad"])
    topics: dict[str, list[Any]] = {}
    for message in read_bag(fetched(dataset, manifest, "bags/000001/000001.mcap", tmp_path / "again")):
        topics.setdefault(message.topic, []).append(message.message)
    assert JOINT_STATES not in topics
    assert [m.twist.linear.y for m in topics[COMMAND]] == rows["command_lateral_speed_m_s"][12:]
