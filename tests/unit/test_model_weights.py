"""The network and its weights."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load, save

from simgate.core.errors import InputError
from simgate.families.family import family_of
from simgate.families.navigator.spec import NavigatorSpec
from simgate.families.weights import network_of, parameter_count, untrained, weights_bytes

FAMILY = family_of("navigator")
SPEC = NavigatorSpec(width=8, image_width_px=64, image_height_px=48)


def test_the_demos_network_is_small() -> None:
    assert 100_000 <= parameter_count(untrained(FAMILY, NavigatorSpec(), 1)) <= 300_000


@pytest.mark.parametrize("width", [4, 5, 24, 30])
def test_outputs_have_the_contracts_shapes_for_any_width(width: int) -> None:
    spec = SPEC.model_copy(update={"width": width})
    heat, box, command = untrained(FAMILY, spec, 1)(torch.zeros(3, 3, 48, 64), torch.zeros(3, 4))
    assert (heat.shape, box.shape, command.shape) == ((3, 5, 6, 8), (3, 4, 6, 8), (3, 2))


def test_a_sample_does_not_depend_on_its_neighbours() -> None:
    network = untrained(FAMILY, SPEC, 1).eval()
    images, goals = torch.rand(4, 3, 48, 64), torch.rand(4, 4)
    alone = network(images[:1], goals[:1])[2]
    assert torch.allclose(alone, network(images, goals)[2][:1], atol=1e-6)


def test_one_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    first, again, other = (weights_bytes(untrained(FAMILY, SPEC, seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_weights_come_back_bit_for_bit() -> None:
    data = weights_bytes(untrained(FAMILY, SPEC, 1))
    assert weights_bytes(network_of(data, FAMILY, SPEC)) == data


def test_weights_of_another_width_are_refused_with_the_tensors_name_and_shapes() -> None:
    data = weights_bytes(untrained(FAMILY, SPEC, 1))
    with pytest.raises(InputError, match=r"tensor \S+ does not fit, got float32 \(.*expected float32 \("):
        network_of(data, FAMILY, SPEC.model_copy(update={"width": 12}))


def test_a_missing_tensor_is_refused_by_name() -> None:
    state = load(weights_bytes(untrained(FAMILY, SPEC, 1)))
    del state["box.bias"]
    with pytest.raises(InputError, match=r"box\.bias"):
        network_of(save(state), FAMILY, SPEC)


def test_a_tensor_of_another_dtype_is_refused() -> None:
    state = load(weights_bytes(untrained(FAMILY, SPEC, 1)))
    state["box.bias"] = state["box.bias"].half()
    with pytest.raises(InputError, match=r"box\.bias does not fit, got float16"):
        network_of(save(state), FAMILY, SPEC)


def test_a_weight_that_is_no_number_is_refused() -> None:
    state = load(weights_bytes(untrained(FAMILY, SPEC, 1)))
    state["box.bias"][0] = float("nan")
    with pytest.raises(InputError, match=r"box\.bias has a value that is not finite"):
        network_of(save(state), FAMILY, SPEC)


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"\xff" * 64])
def test_bytes_that_are_no_safetensors_are_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="no safetensors"):
        network_of(data, FAMILY, SPEC)
