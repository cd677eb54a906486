"""Shard, rows, bag and splits against each other: every planted defect is found and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simgate.core.runtime.manifest import Manifest
from simgate.data.sample import Sample
from simgate.data.shard import ShardIndex
from simgate.specs.validate import ValidateSpec
from simgate.validate.finding import Findings
from simgate.validate.shard_truth import DataShard, ShardCheck
from simgate.validate.split import check_apart, check_recipe, split_document
from tests.unit.synthetic_dataset import FRAMES, SyntheticDataset, make_item, make_spec

Outputs = dict[str, bytes]


def check(dataset: SyntheticDataset, manifest: Manifest) -> tuple[ShardCheck, Findings]:
    """What is found in one shard."""
    findings = Findings()
    spec = make_spec(manifest.spec["scene"], manifest.spec["first_episode"], manifest.spec["episodes"])
    shard = DataShard(manifest, spec, dataset.items[0])
    folder = dataset.folder / "fetched"

    def fetch(output: str) -> Path:
        return dataset.store.fetch(manifest.artifact(output), folder / output)

    checked = ShardCheck(shard, ValidateSpec(), findings, fetch)
    checked.run()
    return checked, findings


def test_a_clean_shard_has_no_finding(tmp_path: Path) -> None:
    dataset = SyntheticDataset(tmp_path)
    checked, findings = check(dataset, dataset.add("office", first=4, episodes=2))
    assert findings.reasons == ()
    assert checked.frames == 2 * FRAMES
    assert checked.goal_progress_m == pytest.approx([0.2, 0.2])


def rename_index(outputs: Outputs) -> None:
    """An index that lists the frames in another order."""
    index = ShardIndex.from_json(outputs["shard.index.json"], what="index")
    outputs["shard.index.json"] = index.model_copy(update={"samples": index.samples[::-1]}).to_json()


def shorten(outputs: Outputs) -> None:
    """A shard without its last sample, ended properly."""
    index = ShardIndex.from_json(outputs["shard.index.json"], what="index")
    outputs["shard.tar"] = outputs["shard.tar"][: index.samples[-1].start] + bytes(1024)


def other(name: str, change: Callable[[Sample], Sample]) -> Callable[[SyntheticDataset], Callable[[Outputs], None]]:
    """Take output `name` from a recording whose samples went through `change`."""

    def planted(dataset: SyntheticDataset) -> Callable[[Outputs], None]:
        recorded = dataset.record("office", 0, 1, change)
        return lambda outputs: outputs.update({name: recorded[name]})

    return planted


def always(plant: Callable[[Outputs], object]) -> Callable[[SyntheticDataset], Callable[[Outputs], object]]:
    """A plant that needs no second recording."""
    return lambda dataset: plant


def darker(sample: Sample) -> Sample:
    """Another picture."""
    return replace(sample, rgb=sample.rgb // 2)


def later(sample: Sample) -> Sample:
    """Another stamp."""
    return replace(sample, stamp_ns=sample.stamp_ns + 5)


def moved(sample: Sample) -> Sample:
    """Another place."""
    return replace(sample, odometry=replace(sample.odometry, y_m=1.0))


BAG = "bags/000000/000000.mcap"
DEFECTS: dict[str, tuple[Callable[[SyntheticDataset], Callable[[Outputs], object]], str]] = {
    "other pictures in the bag": (other(BAG, darker), f"bag: office episodes 0–0, {BAG}: picture of office"),
    "other stamps in the bag": (other(BAG, later), "has stamp 5 ns, the shard 0 ns"),
    "other poses in the bag": (other(BAG, moved), "pose and speed at office_000000_0000"),
    "no bag": (always(lambda o: o.pop(BAG)), f"{BAG} is missing"),
    "bag cut": (always(lambda o: o.update({BAG: o[BAG][:9000]})), "readable: office episodes 0–0: 000000.mcap"),
    "rows of another shard": (other("rows.parquet", darker), "rows: office episodes 0–0, sample office_000000_0000"),
    "no parquet": (always(lambda o: o.update({"rows.parquet": b"PAR1"})), "readable: office"),
    "index out of order": (always(rename_index), "the index lists office_000000_0002 here"),
    "index of nothing": (always(lambda o: o.update({"shard.index.json": b"{}"})), "readable: office"),
    "sample missing": (always(shorten), "shard has 2 frames, expected 3"),
    "tar cut": (always(lambda o: o.update({"shard.tar": o["shard.tar"][:5000]})), "readable: office"),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_of_a_shard_is_found(defect: str, tmp_path: Path) -> None:
    make, reason = DEFECTS[defect]
    dataset = SyntheticDataset(tmp_path)
    _, findings = check(dataset, dataset.add("office", plant=make(dataset)))
    assert any(reason in line for line in findings.reasons), findings.reasons


def test_a_flaw_of_one_frame_is_named_with_its_sample(tmp_path: Path) -> None:
    dataset = SyntheticDataset(tmp_path)

    def hide(sample: Sample) -> Sample:
        return sample if sample.frame != 1 else replace(sample, boxes=sample.boxes[1:])

    _, findings = check(dataset, dataset.add("office", change=hide))
    assert findings.reasons == (
        "box against mask: office episodes 0–0, sample office_000000_0001: "
        "person (instance 2) has 54 visible pixels and no box",
    )


def test_many_flaws_are_counted_and_three_are_told(tmp_path: Path) -> None:
    dataset = SyntheticDataset(tmp_path)
    manifest = dataset.add("office", episodes=2, change=lambda s: replace(s, boxes=s.boxes[1:]))
    _, findings = check(dataset, manifest)
    assert findings.counts == {"box against mask": 6}
    assert len(findings.reasons) == 4
    assert findings.reasons[3] == "box against mask: … and 3 more"


def shards(dataset: SyntheticDataset, *asked: tuple[int, int, int]) -> list[DataShard]:
    """Shards of (scene number, first episode, episodes)."""
    made = []
    for number, first, episodes in asked:
        item = dataset.items[number]
        manifest = dataset.add(item.name, first=first, episodes=episodes)
        made.append(DataShard(manifest, make_spec(item.name, first, episodes), item))
    return made


def test_a_scene_on_both_sides_is_named_by_content(tmp_path: Path) -> None:
    findings = Findings()
    twin = make_item("twin", "eval", content="office")
    check_apart([make_item("office", "train", content="office"), twin], findings)
    assert "train scene office and eval scene twin: have one content" in findings.reasons[0]


def test_scenes_of_other_content_are_apart_even_if_their_files_have_the_same_names() -> None:
    findings = Findings()
    train, held_out = make_item("a", "train", content="1", folder="x"), make_item("a", "eval", content="2", folder="x")
    check_apart([train, held_out], findings)
    assert findings.passed


def test_an_episode_in_two_shards_is_found(tmp_path: Path) -> None:
    findings = Findings()
    check_recipe(shards(SyntheticDataset(tmp_path), (0, 0, 2), (0, 1, 1)), findings)
    assert findings.reasons == ("complete: office episodes 1–1: episode 1 is in office episodes 0–1 too",)


def test_two_recipes_are_found_by_field(tmp_path: Path) -> None:
    findings = Findings()
    first, second = shards(SyntheticDataset(tmp_path), (0, 0, 1), (1, 0, 1))
    changed = replace(second, spec=second.spec.model_copy(update={"dataset_seed": 2}))
    check_recipe([first, changed], findings)
    assert findings.reasons == ("recipe: hall episodes 0–0: field dataset_seed is 2, in office episodes 0–0 1",)


def test_a_split_lists_its_shards_by_content(tmp_path: Path) -> None:
    made = shards(SyntheticDataset(tmp_path), (0, 0, 2), (0, 2, 1), (1, 0, 1))
    frames = {shard.manifest.content_digest: FRAMES * shard.spec.episodes for shard in made}
    train = split_document("train", made, frames)
    assert [(entry.first_episode, entry.frames) for entry in train.shards] == [(0, 6), (2, 3)]
    assert train.frames == 9
    assert [item.name for item in train.scenes] == ["office"]
    assert {file.name for file in train.shards[1].files} >= {"shard.tar", "rows.parquet", "bags/000002/000002.mcap"}
