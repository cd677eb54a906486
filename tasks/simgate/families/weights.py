"""Weights: a network as safetensors, every name, shape and dtype checked against its spec."""

from __future__ import annotations

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.families.family import Family


def weights_bytes(network: nn.Module) -> bytes:
    """Return the network's parameters as one safetensors file; equal weights give equal bytes."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return save(state)


def untrained(family: Family, spec: Document, seed: int) -> nn.Module:
    """Return the untrained network of a seed: the same weights wherever it is made."""
    torch.manual_seed(seed)
    return family.build.new_network(spec)


def parameter_count(network: nn.Module) -> int:
    """Count the trainable numbers."""
    return sum(parameter.numel() for parameter in network.parameters())


def network_of(data: bytes, family: Family, spec: Document) -> nn.Module:
    """Load a network from a safetensors file, on the CPU, in evaluation mode; unexpected content is refused."""
    try:
        state = load(data)
    except SafetensorError as error:
        raise InputError(f"the weights are no safetensors file: {error}", remedy="train again") from error
    network = family.build.new_network(spec)
    _check(state, network.state_dict())
    network.load_state_dict(state)
    return network.eval()


def _check(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    remedy = "use the weights with the spec that they were trained with"
    if found.keys() != expected.keys():
        odd = sorted(found.keys() ^ expected.keys())
        raise InputError(
            "the weights have other tensors than the network", actual=f"a difference in {odd[0]}", remedy=remedy
        )
    for name, tensor in found.items():
        wanted = expected[name]
        if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
            raise InputError(f"tensor {name} does not fit", actual=_kind(tensor), expected=_kind(wanted), remedy=remedy)
        if not bool(torch.isfinite(tensor).all()):
            raise InputError(
                f"tensor {name} has a value that is not finite", remedy="train with a smaller learning rate"
            )


def _kind(tensor: Tensor) -> str:
    return f"{tensor.dtype} {tuple(tensor.shape)}".removeprefix("torch.")
