"""The ONNX engine, and percentiles of differences."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from simgate.core.errors import InputError
from simgate.data.picture import encode_rgb
from simgate.engine.compare import UNBOUNDED, percentiles
from simgate.engine.onnx import OnnxEngine, build, open_target
from simgate.engine.pytorch import PytorchModel
from simgate.export.graph import onnx_bytes
from simgate.families.base_contract import METADATA_KEY
from simgate.families.goal import RelativeGoal
from simgate.families.navigator.contract import NavigatorContract
from tests.unit.toy_dataset import HEIGHT_PX, NETWORK, WIDTH_PX
from tests.unit.toy_model import toy_network

CONTRACT = NavigatorContract.of(NETWORK)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return toy_network(1).eval()


@pytest.fixture(scope="module")
def exported(network: nn.Module) -> bytes:
    return onnx_bytes(network, CONTRACT, 20)


def _picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)


def test_an_engine_file_is_enough_to_use_it(exported: bytes, tmp_path: Path) -> None:
    build(exported, "fp32", tmp_path)
    engine = open_target(tmp_path, CONTRACT)
    assert engine.contract == CONTRACT
    command = engine.command(encode_rgb(_picture(1)), 2.0, 0.3)
    assert 0 <= command.speed_m_s <= CONTRACT.max_speed_m_s
    found = CONTRACT.detections(engine.look(_picture(1), RelativeGoal(2.0, 0.3)), score_threshold=0.01)
    assert all(item.label in CONTRACT.obstacles for item in found)


def test_the_engine_says_what_pytorch_says(exported: bytes, network: nn.Module) -> None:
    engine, reference = OnnxEngine.from_bytes(exported, what="engine"), PytorchModel(network, CONTRACT)
    for seed in range(5):
        one = engine.command(encode_rgb(_picture(seed)), 1.5, -0.4)
        two = CONTRACT.command(reference.look(_picture(seed), RelativeGoal(1.5, -0.4)))
        assert one.speed_m_s == pytest.approx(two.speed_m_s, abs=1e-5)
        assert one.yaw_rate_rad_s == pytest.approx(two.yaw_rate_rad_s, abs=1e-5)


@pytest.mark.parametrize("batch", [1, 3, 8])
def test_any_batch_is_taken_and_rows_do_not_mix(exported: bytes, batch: int) -> None:
    engine = OnnxEngine.from_bytes(exported, what="engine")
    image = CONTRACT.image_tensor(np.stack([_picture(seed) for seed in range(batch)]))
    goal = CONTRACT.goal_tensor(np.linspace(0.5, 4, batch), np.linspace(-1, 1, batch))
    raw = engine.infer({"image": image, "goal": goal})
    assert {name: len(values) for name, values in raw.items()} == {"heat": batch, "box": batch, "command": batch}
    last = engine.infer({"image": image[-1:], "goal": goal[-1:]})
    assert raw["command"][-1] == pytest.approx(last["command"][0], abs=1e-5)


def test_the_engine_answers_the_same_bytes_every_time(exported: bytes) -> None:
    tensors = CONTRACT.tensors(_picture(1), RelativeGoal(1.0, 0.0))
    answers = {
        tuple(part.tobytes() for part in OnnxEngine.from_bytes(exported, what="engine").infer(tensors).values())
        for _ in range(3)
    }
    assert len(answers) == 1


def test_swapped_channels_are_another_picture(network: nn.Module) -> None:
    goal = RelativeGoal(1.0, 0.0)
    plain, wrong = PytorchModel(network, CONTRACT), PytorchModel(network, CONTRACT, swap_channels=True)
    seen = CONTRACT.command(wrong.look(_picture(1), goal))
    assert seen == CONTRACT.command(plain.look(_picture(1)[..., ::-1], goal))
    assert seen != CONTRACT.command(plain.look(_picture(1), goal))


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x08\x07"])
def test_bytes_that_are_no_model_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="no ONNX model"):
        OnnxEngine.from_bytes(data, what="engine")


def test_a_model_without_a_contract_is_refused(exported: bytes) -> None:
    model = onnx.load_from_string(exported)
    del model.metadata_props[:]
    with pytest.raises(InputError, match="carries no contract"):
        OnnxEngine.from_bytes(model.SerializeToString(), what="engine")


def test_a_broken_contract_is_refused_by_field(exported: bytes) -> None:
    model = onnx.load_from_string(exported)
    (entry,) = [entry for entry in model.metadata_props if entry.key == METADATA_KEY]
    entry.value = entry.value.replace('"max_speed_m_s":0.8', '"max_speed_m_s":-1')
    with pytest.raises(InputError, match="max_speed_m_s"):
        OnnxEngine.from_bytes(model.SerializeToString(), what="engine")


def test_a_model_with_other_outputs_is_refused(exported: bytes) -> None:
    model = onnx.load_from_string(exported)
    del model.graph.output[2]
    with pytest.raises(InputError, match="other inputs or outputs"):
        OnnxEngine.from_bytes(model.SerializeToString(), what="engine")


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_percentiles_rise_to_the_largest(values: list[float]) -> None:
    found = percentiles(values)
    assert list(found) == sorted(found)
    assert found.max == max(values)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_one_difference_that_is_no_number_spoils_all_percentiles(bad: float) -> None:
    assert set(percentiles([0.0, bad, 0.1])) == {UNBOUNDED}


def test_no_differences_are_zero() -> None:
    assert set(percentiles([])) == {0.0}
