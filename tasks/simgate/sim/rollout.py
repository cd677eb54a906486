"""Rollouts: episodes side by side, as samples (the expert drives) or as outcomes (a policy drives)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from simgate.core.errors import InputError
from simgate.core.given.random import stream
from simgate.data.sample import Command, Episode, Goal, ImuReading, Odometry, Sample
from simgate.documents.episode import EpisodeResult
from simgate.sim.expert import Expert
from simgate.sim.opening import open_simulator
from simgate.sim.protocol import EpisodeState, Frame, Simulator
from simgate.sim.robot import RobotState, imu, odometry, wheels, wrap_rad
from simgate.sim.scenario import Scenario, draw_scenario, route_of
from simgate.specs.generate import GenerateSpec

__all__ = ["Observation", "Policy", "drive", "goal_polar", "lanes_of", "open_simulator", "record"]

DISTURBANCE_STD = (0.08, 0.25, 0.08)
"""Of the executed speed (m/s), yaw rate (rad/s) and, of a holonomic base, lateral speed (m/s) around the expert's
command, in recorded episodes."""
DISTURBANCE_MEMORY = 0.7
"""Correlation of the disturbance from one frame to the next."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The input of a policy: picture, goal, odometry."""

    rgb: NDArray[np.uint8]
    """height × width × 3, sRGB."""
    goal_distance_m: float
    goal_bearing_rad: float
    """Of the goal in the base frame, positive to the left, in (−π, π]."""
    odometry: Odometry


Policy = Callable[[Observation], Command]
Decide = Callable[[Sequence[int]], list[Command]]
"""The commands of these lanes now."""
Outcome = Literal["success", "collision", "timeout"]
Drawn = TypeVar("Drawn")
STAND = Command(0.0, 0.0)


def lanes_of(simulator: Simulator, episodes: Sequence[Drawn]) -> Iterator[Sequence[Drawn]]:
    """Deal episodes out in the numbers that a simulator moves best."""
    for first in range(0, len(episodes), simulator.lanes):
        yield episodes[first : first + simulator.lanes]


def record(
    simulator: Simulator, spec: GenerateSpec, episodes: Sequence[int]
) -> tuple[tuple[Episode, ...], Iterator[tuple[Sample, ...]]]:
    """Drive episodes side by side, the expert at the wheel: their plans, and `frames_per_episode` moments of them.

    A moment is one sample an episode. A sample depends on its episode alone, whichever others run beside it. The
    executed command is the expert's plus a disturbance with memory, and the recorded one is the expert's alone, so
    that imitation also learns to come back (Laskey et al., DART, CoRL 2017). At the goal the expert stands still.
    The simulator is in use until the iterator is exhausted.
    """
    scenarios = [draw_scenario(simulator.layout, spec, episode) for episode in episodes]
    return tuple(_plan_of(scenario) for scenario in scenarios), _moments(simulator, spec, scenarios)


def _plan_of(scenario: Scenario) -> Episode:
    obstacles = tuple((p.x_m, p.y_m, p.radius_m) for p in scenario.placements)
    return Episode(scenario.scene, scenario.episode, scenario.path, scenario.goal, obstacles)


def _moments(simulator: Simulator, spec: GenerateSpec, scenarios: Sequence[Scenario]) -> Iterator[tuple[Sample, ...]]:
    simulator.reset(scenarios)
    recorders = [_Recorder(simulator, spec, scenario) for scenario in scenarios]
    for frame in range(spec.frames_per_episode):
        states = simulator.episodes
        commands = [recorder.decide(state) for recorder, state in zip(recorders, states, strict=True)]
        views = simulator.render(range(len(scenarios)))
        seen = zip(recorders, views, states, commands, strict=True)
        yield tuple(recorder.sample(frame, view, state, command) for recorder, view, state, command in seen)
        executed = [recorder.disturbed(command) for recorder, command in zip(recorders, commands, strict=True)]
        simulator.step(executed, 1.0 / spec.camera.rate_hz)


class _Recorder:
    """The expert of one episode, and the random streams of its samples."""

    def __init__(self, simulator: Simulator, spec: GenerateSpec, scenario: Scenario) -> None:
        self._spec = spec
        self._scenario = scenario
        self._robot = simulator.layout.robot
        self._expert = _expert(simulator, spec, scenario)
        self._noise = stream(spec.dataset_seed, spec.scene, scenario.episode, "imu")
        self._disturbance = _disturbance(spec, scenario.episode, axes=3 if self._robot.holonomic else 2)

    def decide(self, state: EpisodeState) -> Command:
        """Return the expert's command now."""
        return self._expert.command(state.robot, state.actors)

    def disturbed(self, command: Command) -> Command:
        """Return the command that is executed; one draw a frame."""
        return _disturbed(command, next(self._disturbance), self._spec)

    def sample(self, frame: int, view: Frame, state: EpisodeState, command: Command) -> Sample:
        """Return the sample of a frame, with the robot's sensor readings."""
        track = self._imu_track(frame, state)
        return Sample(
            scene=self._spec.scene,
            episode=self._scenario.episode,
            frame=frame,
            stamp_ns=track[-1].stamp_ns,
            rgb=view.rgb,
            depth_m=view.depth_m,
            semantic=view.semantic,
            instance=view.instance,
            boxes=view.boxes,
            camera=view.camera,
            imu=track[-1].imu,
            imu_track=track,
            odometry=odometry(state.robot),
            wheels=wheels(state.robot, self._robot),
            command=command,
            goal=self._scenario.goal,
        )

    def _imu_track(self, frame: int, state: EpisodeState) -> tuple[ImuReading, ...]:
        period_ns, count = 1e9 / self._spec.camera.rate_hz, len(state.trail)
        stamps_ns = [round((frame - (count - 1 - i) / count) * period_ns) for i in range(count)]
        readings = [imu(robot, self._spec.imu_noise, self._noise) for robot in state.trail]
        return tuple(map(ImuReading, stamps_ns, readings))


def _disturbance(spec: GenerateSpec, episode: int, *, axes: int) -> Iterator[NDArray[np.float64]]:
    draw = stream(spec.dataset_seed, spec.scene, episode, "disturbance")
    value = np.zeros(axes)
    fresh = math.sqrt(1.0 - DISTURBANCE_MEMORY**2)
    while True:
        value = DISTURBANCE_MEMORY * value + fresh * draw.normal(0.0, 1.0, axes)
        yield value * np.asarray(DISTURBANCE_STD[:axes])


def _disturbed(command: Command, offset: NDArray[np.float64], spec: GenerateSpec) -> Command:
    if command.speed_m_s == 0.0 and command.lateral_speed_m_s == 0.0:
        return command  # it waits or has arrived: a push would drive it into what it waits for
    asked = (command.speed_m_s, command.yaw_rate_rad_s, command.lateral_speed_m_s)
    return _bounded(Command(*(axis + float(push) for axis, push in zip(asked, offset, strict=False))), spec)


def drive(
    simulator: Simulator, spec: GenerateSpec, episodes: Sequence[int], policy: Policy | None, max_steps: int
) -> tuple[EpisodeResult, ...]:
    """Drive episodes in closed loop side by side at the camera's rate, each until it ends.

    None lets the expert drive (the upper bound, no picture made). An episode's number alone fixes start, goal,
    obstacles, walkers and lights, so results of two policies pair up.
    """
    if policy is not None and simulator.layout.robot.holonomic:
        raise InputError(
            f"scene {spec.scene}: no policy drives its robot in closed loop",
            actual="a holonomic base, commanded along three axes",
            expected="a differential drive: a policy commands a speed and a yaw rate",
            remedy="leave the scene out of the eval split, or use a model that commands no robot",
        )
    scenarios = [draw_scenario(simulator.layout, spec, episode) for episode in episodes]
    simulator.reset(scenarios)
    decide = _by_expert(simulator, spec, scenarios) if policy is None else _by_policy(simulator, scenarios, policy)
    drives = [_Drive(scenario, simulator.episodes[lane].robot) for lane, scenario in enumerate(scenarios)]
    for _ in range(max_steps):
        running = [lane for lane, drive in enumerate(drives) if drive.outcome == "timeout"]
        if not running:
            break
        commands = [STAND] * len(drives)
        for lane, command in zip(running, decide(running), strict=True):
            commands[lane] = _bounded(command, spec)
        simulator.step(commands, 1.0 / spec.camera.rate_hz)
        for lane in running:
            drives[lane].see(simulator.episodes[lane], spec)
    return tuple(drive.result() for drive in drives)


class _Drive:
    """The course of one episode; it ends by itself, whatever its neighbours do."""

    def __init__(self, scenario: Scenario, robot: RobotState) -> None:
        self._scenario = scenario
        self._path = [(robot.x_m, robot.y_m)]
        self._left_m = _distance_m(robot, scenario.goal)
        self.outcome: Outcome = "timeout"

    def see(self, state: EpisodeState, spec: GenerateSpec) -> None:
        """Note where it is after a step, and whether it has ended."""
        self._path.append((state.robot.x_m, state.robot.y_m))
        self._left_m = _distance_m(state.robot, self._scenario.goal)
        if state.touched:
            self.outcome = "collision"
        elif self._left_m <= spec.task.goal_radius_m:
            self.outcome = "success"

    def result(self) -> EpisodeResult:
        """Return the episode's outcome and path."""
        return EpisodeResult(
            scene=self._scenario.scene,
            episode=self._scenario.episode,
            outcome=self.outcome,
            steps=len(self._path) - 1,
            distance_left_m=self._left_m,
            path=tuple(self._path),
        )


def goal_polar(state: RobotState, goal: Goal) -> tuple[float, float]:
    """Return (distance in m, bearing in rad) of the goal in the base frame; the bearing is positive to the left."""
    bearing = math.atan2(goal.y_m - state.y_m, goal.x_m - state.x_m) - state.yaw_rad
    return _distance_m(state, goal), wrap_rad(bearing)


def _by_expert(simulator: Simulator, spec: GenerateSpec, scenarios: Sequence[Scenario]) -> Decide:
    experts = [_expert(simulator, spec, scenario) for scenario in scenarios]

    def decide(lanes: Sequence[int]) -> list[Command]:
        states = simulator.episodes
        return [experts[lane].command(states[lane].robot, states[lane].actors) for lane in lanes]

    return decide


def _by_policy(simulator: Simulator, scenarios: Sequence[Scenario], policy: Policy) -> Decide:
    def decide(lanes: Sequence[int]) -> list[Command]:
        robots = [simulator.episodes[lane].robot for lane in lanes]
        return [
            policy(Observation(rgb, *goal_polar(robot, scenarios[lane].goal), odometry(robot)))
            for lane, rgb, robot in zip(lanes, simulator.pictures(lanes), robots, strict=True)
        ]

    return decide


def _expert(simulator: Simulator, spec: GenerateSpec, scenario: Scenario) -> Expert:
    route = route_of(simulator.layout, spec, scenario.goal, scenario.placements)
    return Expert(route, scenario.goal, simulator.layout.robot, spec.task)


def _bounded(command: Command, spec: GenerateSpec) -> Command:
    """Clamp a command to the task's limits, without reverse; a command with a NaN or an infinity becomes a stop."""
    asked = (command.speed_m_s, command.yaw_rate_rad_s, command.lateral_speed_m_s)
    if not all(map(math.isfinite, asked)):
        return STAND
    turn = spec.task.max_yaw_rate_rad_s
    speed = min(max(command.speed_m_s, 0.0), spec.task.max_speed_m_s)
    # A differential drive asks for nothing sideways; of a holonomic base, both axes together keep the limit.
    room = math.sqrt(max(0.0, spec.task.max_speed_m_s**2 - speed**2))
    return Command(speed, min(max(command.yaw_rate_rad_s, -turn), turn), _between(command.lateral_speed_m_s, room))


def _between(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)


def _distance_m(state: RobotState, goal: Goal) -> float:
    return math.dist((state.x_m, state.y_m), (goal.x_m, goal.y_m))
