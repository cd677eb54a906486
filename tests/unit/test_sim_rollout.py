"""Rollouts: whole samples from the expert, honest outcomes for a policy, the same episode for every policy."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from simgate.data.sample import Command, Goal
from simgate.sim.protocol import Simulator
from simgate.sim.robot import RobotState
from simgate.sim.rollout import Observation, drive, goal_polar, open_simulator, record
from tests.unit.tiny_scene import spec, write_scene

SPEC = spec(frames_per_episode=12)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    opened = open_simulator(SPEC, write_scene(tmp_path_factory.mktemp("scene")))
    yield opened
    opened.close()


def test_an_episode_has_every_frame_on_time_and_in_shape(simulator: Simulator) -> None:
    (episode,), moments = record(simulator, SPEC, [3])
    samples = [sample for (sample,) in moments]
    assert [s.frame for s in samples] == list(range(12))
    assert [s.stamp_ns for s in samples] == [k * 200_000_000 for k in range(12)]
    assert samples[0].rgb.shape == (48, 64, 3)
    assert {(s.depth_m.dtype, s.semantic.dtype, s.instance.dtype) for s in samples} == {
        (np.dtype(np.float32), np.dtype(np.uint8), np.dtype(np.uint16))
    }
    assert all(s.goal == episode.goal and s.scene == "tiny" and s.episode == 3 for s in samples)
    assert episode.path[0] == pytest.approx((samples[0].odometry.x_m, samples[0].odometry.y_m), abs=0.05)


def test_the_camera_moves_with_the_robot(simulator: Simulator) -> None:
    for (sample,) in record(simulator, SPEC, [3])[1]:
        pose = sample.camera.world_from_camera
        assert np.allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3))
        forward = (math.cos(sample.odometry.yaw_rad), math.sin(sample.odometry.yaw_rad))
        assert pose[:2, 2] == pytest.approx(forward)
        assert pose[0, 3] == pytest.approx(sample.odometry.x_m + 0.16 * forward[0])


def test_recorded_drives_get_nearer_to_the_goal_and_touch_nothing(simulator: Simulator) -> None:
    gained = []
    for number in range(6):
        samples = [sample for (sample,) in record(simulator, SPEC, [number])[1]]
        left = [math.dist((s.odometry.x_m, s.odometry.y_m), (s.goal.x_m, s.goal.y_m)) for s in samples]
        gained.append(left[0] - left[-1])
        assert not simulator.episodes[0].touched
    assert np.median(gained) > 0.5


def test_the_expert_succeeds_in_closed_loop(simulator: Simulator) -> None:
    results = drive(simulator, SPEC, range(20), None, 40)
    assert [r.outcome for r in results].count("success") >= 19
    assert all(len(r.path) == r.steps + 1 for r in results)
    assert all(r.distance_left_m <= SPEC.task.goal_radius_m for r in results if r.outcome == "success")


def test_two_policies_meet_the_same_episode(simulator: Simulator) -> None:
    seen: list[Observation] = []

    def still(observation: Observation) -> Command:
        seen.append(observation)
        return Command(0.0, 0.0)

    (waited,) = drive(simulator, SPEC, [5], still, 2)
    (driven,) = drive(simulator, SPEC, [5], None, 40)
    (again,) = drive(simulator, SPEC, [5], still, 2)
    assert waited == again
    assert waited.path[0] == driven.path[0]
    assert waited.outcome == "timeout"
    assert np.array_equal(seen[0].rgb, seen[2].rgb)


def test_a_blind_full_speed_policy_collides(simulator: Simulator) -> None:
    (result,) = drive(simulator, SPEC, [1], lambda _: Command(SPEC.task.max_speed_m_s, 0.0), 60)
    assert result.outcome in ("collision", "success")
    curved = drive(simulator, SPEC, range(4), lambda _: Command(SPEC.task.max_speed_m_s, 0.4), 60)
    outcomes = [result.outcome for result in curved]
    assert "collision" in outcomes


def test_a_command_that_is_no_number_stands_still(simulator: Simulator) -> None:
    (result,) = drive(simulator, SPEC, [2], lambda _: Command(math.nan, math.inf), 3)
    assert result.outcome == "timeout"
    assert result.path[0] == result.path[-1]


def test_the_goal_is_seen_to_the_left_with_a_positive_bearing() -> None:
    distance_m, bearing_rad = goal_polar(RobotState(1.0, 1.0, math.pi / 2), Goal(-1.0, 1.0))
    assert distance_m == pytest.approx(2.0)
    assert bearing_rad == pytest.approx(math.pi / 2)


@pytest.mark.parametrize("count", [2, 5])
def test_a_closed_loop_ends_the_same_however_many_episodes_run_side_by_side(simulator: Simulator, count: int) -> None:
    def towards(seen: Observation) -> Command:
        return Command(0.6, 1.5 * seen.goal_bearing_rad + 1e-3 * float(seen.rgb.mean()))

    alone = [result for number in range(count) for result in drive(simulator, SPEC, [number], towards, 30)]
    assert list(drive(simulator, SPEC, range(count), towards, 30)) == alone
    assert len({result.steps for result in alone}) > 1, "some end before others"
