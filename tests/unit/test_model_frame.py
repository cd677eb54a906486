"""Frames as they are streamed out of shards."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate.data.sample import Box
from simgate.families.frame import frames_in, frames_of, read_split
from simgate.families.truth import truth_of
from simgate.specs.export import ExportSpec
from tests.unit.toy_dataset import FRAMES, ToyStore, toy_sample


def test_a_splits_frames_come_in_stored_order_and_leave_no_file(tmp_path: Path) -> None:
    toy = ToyStore(tmp_path, train_episodes=4, eval_episodes=1)
    work = toy.work(
        "export",
        ExportSpec(family="navigator", target="onnxruntime-cpu"),
        [toy.input(toy.validate, "splits/train.json")],
    )
    split = read_split(work.inputs.read("validate", "splits/train.json"), what="split")
    frames = list(frames_of(work.inputs, split, work.folder))
    assert [(f.episode, f.frame) for f in frames] == [(e, i) for e in range(4) for i in range(FRAMES)]
    assert list(work.folder.iterdir()) == []


def test_a_frame_is_what_was_stored(tmp_path: Path) -> None:
    toy = ToyStore(tmp_path, train_episodes=2, eval_episodes=1)
    frame = next(frames_in(toy.folder / "toy-train-0.tar"))
    sample = toy_sample("toy-train", 0, 0)
    assert frame.command == sample.command
    assert frame.boxes == sample.boxes
    assert frame.goal.distance_m == pytest.approx((sample.goal.x_m**2 + sample.goal.y_m**2) ** 0.5)


@pytest.mark.parametrize(
    ("edge_px", "visible_px", "occlusion", "counted"),
    [(10, 90, 0.0, True), (7, 90, 0.0, False), (10, 19, 0.0, False), (10, 90, 0.8, False), (8, 20, 0.7, True)],
)
def test_small_or_hidden_objects_do_not_count(edge_px: int, visible_px: int, occlusion: float, counted: bool) -> None:
    box = Box(1, "box", 0, 0, edge_px, 20, visible_px, occlusion)
    assert truth_of(box).counted is counted


def test_a_split_without_shards_is_refused(tmp_path: Path) -> None:
    toy = ToyStore(tmp_path, train_episodes=2, eval_episodes=1)
    split = read_split(toy.store.read(toy.manifest(toy.validate).artifact("splits/eval.json")), what="split")
    with pytest.raises(InputError, match="has no shards"):
        read_split(split.model_copy(update={"shards": ()}).to_json(), what="splits/eval.json")
