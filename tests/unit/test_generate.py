"""The generate stage with a toy simulator behind the simulator's seam: outputs, bytes, refusals, page."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import simgate.generate.stage as generate
from simgate.core.documents.canonical import sha256_hex
from simgate.core.runtime.job import ManifestInput
from simgate.core.runtime.manifest import Manifest
from simgate.data.bag import EPOCH_NS, read_bag
from simgate.data.episodes import EpisodesDocument
from simgate.data.messages import IMAGE
from simgate.data.sample import Episode, Sample
from simgate.data.shard import ShardIndex, read_members, read_shard
from simgate.generate.gallery import color_of, depth_colors, panels
from simgate.generate.recording import Recording
from simgate.specs.generate import GenerateSpec
from tests.unit.synthetic import make_episode, make_sample
from tests.unit.synthetic_dataset import FRAMES, SyntheticDataset, make_spec, said


class ToySimulator:
    """Opened on a scene; knows whether it was closed."""

    opened: Path | None = None
    closed = False
    lanes = 1

    def close(self) -> None:
        """Let go."""
        ToySimulator.closed = True


def open_toy(spec: GenerateSpec, root: Path) -> ToySimulator:
    """Open the toy world; the scene must be on disk."""
    ToySimulator.opened, ToySimulator.closed = root, False
    if root.read_bytes() != spec.scene.encode():
        raise LookupError(root)
    return ToySimulator()


def record_toy(
    simulator: ToySimulator, spec: GenerateSpec, episodes: Sequence[int]
) -> tuple[tuple[Episode, ...], Iterator[tuple[Sample, ...]]]:
    """Episodes of the toy world, side by side."""
    moments = (
        tuple(make_sample(spec.scene, episode, frame) for episode in episodes)
        for frame in range(spec.frames_per_episode)
    )
    return tuple(make_episode(spec.scene, episode) for episode in episodes), moments


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SyntheticDataset:
    """A store whose scenes are on file, and the toy simulator in the stage."""
    monkeypatch.setattr(generate, "open_simulator", open_toy)
    monkeypatch.setattr(generate, "record", record_toy)
    dataset = SyntheticDataset(tmp_path)
    for item in dataset.items:
        dataset.store.put(f"files/{item.closure[0].sha256}", item.name.encode())
    return dataset


def make(dataset: SyntheticDataset, scene: str, first: int, episodes: int, item: str = "") -> Manifest:
    """Run the stage; what it committed."""
    spec = make_spec(scene, first, episodes).model_dump(mode="json")
    source = ManifestInput(ref=dataset.index, output=f"scenes/{item or scene}.json")
    code, job = dataset.run(generate.STAGE, spec, source)
    if code:
        raise LookupError(f"exit {code}")
    return dataset.made(job)


def read(dataset: SyntheticDataset, manifest: Manifest, name: str) -> bytes:
    """An output's bytes."""
    return dataset.store.read(manifest.artifact(name))


def test_a_shard_has_all_its_outputs(dataset: SyntheticDataset) -> None:
    manifest = make(dataset, "office", 2, 2)
    assert {artifact.name for artifact in manifest.artifacts} == {
        "shard.tar", "shard.index.json", "rows.parquet", "episodes.json",
        "bags/000002/000002.mcap", "bags/000002/metadata.yaml", "bags/000003/000003.mcap", "bags/000003/metadata.yaml",
    }  # fmt: skip
    assert {artifact.name for artifact in manifest.byproducts} == {"observed.json", "started.json", "throughput.json"}
    assert all(subject.annotations.determinism == "bitwise" for subject in manifest.subject)
    assert ToySimulator.closed


def test_the_outputs_tell_one_story(dataset: SyntheticDataset, tmp_path: Path) -> None:
    manifest = make(dataset, "office", 2, 2)
    for name in ("shard.tar", "bags/000003/000003.mcap"):
        (tmp_path / Path(name).name).write_bytes(read(dataset, manifest, name))
    samples = list(read_shard(tmp_path / "shard.tar"))
    assert [(s.episode, s.frame) for s in samples] == [(e, f) for e in (2, 3) for f in range(FRAMES)]
    rows = pq.read_table(io.BytesIO(read(dataset, manifest, "rows.parquet"))).to_pydict()
    assert rows["x_m"] == [sample.odometry.x_m for sample in samples]
    assert rows["depth_mean_m"] == [float(sample.depth_m.astype(np.float64).mean()) for sample in samples]
    index = ShardIndex.from_json(read(dataset, manifest, "shard.index.json"), what="index")
    assert len(index.samples) == len(samples)
    episodes = EpisodesDocument.from_json(read(dataset, manifest, "episodes.json"), what="episodes").episodes
    assert [episode.episode for episode in episodes] == [2, 3]
    assert episodes[0].path == make_episode("office", 2).path
    stamps = {message.stamp_ns for message in read_bag(tmp_path / "000003.mcap") if message.topic == IMAGE}
    assert stamps == {EPOCH_NS + sample.stamp_ns for sample in samples}


def test_a_shard_alone_has_the_bytes_it_has_in_a_longer_run(dataset: SyntheticDataset, tmp_path: Path) -> None:
    long, alone = make(dataset, "office", 0, 3), make(dataset, "office", 2, 1)
    assert read(dataset, long, "bags/000002/000002.mcap") == read(dataset, alone, "bags/000002/000002.mcap")
    found = []
    for number, manifest in enumerate((long, alone)):
        path = tmp_path / f"{number}.tar"
        path.write_bytes(read(dataset, manifest, "shard.tar"))
        found.append({key: members for key, members in read_members(path) if "_000002_" in key})
    assert found[0] == found[1]
    assert len(found[1]) == FRAMES


def test_made_again_in_another_store_every_output_has_the_same_bytes(
    dataset: SyntheticDataset, tmp_path_factory: pytest.TempPathFactory
) -> None:
    again = SyntheticDataset(tmp_path_factory.mktemp("again"))
    for item in again.items:
        again.store.put(f"files/{item.closure[0].sha256}", item.name.encode())
    first, second = make(dataset, "office", 0, 2), make(again, "office", 0, 2)
    assert first.content_digest == second.content_digest


def test_the_item_of_another_scene_is_refused(dataset: SyntheticDataset, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LookupError, match="exit 2"):
        make(dataset, "office", 0, 1, item="hall")
    assert "scenes/office.json" in said(capsys)


def test_an_item_under_the_name_of_another_is_refused(
    dataset: SyntheticDataset, capsys: pytest.CaptureFixture[str]
) -> None:
    swapped = {"scenes/office.json": dataset.items[1].to_json()}
    dataset.index = dataset.commit("index", make_spec("office", 0, 1), swapped)
    with pytest.raises(LookupError, match="exit 2"):
        make(dataset, "office", 0, 1)
    assert "field scene: the input is another scene's, got hall, expected office" in said(capsys)


def test_a_changed_scene_file_is_refused_with_both_digests(
    dataset: SyntheticDataset, capsys: pytest.CaptureFixture[str]
) -> None:
    sha256 = dataset.items[0].closure[0].sha256
    dataset.store.put(f"files/{sha256}", b"something else")
    with pytest.raises(LookupError, match="exit 1"):
        make(dataset, "office", 0, 1)
    message = said(capsys)
    assert sha256 in message
    assert sha256_hex(b"something else") in message


def test_the_page_shows_pictures_paths_and_counts(dataset: SyntheticDataset) -> None:
    manifest = make(dataset, "office", 0, 2)
    folder = manifest.artifact("shard.tar").uri.rpartition("/")[0]
    page = dataset.store.get(f"{folder}/report.html").decode()
    assert page.count("data:image/png") == 2 * FRAMES
    assert "episode 1, frame 2: 3 boxes" in page
    assert "episode 0" in page
    assert "planned" in page
    assert "person" in page


@pytest.mark.parametrize("lanes", [2, 5])
def test_a_shard_has_the_same_bytes_however_many_episodes_are_made_at_once(
    dataset: SyntheticDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lanes: int
) -> None:
    one = make(dataset, "office", 0, 5)
    monkeypatch.setattr(ToySimulator, "lanes", lanes)
    other = SyntheticDataset(tmp_path / "other")
    other.store.put(f"files/{other.items[0].closure[0].sha256}", b"office")
    many = make(other, "office", 0, 5)
    assert {a.name: a.sha256 for a in many.artifacts} == {a.name: a.sha256 for a in one.artifacts}


def test_a_recording_that_breaks_off_leaves_no_readable_bag(tmp_path: Path) -> None:
    def breaks_off() -> Iterator[tuple[Sample, ...]]:
        yield (make_sample(frame=0),)
        raise InterruptedError

    with pytest.raises(InterruptedError), Recording(tmp_path) as recording:
        recording.add([make_episode()], breaks_off(), lambda frames: None)
    assert not (tmp_path / "000000" / "metadata.yaml").exists()


def test_rows_say_what_readers_of_the_shard_see(tmp_path: Path) -> None:
    odd = replace(make_sample(), depth_m=np.full_like(make_sample().depth_m, 1.23456))
    with Recording(tmp_path) as recording:
        (files,) = recording.add([make_episode()], [(odd,)], lambda frames: None)
        recording.close()
    assert files.mcap.is_file()
    assert pq.read_table(recording.rows)["depth_max_m"].to_pylist() == [float(np.float32(1.235))]


def test_a_picture_of_the_gallery_has_four_panels_scaled_by_whole_numbers() -> None:
    with Image.open(io.BytesIO(panels(make_sample()))) as image:
        assert image.size == (2 * 256 + 4, 2 * 256 + 4)


def test_depth_colours_tell_near_from_far_and_nothing_is_black() -> None:
    colors = depth_colors(np.array([[0.0, 0.5, 9.5]], np.float32)).astype(int)
    assert colors[0, 0].tolist() == [0, 0, 0]
    assert colors[0, 1].sum() > colors[0, 2].sum() > 0


def test_neighbouring_instances_have_colours_far_apart() -> None:
    steps = [np.abs(np.subtract(color_of(k), color_of(k + 1))).max() for k in range(1, 60)]
    assert min(steps) > 60
