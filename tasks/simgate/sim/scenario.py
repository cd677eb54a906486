"""Scenario: one episode before anything moves, drawn from its own streams."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simgate.core.errors import InputError
from simgate.core.given.random import stream
from simgate.data.sample import Goal
from simgate.scene.grid import Disc
from simgate.scene.layout import Layout
from simgate.sim.actor import Placement, Walk
from simgate.sim.placing import Placer
from simgate.sim.randomize import Look, draw_look
from simgate.sim.robot import wrap_rad
from simgate.sim.route import RouteMap, length_m, plan
from simgate.specs.generate import GenerateSpec

MAX_LAYOUTS = 200
MAX_DETOUR = 1.35
"""A path longer than this times the straight distance is drawn again: the episode would not end in time."""
MAX_START_TURN_RAD = 0.6
"""The robot begins turned away from its path by at most this much."""
SEARCH_FACTOR = 4.0
"""Ways dearer than this times the straight distance are not searched."""


@dataclass(frozen=True, slots=True)
class Start:
    """Pose of the base at the start, world frame."""

    x_m: float
    y_m: float
    yaw_rad: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that is drawn for one episode."""

    scene: str
    episode: int
    start: Start
    goal: Goal
    placements: tuple[Placement, ...]
    walks: tuple[Walk, ...]
    look: Look
    path: tuple[tuple[float, float], ...]
    """The planned path from start to goal (x, y), world frame, metres."""


def draw_scenario(layout: Layout, spec: GenerateSpec, episode: int) -> Scenario:
    """Draw the scenario of one episode; it depends on scene, spec and the episode's number alone."""
    draw = stream(spec.dataset_seed, spec.scene, episode, "layout")
    placer = Placer(layout, spec, draw)
    for _ in range(MAX_LAYOUTS):
        found = _try_layout(layout, spec, placer, draw)
        if found is not None:
            start, goal, placements, walks, path = found
            look = draw_look(spec, episode, light_count=layout.light_count, component_count=layout.component_count)
            return Scenario(spec.scene, episode, start, Goal(*goal), placements, walks, look, path)
    raise InputError(
        f"scene {spec.scene}: no room for episode {episode}",
        actual=f"{MAX_LAYOUTS} layouts without a path of {spec.task.goal_distance_m}",
        expected="free floor for the robot, its goal and the obstacles",
        remedy="ask for fewer obstacles or a shorter goal distance, or clear the scene's floor",
    )


def route_of(layout: Layout, spec: GenerateSpec, goal: Goal, placements: tuple[Placement, ...]) -> RouteMap:
    """Return ways to the goal around the static obstacles, with the task's clearance."""
    clearance = layout.grid.with_discs(Disc(p.x_m, p.y_m, p.radius_m) for p in placements)
    margin = layout.robot.radius_m + spec.task.clearance_m
    limit = SEARCH_FACTOR * spec.task.goal_distance_m.high
    return plan(layout.grid, clearance, (goal.x_m, goal.y_m), margin_m=margin, limit_m=limit)


Found = tuple[Start, tuple[float, float], tuple[Placement, ...], tuple[Walk, ...], tuple[tuple[float, float], ...]]


def _try_layout(layout: Layout, spec: GenerateSpec, placer: Placer, draw: np.random.Generator) -> Found | None:
    ends = placer.start_and_goal()
    if ends is None:
        return None
    start, goal = ends
    placements = placer.placements(start, goal)
    if placements is None:
        return None
    path = route_of(layout, spec, Goal(*goal), placements).path_from(*start)
    if len(path) < 2 or length_m(path) > MAX_DETOUR * math.dist(start, goal):
        return None
    walks = placer.walks(start, path, placements)
    if walks is None:
        return None
    ahead = next((p for p in path if math.dist(p, start) > 0.4), path[-1])
    heading = math.atan2(ahead[1] - start[1], ahead[0] - start[0])
    yaw = wrap_rad(heading + draw.uniform(-MAX_START_TURN_RAD, MAX_START_TURN_RAD))
    return Start(start[0], start[1], yaw), goal, placements, walks, path
