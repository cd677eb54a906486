"""Order, targets, losses, the packed split, and checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import AdamW

from simgate.core.errors import InputError, SimgateError
from simgate.families.box import overlap
from simgate.families.family import family_of
from simgate.families.frame import frames_in
from simgate.families.navigator.contract import NavigatorContract
from simgate.families.navigator.loss import focal_loss, overlap_loss
from simgate.families.navigator.spec import NavigatorSpec
from simgate.families.navigator.targets import grids_of
from simgate.families.truth import Truth
from simgate.families.weights import untrained
from simgate.specs.vocabulary import OBSTACLES
from simgate.train.checkpoint import TrainState, load_checkpoint, save_checkpoint
from simgate.train.order import Schedule
from simgate.train.pack import Pack, create_pack, open_pack, shuffle_labels
from tests.unit.toy_dataset import NETWORK, ToyStore

LEARNING = family_of("navigator").learning
CONTRACT = NavigatorContract.of(NETWORK)


@given(st.integers(1, 200), st.integers(1, 64), st.integers(0, 50))
def test_every_frame_is_seen_in_every_epoch(frames: int, batch_size: int, epoch: int) -> None:
    schedule = Schedule(7, frames, batch_size, epochs=60)
    order, mirrored = schedule.epoch_order(epoch)
    assert set(order.ravel()) == set(range(frames))
    assert order.shape == mirrored.shape == (schedule.steps_per_epoch, batch_size)


def test_order_is_a_function_of_seed_and_epoch_alone() -> None:
    schedule, again = Schedule(7, 50, 8, 10), Schedule(7, 50, 8, 99)
    assert (schedule.epoch_order(3)[0] == again.epoch_order(3)[0]).all()
    assert (schedule.epoch_order(3)[0] != schedule.epoch_order(4)[0]).any()
    assert (schedule.epoch_order(3)[0] != Schedule(8, 50, 8, 10).epoch_order(3)[0]).any()


def test_the_learning_rate_rises_then_falls() -> None:
    schedule = Schedule(7, 100, 10, 10)
    shares = [schedule.learning_rate_share(step) for step in range(schedule.steps)]
    assert max(shares) == pytest.approx(1.0)
    assert shares[0] < 0.5
    assert shares[-1] < 0.02


def test_an_object_is_hottest_in_its_centre_cell_and_asked_for_there() -> None:
    grids = grids_of(CONTRACT, [Truth("chair", (8.0, 8.0, 24.0, 32.0), counted=True)])
    heat = grids.heat[OBSTACLES.index("chair")]
    assert np.unravel_index(heat.argmax(), heat.shape) == (2, 2)
    assert heat.max() == 1.0
    assert grids.corners[:, 2, 2] == pytest.approx([1, 1, 3, 4])
    assert grids.heat[OBSTACLES.index("person")].max() == 0


def test_an_object_that_does_not_count_is_not_asked_about() -> None:
    grids = grids_of(CONTRACT, [Truth("chair", (8.0, 8.0, 24.0, 24.0), counted=False)])
    assert (grids.heat[OBSTACLES.index("chair"), 1:3, 1:3] == -1).all()
    assert (grids.corners == 0).all()


def test_the_smaller_of_two_objects_in_one_cell_is_asked_for() -> None:
    small, large = Truth("box", (18.0, 18.0, 22.0, 22.0), True), Truth("person", (4.0, 4.0, 36.0, 36.0), True)
    for order in ([small, large], [large, small]):
        assert grids_of(CONTRACT, order).corners[:, 2, 2] * 8 == pytest.approx(small.corners)


@settings(max_examples=50)
@given(st.integers(0, 58), st.integers(0, 42), st.integers(5, 64), st.integers(5, 48))
def test_every_object_that_counts_is_asked_for_once_as_a_centre(x: int, y: int, width: int, height: int) -> None:
    corners = (float(x), float(y), float(min(x + width, 64)), float(min(y + height, 48)))
    grids = grids_of(CONTRACT, [Truth("bin", corners, counted=True)])
    assert (grids.heat == 1).sum() == 1
    assert (grids.corners[2] > grids.corners[0]).sum() >= 1


def test_focal_loss_is_least_where_the_heat_is_right_and_ignores_what_is_not_asked() -> None:
    target = torch.zeros(1, 1, 4, 4)
    target[0, 0, 1, 1], target[0, 0, 3] = 1.0, -1.0
    right = torch.full_like(target, -8.0)
    right[0, 0, 1, 1], right[0, 0, 3] = 8.0, 8.0
    wrong = -right
    assert focal_loss(right, target) < 1e-3 < focal_loss(wrong, target)


def test_overlap_loss_is_zero_for_the_same_box_and_grows_with_distance() -> None:
    target = torch.tensor([1.0, 1.0, 3.0, 3.0]).reshape(1, 4, 1, 1)
    losses = [float(overlap_loss(target + shift, target)) for shift in (0.0, 0.5, 3.0)]
    assert losses[0] == pytest.approx(0, abs=1e-5)
    assert losses[0] < losses[1] < 1 < losses[2]
    assert overlap((1, 1, 3, 3), (1.5, 1.5, 3.5, 3.5)) == pytest.approx(2.25 / 5.75)


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    toy = ToyStore(tmp_path, train_episodes=2, eval_episodes=1)
    frames = frames_in(toy.folder / "toy-train-0.tar")
    return create_pack(tmp_path / "pack", CONTRACT, LEARNING, frames, 10, lambda _: None)


def test_a_pack_is_the_same_when_opened_again(pack: Pack, tmp_path: Path) -> None:
    again = open_pack(tmp_path / "pack", CONTRACT, LEARNING)
    assert all((pack.arrays[name] == again.arrays[name]).all() for name in ("picture", "goal", "command", "heat"))


def test_a_mirrored_batch_mirrors_everything_that_belongs_to_it(pack: Pack) -> None:
    positions = np.arange(10)
    plain = pack.batch(positions, np.zeros(10, bool))
    mirrored = pack.batch(positions, np.ones(10, bool))
    assert (mirrored.inputs["image"] == plain.inputs["image"][..., ::-1]).all()
    assert (mirrored.targets["heat"] == plain.targets["heat"][..., ::-1]).all()
    assert (mirrored.targets["command"] == plain.targets["command"] * [1, -1]).all()
    assert (mirrored.inputs["goal"] == plain.inputs["goal"] * [1, 1, -1, 1]).all()
    corners, turned = plain.targets["corners"], mirrored.targets["corners"]
    asked = corners[:, 2] > corners[:, 0]
    assert asked.any()
    assert (turned[:, 2] - turned[:, 0])[..., ::-1][asked] == pytest.approx(
        (corners[:, 2] - corners[:, 0])[asked], abs=1e-5
    )
    assert (8 - turned[:, 2])[..., ::-1][asked] == pytest.approx(corners[:, 0][asked], abs=1e-5)
    assert (pack.batch(positions, np.zeros(10, bool)).inputs["image"] == plain.inputs["image"]).all()


def test_shuffled_labels_belong_to_other_frames(pack: Pack) -> None:
    before = pack.arrays["command"].copy()
    shuffle_labels(pack, 3)
    assert (pack.arrays["command"] != before).any()
    assert sorted(map(tuple, pack.arrays["command"])) == sorted(map(tuple, before))


@pytest.mark.parametrize("count", [9, 11])
def test_another_number_of_frames_than_stated_is_refused(pack: Pack, tmp_path: Path, count: int) -> None:
    with pytest.raises(InputError, match="another number of frames"):
        create_pack(
            tmp_path / "again", CONTRACT, LEARNING, frames_in(tmp_path / "toy-train-0.tar"), count, lambda _: None
        )


def _stepped(seed: int) -> tuple[torch.nn.Module, AdamW]:
    network = untrained(
        family_of("navigator"), NavigatorSpec(width=4, image_width_px=32, image_height_px=32), seed
    ).eval()
    optimizer = AdamW(network.parameters(), 1e-3)
    _step(network, optimizer)
    return network, optimizer


def _step(network: torch.nn.Module, optimizer: AdamW) -> None:
    sum(output.square().sum() for output in network(torch.ones(1, 3, 32, 32), torch.ones(1, 4))).backward()
    optimizer.step()


def test_a_checkpoint_brings_back_network_optimizer_and_state_exactly(tmp_path: Path) -> None:
    network, optimizer = _stepped(1)
    state = TrainState(step=5, sums=(0.1, 0.2, 1 / 3, 0.4), loss_scale=1024.0)
    save_checkpoint(tmp_path / "c.safetensors", state, network, optimizer)
    again, fresh = _stepped(2)[0], None
    fresh = AdamW(again.parameters(), 1e-3)
    assert load_checkpoint(tmp_path / "c.safetensors", again, fresh) == state
    for one, two in ((network, optimizer), (again, fresh)):
        one.zero_grad()
        _step(one, two)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))


def test_a_torn_checkpoint_is_an_error_that_says_so(tmp_path: Path) -> None:
    network, optimizer = _stepped(1)
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, TrainState(), network, optimizer)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SimgateError, match="checkpoint cannot be read"):
        load_checkpoint(path, network, optimizer)
