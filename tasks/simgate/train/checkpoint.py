"""Checkpoint: all that training has to know to go on as if it had never stopped; safetensors and JSON, no pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import torch
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import AdamW

from simgate.core.documents.document import Document
from simgate.core.errors import SimgateError
from simgate.families.card import EpochLosses

_STATE = "simgate.state"
_MOMENTS = ("exp_avg", "exp_avg_sq")


class TrainState(Document):
    """The progress of a training.

    Every draw is a function of (seed, epoch) or of (seed, step, rank), so no generator's state is in it.
    """

    version: Literal[1] = 1
    step: Annotated[int, Field(ge=0)] = 0
    """Steps done."""
    sums: tuple[float, ...] = ()
    """This epoch's losses so far, over all steps and processes: total, then the family's parts; none: no step yet."""
    history: tuple[EpochLosses, ...] = ()
    loss_scale: float = 65536.0
    """Of fp16's gradient scaler."""
    scale_steps: int = 0
    """Steps since the scale changed."""


def save_checkpoint(path: Path, state: TrainState, network: nn.Module, optimizer: AdamW) -> None:
    """Write a checkpoint; it is there whole or not at all."""
    tensors = {f"model.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= _moments(network, optimizer)
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    unfinished = path.with_suffix(".part")
    # One metadata key only: safetensors does not keep the order of several.
    save_file(plain, unfinished, metadata={_STATE: state.to_json().decode()})
    unfinished.replace(path)


def load_checkpoint(path: Path, network: nn.Module, optimizer: AdamW) -> TrainState:
    """Put a checkpoint's values into a network and its fresh optimizer, on their device."""
    try:
        with safe_open(path, framework="pt") as file:
            state = TrainState.from_json((file.metadata() or {})[_STATE].encode(), what=path.name)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
        network.load_state_dict(
            {_after_dot(name): value for name, value in tensors.items() if name.startswith("model.")}
        )
        _load_moments(network, optimizer, tensors)
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise SimgateError(f"checkpoint cannot be read: {error}", remedy="delete the run's scratch folder") from error
    return state


def _moments(network: nn.Module, optimizer: AdamW) -> dict[str, Tensor]:
    states = [
        (name, optimizer.state[parameter])
        for name, parameter in network.named_parameters()
        if parameter in optimizer.state
    ]
    return {f"{moment}.{name}": state[moment] for name, state in states for moment in (*_MOMENTS, "step")}


def _load_moments(network: nn.Module, optimizer: AdamW, tensors: dict[str, Tensor]) -> None:
    if not any(name.startswith("step.") for name in tensors):
        return
    for name, parameter in network.named_parameters():
        moments = {moment: tensors[f"{moment}.{name}"].to(parameter.device) for moment in _MOMENTS}
        optimizer.state[parameter] = {"step": tensors[f"step.{name}"].to(torch.float32), **moments}


def _after_dot(name: str) -> str:
    return name.partition(".")[2]
