"""The contract between stored bytes and the network, and between its raw outputs and the robot."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from simgate.core.errors import InputError
from simgate.data.picture import encode_rgb
from simgate.data.sample import Goal, Odometry
from simgate.families.base_contract import read_contract
from simgate.families.goal import relative_goal
from simgate.families.navigator.contract import NavigatorContract
from simgate.families.navigator.spec import NavigatorSpec

CONTRACT = NavigatorContract.of(NavigatorSpec(image_width_px=64, image_height_px=48))


def _noise(height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)


def test_a_stored_png_comes_back_pixel_for_pixel() -> None:
    picture = _noise()
    assert (CONTRACT.picture(encode_rgb(picture)) == picture).all()


def test_a_jpeg_is_taken_too() -> None:
    file = io.BytesIO()
    Image.fromarray(_noise()).save(file, "JPEG")
    assert CONTRACT.picture(file.getvalue()).shape == (48, 64, 3)


def test_a_picture_of_another_size_is_refused_with_both_sizes() -> None:
    with pytest.raises(InputError, match=r"32×24 px.*64×48 px"):
        CONTRACT.picture(encode_rgb(_noise(24, 32)))


@pytest.mark.parametrize("data", [b"", b"GIF89a", encode_rgb(_noise())[:200]])
def test_bytes_that_are_no_whole_picture_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="cannot be decoded"):
        CONTRACT.picture(data)


def test_the_image_tensor_is_scaled_by_the_contracts_constants() -> None:
    tensor = CONTRACT.image_tensor(np.full((1, 48, 64, 3), 255, np.uint8))
    assert tensor.shape == (1, 3, 48, 64)
    assert tensor.dtype == np.float32
    assert tensor.max() == pytest.approx((1 - CONTRACT.pixel_mean) / CONTRACT.pixel_std)


@given(st.floats(0, 1e4), st.floats(-math.pi, math.pi))
def test_goal_features_are_finite_and_turn_smoothly_over_the_back(distance_m: float, bearing_rad: float) -> None:
    goal = CONTRACT.goal_tensor(np.array([distance_m] * 2), np.array([bearing_rad, bearing_rad + 2 * math.pi]))
    assert np.isfinite(goal).all()
    assert goal[0] == pytest.approx(goal[1], abs=1e-6)


@given(st.floats(width=32, allow_nan=False), st.floats(width=32, allow_nan=False))
def test_a_command_never_leaves_its_limits(speed: float, yaw_rate: float) -> None:
    command = CONTRACT.command({"command": np.array([speed, yaw_rate], np.float32)})
    assert 0 <= command.speed_m_s <= CONTRACT.max_speed_m_s
    assert abs(command.yaw_rate_rad_s) <= CONTRACT.max_yaw_rate_rad_s


def test_a_command_that_is_no_number_stays_visible_to_the_safety_monitor() -> None:
    assert math.isnan(CONTRACT.command({"command": np.array([np.nan, 0.0], np.float32)}).speed_m_s)


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-7, 7))
def test_a_goal_keeps_its_place_when_seen_from_the_robot(x_m: float, y_m: float, yaw_rad: float) -> None:
    goal = relative_goal(Goal(x_m, y_m), Odometry(1.0, 2.0, yaw_rad, 0.0, 0.0))
    back = yaw_rad + goal.bearing_rad
    assert 1 + goal.distance_m * math.cos(back) == pytest.approx(x_m, abs=1e-9)
    assert 2 + goal.distance_m * math.sin(back) == pytest.approx(y_m, abs=1e-9)


def test_a_goal_to_the_left_has_a_positive_bearing() -> None:
    assert relative_goal(Goal(0.0, 1.0), Odometry(0.0, 0.0, 0.0, 0.0, 0.0)).bearing_rad == pytest.approx(math.pi / 2)


def test_the_contract_survives_its_own_json() -> None:
    assert read_contract(CONTRACT.to_json(), what="contract") == CONTRACT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"family": "nobody"}, "no such model family.*nobody"),
        ({"family": 3}, "field family"),
        ({"image_width_px": 128}, "not those of a navigator"),
        ({"outputs": []}, "not those of a navigator"),
    ],
)
def test_a_contract_of_no_family_or_with_tensors_of_another_is_refused(change: dict[str, object], said: str) -> None:
    value = {**json.loads(CONTRACT.to_json()), **change}
    with pytest.raises(InputError, match=said):
        read_contract(json.dumps(value).encode(), what="contract")


def test_contract_and_onnx_engine_need_no_torch() -> None:
    code = "import sys, simgate.engine.onnx; sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
