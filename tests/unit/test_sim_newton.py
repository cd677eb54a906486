"""The Newton adapter: depth, masks, boxes and occlusion are true, and bytes depend on the scenario alone."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from simgate.core.errors import InputError
from simgate.data.sample import Goal
from simgate.sim.actor import Placement
from simgate.sim.protocol import Frame, Simulator, View
from simgate.sim.randomize import authored_look
from simgate.sim.rollout import open_simulator, record
from simgate.sim.scenario import Scenario, Start
from simgate.specs.generate import Randomization, Range, TaskSpec
from simgate.specs.vocabulary import CLASSES
from tests.unit.foreign_scene import write_foreign
from tests.unit.tiny_scene import spec, write_scene

ROOT = Path(__file__).parents[2]
DIM = Range(low=0.2, high=0.2)
CAMERA_X_M = -2.0 + 0.16


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def simulator(scene: Path) -> Iterator[Simulator]:
    opened = open_simulator(spec(), scene)
    yield opened
    opened.close()


def staged(simulator: Simulator, *placements: Placement) -> Frame:
    """The picture of a robot at (−2, 0) that looks along +x at some placed actors, as authored."""
    look = authored_look(
        light_count=simulator.layout.light_count, component_count=simulator.layout.component_count, ambient=0.25
    )
    goal = Goal(2.0, 0.0)
    way = ((-2.0, 0.0), (2.0, 0.0))
    simulator.reset([Scenario("tiny", 0, Start(-2.0, 0.0, 0.0), goal, placements, (), look, way)])
    return simulator.render([0])[0]


def box_at(x_m: float, y_m: float, name: str = "box_0") -> Placement:
    return Placement(f"/World/actors/{name}", x_m, y_m, 0.0, 0.22)


def mask_of(frame: Frame, label: str) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = frame.semantic == CLASSES.index(label) + 1
    return mask


def test_depth_is_along_the_optical_axis(simulator: Simulator) -> None:
    frame = staged(simulator)
    east = frame.depth_m[mask_of(frame, "wall")]
    # Every pixel of the wall ahead has the same depth; its ray lengths differ by up to a third.
    ahead = frame.depth_m[20:24, 20:44]
    assert ahead == pytest.approx(3.0 - CAMERA_X_M, abs=1e-4)
    assert east.max() == pytest.approx(3.0 - CAMERA_X_M, abs=1e-4)


def test_the_floor_unprojects_to_zero_height(simulator: Simulator) -> None:
    frame, floor = staged(simulator), None
    floor = mask_of(frame, "floor")
    rows, columns = np.nonzero(floor)
    depth = frame.depth_m[floor].astype(np.float64)
    x = (columns + 0.5 - frame.camera.cx_px) / frame.camera.fx_px * depth
    y = (rows + 0.5 - frame.camera.cy_px) / frame.camera.fy_px * depth
    world = np.stack([x, y, depth, np.ones_like(depth)], axis=1) @ frame.camera.world_from_camera.T
    assert len(world) > 500
    assert np.abs(world[:, 2]).max() < 1e-4


def test_where_nothing_is_hit_depth_and_masks_are_zero(simulator: Simulator) -> None:
    frame = staged(simulator)
    open_top = frame.semantic == 0  # the tiny room has no ceiling
    assert open_top[0].any()
    assert not frame.depth_m[open_top].any()
    assert not frame.instance[open_top].any()


def test_a_box_is_the_extent_of_its_mask(simulator: Simulator) -> None:
    frame = staged(simulator, box_at(-0.5, 0.3))
    [box] = [b for b in frame.boxes if b.label == "box"]
    rows, columns = np.nonzero(frame.instance == box.instance)
    assert (box.x_min_px, box.x_max_px) == (columns.min(), columns.max() + 1)
    assert (box.y_min_px, box.y_max_px) == (rows.min(), rows.max() + 1)
    assert box.visible_px == len(rows)
    assert box.occlusion == 0.0
    assert mask_of(frame, "box").sum() == len(rows)


def test_occlusion_is_the_share_that_others_hide(simulator: Simulator) -> None:
    rear = box_at(0.5, 0.0)
    alone = next(b for b in staged(simulator, rear).boxes if b.label == "box")
    both = staged(simulator, rear, box_at(-0.6, 0.12, "box_1"))
    hidden = next(b for b in both.boxes if b.instance == alone.instance)
    assert 0.1 < hidden.occlusion < 0.9
    assert hidden.occlusion == pytest.approx(1.0 - hidden.visible_px / alone.visible_px, abs=0.02)


def test_parked_actors_structure_and_the_robot_itself_have_no_box(simulator: Simulator) -> None:
    frame = staged(simulator)
    assert {box.label for box in frame.boxes} <= {"table"}


def test_channels_are_red_green_blue(simulator: Simulator) -> None:
    frame = staged(simulator, Placement("/World/actors/person_0", -0.5, 0.0, 0.0, 0.25))
    red, _, blue = frame.rgb[mask_of(frame, "person")].mean(axis=0)
    assert red > 2.0 * blue


def test_pictures_are_neither_dark_nor_burnt_out(simulator: Simulator) -> None:
    rgb = staged(simulator).rgb
    assert 70 < rgb.mean() < 210
    assert (rgb.min(axis=2) >= 254).mean() < 0.05


def test_a_brighter_lamp_makes_a_brighter_picture_and_leaves_no_trace(simulator: Simulator) -> None:
    before = staged(simulator)
    look = authored_look(
        light_count=simulator.layout.light_count, component_count=simulator.layout.component_count, ambient=0.25
    )
    bright = replace(look, light_gain=2.0 * look.light_gain)
    simulator.reset([Scenario("tiny", 0, Start(-2.0, 0.0, 0.0), Goal(2.0, 0.0), (), (), bright, ())])
    assert simulator.pictures([0])[0].mean() > before.rgb.mean() + 10
    assert np.array_equal(staged(simulator).rgb, before.rgb)


def test_the_picture_alone_is_the_rendered_one(simulator: Simulator) -> None:
    frame = staged(simulator, box_at(-0.5, 0.3))
    assert np.array_equal(simulator.pictures([0])[0], frame.rgb)


def digests(opened: Simulator, order: list[int]) -> dict[str, str]:
    """Episode → digest of everything in its samples, the episodes made in this order."""
    return {episode: digest for number in order for episode, digest in together(opened, [number]).items()}


def together(opened: Simulator, episodes: list[int]) -> dict[str, str]:
    """Episode → digest of everything in its samples, the episodes made side by side."""
    found = {str(episode): hashlib.sha256() for episode in episodes}
    for moment in record(opened, spec(), episodes)[1]:
        for sample in moment:
            digest = found[str(sample.episode)]
            for array in (sample.rgb, sample.depth_m, sample.semantic, sample.instance):
                digest.update(array.tobytes())
            truth = (sample.boxes, sample.imu, sample.odometry, sample.wheels, sample.command, sample.goal)
            digest.update(repr(truth).encode())
            digest.update(sample.camera.world_from_camera.tobytes())
    return {episode: digest.hexdigest() for episode, digest in found.items()}


@pytest.mark.parametrize("count", [2, 5])
def test_samples_are_the_same_however_many_episodes_run_side_by_side(simulator: Simulator, count: int) -> None:
    assert together(simulator, list(range(count))) == digests(simulator, list(range(count)))


def test_an_overview_shows_the_scene_as_authored_and_leaves_no_trace(simulator: Simulator) -> None:
    before = staged(simulator, box_at(-0.5, 0.3))
    view = View((-2.5, -2.0, 2.0), (0.0, 0.0, 0.0), math.radians(80), 64, 48)
    first, second = simulator.overview(view), simulator.overview(view)
    assert first.rgb.shape == (48, 64, 3)
    assert first.depth_m[24, 32] > 1.0
    assert np.array_equal(first.rgb, second.rgb)
    assert np.array_equal(staged(simulator, box_at(-0.5, 0.3)).rgb, before.rgb)


def test_bytes_are_the_same_in_another_process_and_another_order(scene: Path, simulator: Simulator) -> None:
    script = f"""
import json
from pathlib import Path
from tests.unit.test_sim_newton import digests, open_simulator, spec
print(json.dumps(digests(open_simulator(spec(), Path({str(scene)!r})), [2, 0])))
"""
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, ran.stderr
    elsewhere = json.loads(ran.stdout.splitlines()[-1])
    here = digests(simulator, [0, 1, 2])
    assert elsewhere == {episode: here[episode] for episode in ("2", "0")}
    assert len(set(here.values())) == 3


def test_another_version_than_asked_is_refused_by_both_names(scene: Path) -> None:
    with pytest.raises(InputError, match=r"1\.8\.0 installed.*9\.9\.9 in the spec"):
        open_simulator(spec(simulator_version="9.9.9"), scene)


def test_an_absent_simulator_is_refused(scene: Path) -> None:
    with pytest.raises(InputError, match="isaac"):
        open_simulator(spec(simulator="isaac"), scene)


def test_a_scene_without_a_labelled_floor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no prim labelled floor"):
        open_simulator(spec(), write_scene(tmp_path, floor_label="rug"))


def test_a_scene_in_centimetres_looks_like_the_one_in_metres(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    roots = write_foreign(tmp_path / "m", metres_per_unit=1.0), write_foreign(tmp_path, metres_per_unit=0.01)
    far = spec(task=TaskSpec(goal_distance_m=Range(low=1.0, high=2.0)), randomization=Randomization(ambient=DIM))
    (first, second) = (next(record(open_simulator(far, root), far, [0])[1])[0] for root in roots)
    assert np.abs(first.depth_m - second.depth_m).max() < 0.01
    assert (first.instance != second.instance).mean() < 0.01
    assert first.depth_m.max() > 1.0
    assert len(np.unique(first.instance)) > 1
    assert first.goal == second.goal
    assert np.abs(first.rgb.astype(int) - second.rgb).mean() < 1.0
