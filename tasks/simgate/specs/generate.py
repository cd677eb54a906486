"""GenerateSpec: one shard of episodes of one scene, and every range that domain randomization draws from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from simgate.core.documents.document import Document
from simgate.core.documents.names import Name
from simgate.core.documents.stage_spec import Spec
from simgate.core.documents.strictness import EQUAL, free, higher, lower
from simgate.rows.names import names
from simgate.rows.simulators import SIMULATORS

Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Range(Document):
    """A closed interval that a draw is uniform in."""

    low: Annotated[float, EQUAL]
    high: Annotated[float, EQUAL]

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if not self.low <= self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        return self


class CameraMount(Document):
    """The pose of a camera on the robot: base frame, x forward, y left, z up."""

    x_m: float
    y_m: float
    z_m: float
    yaw_rad: float = 0.0
    """To the left."""
    pitch_down_rad: Annotated[float, Field(gt=-1.5, lt=1.5)] = 0.0


class CameraSpec(Document):
    """The robot's camera: picture size and rate. Another camera is another robot.

    Optics and pose come from the robot's USD; a recipe may give them for a robot whose USD has no camera.
    """

    width_px: Annotated[int, Field(ge=32, le=1920), EQUAL] = 128
    height_px: Annotated[int, Field(ge=32, le=1080), EQUAL] = 96
    rate_hz: Annotated[float, Field(gt=0, le=60), EQUAL] = 5.0
    horizontal_fov_rad: Annotated[float | None, Field(gt=0.01, lt=3.1), EQUAL] = None
    """Horizontal field of view; None: the USD camera's."""
    mount: Annotated[CameraMount | None, EQUAL] = None
    """None: where the USD camera is."""


class Randomization(Document):
    """Ranges of domain randomization; all drawn per episode. Equal: a wider range is harder at one end, easier at the
    other."""

    light_gain: Range = Range(low=0.7, high=1.3)
    """Factor on every light's intensity, each light by itself."""
    light_shift_m: Annotated[float, EQUAL] = 0.3
    """Lights move by up to this much in x and y."""
    ambient: Range = Range(low=0.15, high=0.35)
    """Ambient radiance, linear, 0 to 1."""
    color_jitter: Annotated[Fraction, EQUAL] = 0.15
    """Largest change of a surface colour's channels, linear, 0 to 1."""
    static_obstacles: Annotated[tuple[int, int], EQUAL] = (3, 6)
    """Fewest and most static actors placed on free floor."""
    moving_obstacles: Annotated[tuple[int, int], EQUAL] = (1, 2)
    """Fewest and most moving actors."""
    actor_speed_m_s: Range = Range(low=0.2, high=0.6)
    """Walking speed of moving actors."""

    @field_validator("static_obstacles", "moving_obstacles")
    @classmethod
    def _fewest_first(cls, counts: tuple[int, int]) -> tuple[int, int]:
        if not 0 <= counts[0] <= counts[1]:
            raise ValueError(f"fewest {counts[0]} and most {counts[1]}: from 0, and the fewest first")
        return counts


class TaskSpec(Document):
    """Drive from a start to a goal."""

    goal_distance_m: Range = Range(low=2.0, high=4.0)
    """Straight-line distance from start to goal."""
    goal_radius_m: Annotated[Positive, lower()] = 0.35
    """Nearer than this counts as arrived."""
    max_speed_m_s: Annotated[Positive, EQUAL] = 0.8
    max_yaw_rate_rad_s: Annotated[Positive, EQUAL] = 1.5
    clearance_m: Annotated[Positive, EQUAL] = 0.10
    """Least distance of the planned path from obstacles, beyond the robot's radius; more leaves the narrow ways out."""


class ImuNoise(Document):
    """White noise of the IMU, per sample."""

    gyro_std_rad_s: Annotated[float, Field(ge=0), EQUAL] = 0.002
    accel_std_m_s2: Annotated[float, Field(ge=0), EQUAL] = 0.02


class SimulationSpec(Spec):
    """The part of a generate spec that is equal for every episode of a dataset, and for the closed loop."""

    simulator: Annotated[str, names(SIMULATORS), EQUAL]
    """Row of simgate/rows/simulators.py, or of another distribution."""
    simulator_version: Annotated[str, EQUAL]
    """Exact version; a stage that finds another one refuses."""
    device: Annotated[Literal["cpu", "cuda"], EQUAL]
    """Device class; byte-equality is claimed within one class only."""
    dataset_seed: Annotated[int, Field(ge=0, le=2**53 - 1), EQUAL]
    frames_per_episode: Annotated[int, Field(ge=2, le=100_000), higher()] = 20
    classes: Annotated[tuple[str, ...], Field(min_length=1, max_length=254), EQUAL]
    """Semantic id = position + 1."""
    camera: CameraSpec = CameraSpec()
    randomization: Randomization = Randomization()
    task: TaskSpec = TaskSpec()
    imu_noise: ImuNoise = ImuNoise()
    shadows: Annotated[bool, EQUAL] = True
    antialiasing: Annotated[bool, EQUAL] = True
    """MSAA ×4 for RGB; depth and masks always come from a single-sample pass."""

    @property
    def on_gpu(self) -> bool:
        """Whether the work is done on a GPU."""
        return self.device == "cuda"

    @model_validator(mode="after")
    def _known(self) -> SimulationSpec:
        if self.simulator not in SIMULATORS.names():
            raise ValueError(f"no simulator {self.simulator}; there are {', '.join(SIMULATORS.names())}")
        return self


class GenerateSpec(SimulationSpec):
    """Make one shard: `episodes` episodes of `scene`, from `first_episode` on."""

    scene: Annotated[Name, free("the closed loop drives in every scene of the eval split, whatever stands here")]
    first_episode: Annotated[int, Field(ge=0), free("the closed loop counts its episodes from 0")]
    episodes: Annotated[int, Field(ge=1, le=100_000), higher()]
