"""Placing: where things stand and walk in one episode, so that the way is hindered but never closed."""

from __future__ import annotations

import itertools
import math

import numpy as np

from simgate.scene.grid import Disc
from simgate.scene.layout import ActorModel, Layout
from simgate.sim.actor import Placement, Walk
from simgate.specs.generate import GenerateSpec

Point = tuple[float, float]

TRIES = 60
NEAR_WAY_SHARE = 0.6
"""Share of the obstacles that are put near the straight line to the goal."""
START_GAP_M = 0.45
GOAL_GAP_M = 0.30
WALKER_START_GAP_M = 1.0
WALKER_GAP_M = 0.10
"""Between a walker's line and anything that stands."""
LEAST_WALK_M = 0.8
GIVE_WAY_M = 0.35
"""Distance from the way, edge to edge with a robot on it, to the end of a walker's line."""


class Placer:
    """Draws places of one episode from one generator; a method returns None when its draws do not fit.

    A scene with fewer actors than asked for gives all it has.
    """

    def __init__(self, layout: Layout, spec: GenerateSpec, draw: np.random.Generator) -> None:
        self._layout = layout
        self._spec = spec
        self._draw = draw
        margin_m = layout.robot.radius_m + spec.task.clearance_m + layout.grid.cell_m
        roomy = layout.grid.clearance_m >= margin_m
        self._roomy = np.argwhere(roomy)
        self._begin = np.argwhere(roomy & layout.spawn)

    def start_and_goal(self) -> tuple[Point, Point] | None:
        """Draw two roomy cells whose distance is in the task's range, the first in a spawn area."""
        if not len(self._begin):
            return None
        start = self._cell(self._begin)
        wanted = self._spec.task.goal_distance_m
        grid = self._layout.grid
        xs = grid.origin_m[0] + (self._roomy[:, 1] + 0.5) * grid.cell_m
        ys = grid.origin_m[1] + (self._roomy[:, 0] + 0.5) * grid.cell_m
        distance = np.hypot(xs - start[0], ys - start[1])
        fitting = self._roomy[(distance >= wanted.low) & (distance <= wanted.high)]
        return (start, self._cell(fitting)) if len(fitting) else None

    def placements(self, start: Point, goal: Point) -> tuple[Placement, ...] | None:
        """Place static actors on free floor, most of them near the way, none at its ends."""
        low, high = self._spec.randomization.static_obstacles
        models = self._choose("static", low, high)
        placed: list[Placement] = []
        for model in models:
            spot = self._spot(model, start, goal, placed)
            if spot is not None:
                placed.append(
                    Placement(model.path, *spot, float(self._draw.uniform(-math.pi, math.pi)), model.radius_m)
                )
        return tuple(placed) if len(placed) >= min(low, len(models)) else None

    def walks(self, start: Point, path: tuple[Point, ...], placed: tuple[Placement, ...]) -> tuple[Walk, ...] | None:
        """Place walkers whose lines cross the path or run near it, on free floor, apart from each other."""
        low, high = self._spec.randomization.moving_obstacles
        models = self._choose("moving", low, high)
        clearance_m = self._layout.grid.with_discs(Disc(p.x_m, p.y_m, p.radius_m) for p in placed)
        walks: list[Walk] = []
        for model in models:
            for _ in range(TRIES):
                walk = self._walk(model, path, clearance_m)
                if walk is not None and _begins_away(walk, start) and all(_apart(walk, other) for other in walks):
                    walks.append(walk)
                    break
        return tuple(walks) if len(walks) >= min(low, len(models)) else None

    def _choose(self, role: str, low: int, high: int) -> list[ActorModel]:
        models = [m for m in self._layout.actors if m.role == role]
        count = min(int(self._draw.integers(low, high + 1)), len(models))
        return [models[i] for i in self._draw.permutation(len(models))[:count]]

    def _spot(self, model: ActorModel, start: Point, goal: Point, placed: list[Placement]) -> Point | None:
        body_m = self._layout.robot.radius_m + model.radius_m
        for _ in range(TRIES):
            spot = self._near_way(start, goal) if self._draw.random() < NEAR_WAY_SHARE else self._cell(self._roomy)
            if self._layout.grid.clearance_at(*spot) < model.radius_m:
                continue
            if math.dist(spot, start) < body_m + START_GAP_M or math.dist(spot, goal) < body_m + GOAL_GAP_M:
                continue
            if all(math.dist(spot, (p.x_m, p.y_m)) > p.radius_m + model.radius_m for p in placed):
                return spot
        return None

    def _near_way(self, start: Point, goal: Point) -> Point:
        along, aside = self._draw.uniform(0.25, 0.95), self._draw.uniform(-1.0, 1.0)
        dx, dy = goal[0] - start[0], goal[1] - start[1]
        length = math.hypot(dx, dy)
        return float(start[0] + along * dx - aside * dy / length), float(start[1] + along * dy + aside * dx / length)

    def _cell(self, cells: np.ndarray) -> Point:
        row, column = cells[int(self._draw.integers(len(cells)))]
        return self._layout.grid.center(int(row), int(column))

    def _walk(self, model: ActorModel, path: tuple[Point, ...], clearance_m: np.ndarray) -> Walk | None:
        middle, tangent = _at(path, float(self._draw.uniform(0.3, 0.85)))
        # Across the way, not along it: a walker that shares the robot's lane would only be followed.
        angle = math.atan2(tangent[1], tangent[0]) + float(self._draw.uniform(0.25, 0.75)) * math.pi
        ends = [self._reach(middle, angle + turn, model.radius_m, clearance_m) for turn in (math.pi, 0.0)]
        speed = self._spec.randomization.actor_speed_m_s
        pace = float(self._draw.uniform(speed.low, speed.high))
        begin, forward = float(self._draw.random()), bool(self._draw.random() < 0.5)
        aside_m = model.radius_m + self._layout.robot.radius_m + GIVE_WAY_M
        behind, ahead = (end if _distance(end, path) >= aside_m else middle for end in ends)
        if math.dist(ahead, behind) < LEAST_WALK_M or _cornered(behind, ahead, middle, tangent):
            return None
        return Walk(model.path, behind, ahead, pace, begin, forward, model.radius_m)

    def _reach(self, middle: Point, angle_rad: float, radius_m: float, clearance_m: np.ndarray) -> Point:
        """Return the end of a free line from `middle`, at most a drawn length away."""
        grid = self._layout.grid
        wanted_m = float(self._draw.uniform(0.9, 2.2))
        step_m = grid.cell_m
        end = middle
        for i in range(1, int(wanted_m / step_m) + 1):
            point = (middle[0] + i * step_m * math.cos(angle_rad), middle[1] + i * step_m * math.sin(angle_rad))
            if clearance_m[grid.cell(*point)] < radius_m + WALKER_GAP_M:
                break
            end = point
        return end


def _begins_away(walk: Walk, start: Point) -> bool:
    x = walk.from_m[0] + walk.start * (walk.to_m[0] - walk.from_m[0])
    y = walk.from_m[1] + walk.start * (walk.to_m[1] - walk.from_m[1])
    return math.dist((x, y), start) >= WALKER_START_GAP_M + walk.radius_m


def _apart(one: Walk, other: Walk) -> bool:
    """Return whether no point of one walk comes near the other, so that the walkers never meet."""
    shares = np.linspace(0.0, 1.0, 24)[:, None]
    a = np.asarray(one.from_m) + shares * (np.asarray(one.to_m) - np.asarray(one.from_m))
    b = np.asarray(other.from_m) + shares * (np.asarray(other.to_m) - np.asarray(other.from_m))
    nearest = float(np.linalg.norm(a[:, None] - b[None], axis=2).min())
    return nearest > one.radius_m + other.radius_m + WALKER_GAP_M


def _cornered(behind: Point, ahead: Point, middle: Point, tangent: Point) -> bool:
    """Return whether a walker could not give way: its line ends on the way, its open end towards the robot's start."""
    if middle not in (behind, ahead):
        return False
    open_end = behind if ahead == middle else ahead
    return (open_end[0] - middle[0]) * tangent[0] + (open_end[1] - middle[1]) * tangent[1] < 0.0


def _at(path: tuple[Point, ...], share: float) -> tuple[Point, Point]:
    """Return the point at a share of a polyline's length, and the unit direction there."""
    left_m = share * sum(math.dist(a, b) for a, b in itertools.pairwise(path))
    for a, b in itertools.pairwise(path):
        length_m = math.dist(a, b)
        if left_m <= length_m and length_m > 0.0:
            direction = ((b[0] - a[0]) / length_m, (b[1] - a[1]) / length_m)
            return (a[0] + left_m * direction[0], a[1] + left_m * direction[1]), direction
        left_m -= length_m
    return path[-1], (1.0, 0.0)


def _distance(point: Point, path: tuple[Point, ...]) -> float:
    """Return the distance from a point to a polyline."""
    ends = np.asarray(path)
    begin, along = ends[:-1], ends[1:] - ends[:-1]
    squared = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((np.asarray(point) - begin) * along).sum(axis=1) / squared, 0.0, 1.0)
    return float(np.linalg.norm(begin + share[:, None] * along - np.asarray(point), axis=1).min())
