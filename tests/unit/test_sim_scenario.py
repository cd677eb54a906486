"""Scenarios: the same for the same key, in the task's ranges, hindered but never closed; the expert drives them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simgate.core.errors import InputError
from simgate.sim.expert import Expert
from simgate.sim.randomize import draw_look
from simgate.sim.route import length_m
from simgate.sim.scenario import MAX_DETOUR, Scenario, draw_scenario, route_of
from simgate.sim.world import World
from simgate.specs.generate import Range, TaskSpec
from tests.unit.planned_room import furnished, room_spec

LAYOUT = furnished()
SPEC = room_spec()
EPISODES = 60


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    return [draw_scenario(LAYOUT, SPEC, episode) for episode in range(EPISODES)]


def test_an_episode_is_the_same_whatever_was_drawn_before(scenarios: list[Scenario]) -> None:
    again = draw_scenario(LAYOUT, SPEC, 17)
    assert again.start == scenarios[17].start
    assert (again.goal, again.placements, again.walks) == (
        scenarios[17].goal,
        scenarios[17].placements,
        scenarios[17].walks,
    )
    assert np.array_equal(again.look.tint, scenarios[17].look.tint)


def test_another_seed_or_scene_name_is_another_scenario(scenarios: list[Scenario]) -> None:
    other_seed = SPEC.model_copy(update={"dataset_seed": 12})
    other_name = SPEC.model_copy(update={"scene": "attic"})
    assert draw_scenario(LAYOUT, other_seed, 0).start != scenarios[0].start
    assert draw_scenario(LAYOUT, other_name, 0).start != scenarios[0].start


def test_goals_are_in_range_and_reached_by_a_short_clear_path(scenarios: list[Scenario]) -> None:
    margin_m = LAYOUT.robot.radius_m + SPEC.task.clearance_m
    for scenario in scenarios:
        start, goal = (scenario.start.x_m, scenario.start.y_m), (scenario.goal.x_m, scenario.goal.y_m)
        assert 2.0 <= math.dist(start, goal) <= 4.0
        assert math.dist(scenario.path[0], start) < 0.05
        assert math.dist(scenario.path[-1], goal) < 0.05
        assert length_m(scenario.path) <= MAX_DETOUR * math.dist(start, goal)
        for placement in scenario.placements:
            nearest = min(math.dist((placement.x_m, placement.y_m), point) for point in scenario.path)
            assert nearest >= margin_m + placement.radius_m - 0.05


def test_obstacles_stand_on_free_floor_apart_from_each_other(scenarios: list[Scenario]) -> None:
    low, high = SPEC.randomization.static_obstacles
    for scenario in scenarios:
        assert low <= len(scenario.placements) <= high
        for i, one in enumerate(scenario.placements):
            assert LAYOUT.grid.clearance_at(one.x_m, one.y_m) >= one.radius_m
            for other in scenario.placements[:i]:
                assert math.dist((one.x_m, one.y_m), (other.x_m, other.y_m)) > one.radius_m + other.radius_m


def test_walkers_have_a_free_line_and_begin_away_from_the_robot(scenarios: list[Scenario]) -> None:
    for scenario in scenarios:
        assert 1 <= len(scenario.walks) <= 2
        world = World(LAYOUT, scenario)
        for walk, actor in zip(scenario.walks, world.actors, strict=True):
            assert 0.2 <= walk.speed_m_s <= 0.6
            assert math.dist(actor.position_m, (scenario.start.x_m, scenario.start.y_m)) >= 1.0
            for share in np.linspace(0.0, 1.0, 9):
                x = walk.from_m[0] + share * (walk.to_m[0] - walk.from_m[0])
                y = walk.from_m[1] + share * (walk.to_m[1] - walk.from_m[1])
                assert LAYOUT.grid.clearance_at(x, y) >= walk.radius_m


def test_looks_stay_within_their_ranges_and_keep_hues() -> None:
    for episode in range(20):
        look = draw_look(SPEC, episode, light_count=3, component_count=20)
        assert 0.7 <= look.light_gain.min() <= look.light_gain.max() <= 1.3
        assert np.abs(look.light_shift_m).max() <= 0.3
        assert 0.15 <= look.ambient <= 0.35
        assert np.abs(look.tint - 1.0).max() <= 0.15


def test_a_scene_without_room_is_refused_by_name() -> None:
    far = SPEC.model_copy(update={"task": TaskSpec(goal_distance_m=Range(low=30.0, high=40.0))})
    with pytest.raises(InputError, match="scene room: no room for episode 0"):
        draw_scenario(LAYOUT, far, 0)


def test_the_expert_arrives_without_touching_anything(scenarios: list[Scenario]) -> None:
    outcomes = [drive_blind(scenario) for scenario in scenarios]
    assert outcomes.count("collision") == 0
    assert outcomes.count("success") >= 0.95 * len(outcomes)


def test_the_expert_keeps_to_the_limits_of_the_task(scenarios: list[Scenario]) -> None:
    for scenario in scenarios[:10]:
        expert = Expert(
            route_of(LAYOUT, SPEC, scenario.goal, scenario.placements), scenario.goal, LAYOUT.robot, SPEC.task
        )
        world = World(LAYOUT, scenario)
        for _ in range(20):
            command = expert.command(world.robot, world.actors)
            assert 0.0 <= command.speed_m_s <= SPEC.task.max_speed_m_s
            assert abs(command.yaw_rate_rad_s) <= SPEC.task.max_yaw_rate_rad_s
            world.step(command, 0.2)


def drive_blind(scenario: Scenario) -> str:
    """The expert's outcome within 40 steps of 0.2 s, without any picture."""
    expert = Expert(route_of(LAYOUT, SPEC, scenario.goal, scenario.placements), scenario.goal, LAYOUT.robot, SPEC.task)
    world = World(LAYOUT, scenario)
    for _ in range(40):
        world.step(expert.command(world.robot, world.actors), 0.2)
        if world.touched:
            return "collision"
        here = (world.robot.x_m, world.robot.y_m)
        if math.dist(here, (scenario.goal.x_m, scenario.goal.y_m)) <= SPEC.task.goal_radius_m:
            return "success"
    return "timeout"
