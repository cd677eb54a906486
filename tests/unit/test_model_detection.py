"""Reading detections out of the output grids."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simgate.families.box import overlap
from simgate.families.navigator.contract import NavigatorContract
from simgate.families.navigator.detection import corner_grid, detections
from simgate.families.navigator.loss import corners_of
from simgate.families.navigator.spec import NavigatorSpec

CONTRACT = NavigatorContract.of(NavigatorSpec(image_width_px=64, image_height_px=48))
ROWS, COLUMNS = CONTRACT.grid
EMPTY = np.full((len(CONTRACT.obstacles), ROWS, COLUMNS), -10, np.float32)


def _box(width_cells: float = 2.0, height_cells: float = 2.0) -> np.ndarray:
    box = np.zeros((4, ROWS, COLUMNS), np.float32)
    box[2], box[3] = np.log(width_cells), np.log(height_cells)
    return box


def test_one_hot_cell_is_one_detection_around_its_centre() -> None:
    heat = EMPTY.copy()
    heat[1, 2, 3] = 3.0
    (found,) = detections(CONTRACT, heat, _box())
    assert found.label == CONTRACT.obstacles[1]
    assert found.score == pytest.approx(1 / (1 + np.exp(-3.0)))
    assert found[2:] == pytest.approx((3.5 * 8 - 8, 2.5 * 8 - 8, 3.5 * 8 + 8, 2.5 * 8 + 8))


def test_a_neighbour_of_a_hotter_cell_is_no_detection() -> None:
    heat = EMPTY.copy()
    heat[0, 2, 3], heat[0, 2, 4] = 3.0, 2.0
    assert len(detections(CONTRACT, heat, _box())) == 1


def test_two_boxes_of_one_class_on_the_same_place_are_one_detection() -> None:
    heat = EMPTY.copy()
    heat[0, 2, 2], heat[0, 2, 4] = 3.0, 2.0
    box = _box(5, 5)
    box[0, 2, 4] = -2.0
    assert [found.score for found in detections(CONTRACT, heat, box)] == [pytest.approx(0.9526, abs=1e-3)]


def test_two_classes_may_be_in_one_cell() -> None:
    heat = EMPTY.copy()
    heat[0, 2, 3], heat[4, 2, 3] = 3.0, 2.0
    assert [found.label for found in detections(CONTRACT, heat, _box())] == ["person", "bin"]


def test_a_box_outside_the_picture_is_no_detection() -> None:
    heat, box = EMPTY.copy(), _box()
    heat[0, 2, 0], box[0, 2, 0] = 3.0, -9.0
    assert detections(CONTRACT, heat, box) == []


def test_cells_that_differ_by_rounding_errors_are_the_same_peak_in_every_engine() -> None:
    heat = EMPTY.copy()
    heat[0, 2, 3], heat[0, 2, 5] = 3.0, 3.0 + 1e-6
    other = EMPTY.copy()
    other[0, 2, 3], other[0, 2, 5] = 3.0 + 1e-6, 3.0
    box = _box(1, 1)
    box[0, 2, 3], box[0, 2, 5] = 0.9, -0.9
    assert detections(CONTRACT, heat, box) == detections(CONTRACT, other, box)


def test_nothing_below_the_threshold_is_reported() -> None:
    heat = EMPTY.copy()
    heat[0, 1, 1] = -1.0
    assert detections(CONTRACT, heat, _box()) == []
    assert len(detections(CONTRACT, heat, _box(), score_threshold=0.2)) == 1


@settings(max_examples=30)
@given(st.integers(0, 2**31))
def test_whatever_the_network_says_boxes_lie_in_the_picture_and_scores_fall(seed: int) -> None:
    draw = np.random.default_rng(seed)
    heat, box = (draw.normal(0, 6, (n, ROWS, COLUMNS)).astype(np.float32) for n in (len(CONTRACT.obstacles), 4))
    found = detections(CONTRACT, heat, box, score_threshold=0.01)
    assert len(found) <= CONTRACT.max_detections
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    assert all(0 <= d.x_min < d.x_max <= 64 and 0 <= d.y_min < d.y_max <= 48 for d in found)


@settings(max_examples=20)
@given(st.integers(0, 2**31))
def test_training_reads_boxes_as_the_robot_does(seed: int) -> None:
    box = np.random.default_rng(seed).normal(0, 0.4, (4, ROWS, COLUMNS)).astype(np.float32)
    trained = corners_of(torch.from_numpy(box)[None])[0].numpy() * CONTRACT.stride_px
    limits = np.array([64, 48, 64, 48])[:, None, None]
    assert np.clip(trained, 0, limits) == pytest.approx(corner_grid(CONTRACT, box), abs=1e-3)


@given(st.lists(st.floats(0, 50), min_size=8, max_size=8))
def test_overlap_is_a_symmetric_share(edges: list[float]) -> None:
    first, second = ((e[0], e[1], e[0] + e[2], e[1] + e[3]) for e in (edges[:4], edges[4:]))
    assert 0 <= overlap(first, second) <= 1 + 1e-9
    assert overlap(first, second) == pytest.approx(overlap(second, first))
