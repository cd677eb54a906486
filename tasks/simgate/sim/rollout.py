"""Rollouts: one episode as samples (the expert drives) or as an outcome (a policy drives)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simgate.core.given.random import stream
from simgate.data.sample import Command, Episode, Goal, Odometry, Sample
from simgate.documents.episode import EpisodeResult
from simgate.sim.expert import Expert
from simgate.sim.opening import open_simulator
from simgate.sim.protocol import Simulator
from simgate.sim.robot import RobotState, imu, odometry, wheels, wrap_rad
from simgate.sim.scenario import Scenario, draw_scenario, route_of
from simgate.specs.generate import GenerateSpec

__all__ = ["Observation", "Policy", "drive", "goal_polar", "open_simulator", "record"]

DISTURBANCE_STD = (0.08, 0.25)
"""Of the executed speed (m/s) and yaw rate (rad/s) around the expert's command, in recorded episodes."""
DISTURBANCE_MEMORY = 0.7
"""Correlation of the disturbance from one frame to the next."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a policy sees."""

    rgb: NDArray[np.uint8]
    """height × width × 3, sRGB."""
    goal_distance_m: float
    goal_bearing_rad: float
    """Of the goal in the base frame, positive to the left, in (−π, π]."""
    odometry: Odometry


Policy = Callable[[Observation], Command]
Outcome = Literal["success", "collision", "timeout"]


def record(simulator: Simulator, spec: GenerateSpec, episode: int) -> tuple[Episode, Iterator[Sample]]:
    """One episode of `spec.frames_per_episode` samples with the expert driving.

    The executed command is the expert's plus a disturbance with memory, and the recorded one is the expert's alone, so
    that imitation also learns to come back (Laskey et al., DART, CoRL 2017). At the goal the expert stands still.
    The simulator is in use until the iterator is exhausted: one episode at a time.
    """
    scenario = draw_scenario(simulator.layout, spec, episode)
    obstacles = tuple((p.x_m, p.y_m, p.radius_m) for p in scenario.placements)
    return Episode(spec.scene, episode, scenario.path, scenario.goal, obstacles), _samples(simulator, spec, scenario)


def _samples(simulator: Simulator, spec: GenerateSpec, scenario: Scenario) -> Iterator[Sample]:
    simulator.reset(scenario)
    expert = _expert(simulator, spec, scenario)
    noise = stream(spec.dataset_seed, spec.scene, scenario.episode, "imu")
    disturbance = _disturbance(spec, scenario.episode)
    for frame in range(spec.frames_per_episode):
        command = expert.command(simulator.robot, simulator.actors)
        yield _sample(simulator, spec, scenario, frame, command, noise)
        simulator.step(_disturbed(command, next(disturbance), spec), 1.0 / spec.camera.rate_hz)


def _sample(
    simulator: Simulator,
    spec: GenerateSpec,
    scenario: Scenario,
    frame: int,
    command: Command,
    noise: np.random.Generator,
) -> Sample:
    view, state = simulator.render(), simulator.robot
    return Sample(
        scene=spec.scene,
        episode=scenario.episode,
        frame=frame,
        stamp_ns=round(frame * 1e9 / spec.camera.rate_hz),
        rgb=view.rgb,
        depth_m=view.depth_m,
        semantic=view.semantic,
        instance=view.instance,
        boxes=view.boxes,
        camera=view.camera,
        imu=imu(state, spec.imu_noise, noise),
        odometry=odometry(state),
        wheels=wheels(state, simulator.layout.robot),
        command=command,
        goal=scenario.goal,
    )


def _disturbance(spec: GenerateSpec, episode: int) -> Iterator[NDArray[np.float64]]:
    draw = stream(spec.dataset_seed, spec.scene, episode, "disturbance")
    value = np.zeros(2)
    fresh = math.sqrt(1.0 - DISTURBANCE_MEMORY**2)
    while True:
        value = DISTURBANCE_MEMORY * value + fresh * draw.normal(0.0, 1.0, 2)
        yield value * np.asarray(DISTURBANCE_STD)


def _disturbed(command: Command, offset: NDArray[np.float64], spec: GenerateSpec) -> Command:
    if command.speed_m_s == 0.0:
        return command  # it waits or has arrived: a push would drive it into what it waits for
    return _bounded(Command(command.speed_m_s + float(offset[0]), command.yaw_rate_rad_s + float(offset[1])), spec)


def drive(
    simulator: Simulator, spec: GenerateSpec, episode: int, policy: Policy | None, max_steps: int
) -> EpisodeResult:
    """One closed-loop episode at the camera's rate; None lets the expert drive (the upper bound, no picture made).

    The episode's number alone fixes start, goal, obstacles, walkers and lights, so results of two policies pair up.
    """
    scenario = draw_scenario(simulator.layout, spec, episode)
    simulator.reset(scenario)
    decide = _by_expert(simulator, spec, scenario) if policy is None else _by_policy(simulator, scenario.goal, policy)
    path = [(simulator.robot.x_m, simulator.robot.y_m)]
    outcome: Outcome = "timeout"
    while outcome == "timeout" and len(path) <= max_steps:
        simulator.step(_bounded(decide(), spec), 1.0 / spec.camera.rate_hz)
        path.append((simulator.robot.x_m, simulator.robot.y_m))
        outcome = _outcome(simulator, spec, scenario.goal)
    return EpisodeResult(
        scene=spec.scene,
        episode=episode,
        outcome=outcome,
        steps=len(path) - 1,
        distance_left_m=_distance_m(simulator.robot, scenario.goal),
        path=tuple(path),
    )


def goal_polar(state: RobotState, goal: Goal) -> tuple[float, float]:
    """(distance in metres, bearing in rad) of the goal in the base frame; the bearing is positive to the left."""
    bearing = math.atan2(goal.y_m - state.y_m, goal.x_m - state.x_m) - state.yaw_rad
    return _distance_m(state, goal), wrap_rad(bearing)


def _by_expert(simulator: Simulator, spec: GenerateSpec, scenario: Scenario) -> Callable[[], Command]:
    expert = _expert(simulator, spec, scenario)
    return lambda: expert.command(simulator.robot, simulator.actors)


def _by_policy(simulator: Simulator, goal: Goal, policy: Policy) -> Callable[[], Command]:
    def decide() -> Command:
        state = simulator.robot
        return policy(Observation(simulator.picture(), *goal_polar(state, goal), odometry(state)))

    return decide


def _expert(simulator: Simulator, spec: GenerateSpec, scenario: Scenario) -> Expert:
    route = route_of(simulator.layout, spec, scenario.goal, scenario.placements)
    return Expert(route, scenario.goal, simulator.layout.robot, spec.task)


def _outcome(simulator: Simulator, spec: GenerateSpec, goal: Goal) -> Outcome:
    if simulator.touched:
        return "collision"
    return "success" if _distance_m(simulator.robot, goal) <= spec.task.goal_radius_m else "timeout"


def _bounded(command: Command, spec: GenerateSpec) -> Command:
    """Within the task's limits, no reverse; a command that is no number stands still."""
    if not (math.isfinite(command.speed_m_s) and math.isfinite(command.yaw_rate_rad_s)):
        return Command(0.0, 0.0)
    turn = spec.task.max_yaw_rate_rad_s
    speed = min(max(command.speed_m_s, 0.0), spec.task.max_speed_m_s)
    return Command(speed, min(max(command.yaw_rate_rad_s, -turn), turn))


def _distance_m(state: RobotState, goal: Goal) -> float:
    return math.dist((state.x_m, state.y_m), (goal.x_m, goal.y_m))
