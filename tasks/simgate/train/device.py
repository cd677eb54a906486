"""Device: what was asked for is compared with what is there, before anything is computed."""

from __future__ import annotations

import torch

from simgate.core.errors import InputError
from simgate.families.family import family_of
from simgate.specs.train import TrainSpec


def check_device(spec: TrainSpec, nodes: int = 1) -> None:
    """Refuse a device, precision or number of processes that this machine has not."""
    if spec.device == "cpu":
        if spec.precision == "amp-fp16":
            raise InputError(
                "field precision: the CPU has no float16 training", actual="amp-fp16", remedy="use fp32 or amp-bf16"
            )
        return
    if not torch.cuda.is_available():
        raise InputError("field device: no CUDA device here", actual="cuda", remedy="use cpu, or a machine with a GPU")
    if (count := torch.cuda.device_count()) * nodes < spec.world_size:
        raise InputError(
            "field world_size: more than there are GPUs", actual=spec.world_size, expected=f"at most {count * nodes}"
        )
    if spec.precision == "amp-bf16" and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise InputError("field precision: this GPU has no bfloat16", actual="amp-bf16", remedy="use fp32 or amp-fp16")


def check_shape(spec: TrainSpec, nodes: int = 1) -> None:
    """Refuse numbers that do not go together."""
    if spec.world_size % nodes:
        raise InputError(
            "field world_size: every machine runs equally many processes",
            actual=spec.world_size,
            expected=f"k × {nodes}",
            remedy="change world_size, or stages.train.nodes of the pod settings",
        )
    if spec.batch_size % spec.world_size:
        remedy = "every process takes an equal part of a batch"
        raise InputError(
            "field batch_size: not a multiple of world_size",
            actual=spec.batch_size,
            expected=f"k × {spec.world_size}",
            remedy=remedy,
        )
    family_of(spec.family).learning.check(spec.network)
