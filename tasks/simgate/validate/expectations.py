"""Expectations: what every dataset of a recipe must look like, row by row and as a whole; plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from simgate.specs.generate import GenerateSpec
from simgate.specs.validate import ValidateSpec

KEY = ("scene", "episode", "frame")
BLANK_STD = 2.0
"""A channel that varies less than this (of 255) makes a picture nearly one colour."""
HIGHEST_ACCELERATION_M_S2 = 50.0
MARGIN = 1.001
"""Room for rounding at a limit."""

Argument = float | bool | str | list[str] | list[int]


@dataclass(frozen=True, slots=True)
class Expected:
    """One expectation, by the name that Great Expectations has for it."""

    type: str
    kwargs: dict[str, Argument] = field(default_factory=dict)


def expectations(recipe: GenerateSpec, spec: ValidateSpec) -> Iterator[Expected]:
    """Yield the suite: what every dataset of this recipe must look like, row by row and as a whole."""
    camera, task = recipe.camera, recipe.task
    yield _expect("expect_compound_columns_to_be_unique", column_list=list(KEY))
    yield _expect("expect_column_distinct_values_to_be_in_set", column="split", value_set=["train", "eval"])
    yield _expect(
        "expect_column_values_to_be_between", column="frame", min_value=0, max_value=recipe.frames_per_episode - 1
    )
    yield _expect("expect_column_distinct_values_to_equal_set", column="width_px", value_set=[camera.width_px])
    yield _expect("expect_column_distinct_values_to_equal_set", column="height_px", value_set=[camera.height_px])
    yield _share("rgb_std_g", 1 - spec.max_blank_fraction, low=BLANK_STD)
    for channel in "rgb":
        yield _within(f"rgb_mean_{channel}", 0.0, 255.0)
    yield _within("depth_invalid_fraction", 0.0, spec.max_invalid_depth_fraction)
    yield _within("depth_max_m", 0.0, spec.max_depth_m, strict_low=True)
    yield _expect(
        "expect_column_pair_values_a_to_be_greater_than_b",
        column_A="depth_max_m",
        column_B="depth_mean_m",
        or_equal=True,
    )
    yield _expect(
        "expect_column_pair_values_a_to_be_greater_than_b",
        column_A="depth_mean_m",
        column_B="depth_min_m",
        or_equal=True,
    )
    yield from _motion(task.max_speed_m_s, task.max_yaw_rate_rad_s, task.goal_distance_m.high)
    yield from _optics()
    yield _expect("expect_column_mean_to_be_between", column="boxes", min_value=0, strict_min=True)
    yield _expect(
        "expect_column_pair_values_a_to_be_greater_than_b", column_A="instances", column_B="boxes", or_equal=True
    )


def _motion(speed_m_s: float, yaw_rate_rad_s: float, goal_m: float) -> Iterator[Expected]:
    yield _within("command_speed_m_s", 0.0, speed_m_s * MARGIN)
    yield _within("command_yaw_rate_rad_s", -yaw_rate_rad_s * MARGIN, yaw_rate_rad_s * MARGIN)
    yield _within("speed_m_s", -speed_m_s * MARGIN, speed_m_s * MARGIN)
    yield _within("yaw_rate_rad_s", -yaw_rate_rad_s * MARGIN, yaw_rate_rad_s * MARGIN)
    for column in ("command_lateral_speed_m_s", "lateral_speed_m_s"):
        yield _within(column, -speed_m_s * MARGIN, speed_m_s * MARGIN)
    yield _within("yaw_rad", -3.1416, 3.1416)
    yield _within("goal_distance_m", 0.0, 2 * goal_m)
    for axis in "xyz":
        yield _within(f"accel_{axis}_m_s2", -HIGHEST_ACCELERATION_M_S2, HIGHEST_ACCELERATION_M_S2)
        yield _expect("expect_column_values_to_not_be_null", column=f"gyro_{axis}_rad_s")


def _optics() -> Iterator[Expected]:
    for name in ("camera_fx_px", "camera_fy_px", "camera_cx_px", "camera_cy_px"):
        yield _expect("expect_column_unique_value_count_to_be_between", column=name, min_value=1, max_value=1)
    yield _within("camera_fx_px", 0.0, 100_000.0, strict_low=True)


def _within(column: str, low: float, high: float, *, strict_low: bool = False) -> Expected:
    return _expect(
        "expect_column_values_to_be_between", column=column, min_value=low, max_value=high, strict_min=strict_low
    )


def _share(column: str, mostly: float, *, low: float) -> Expected:
    return _expect("expect_column_values_to_be_between", column=column, min_value=low, mostly=mostly)


def _expect(kind: str, **kwargs: Argument) -> Expected:
    return Expected(kind, kwargs)
