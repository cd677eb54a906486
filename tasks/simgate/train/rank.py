"""One rank of the training: the loop, readable from top to bottom."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import AdamW

from simgate.core.errors import SimgateError
from simgate.core.given.random import seed_of
from simgate.core.runtime.origin import told_as_theirs
from simgate.families.card import EpochLosses
from simgate.families.family import Batch, Family, Losses, family_of
from simgate.families.weights import untrained, weights_bytes
from simgate.specs.train import TrainSpec
from simgate.train.checkpoint import TrainState, load_checkpoint, save_checkpoint
from simgate.train.folder import TrainFolder
from simgate.train.order import Schedule
from simgate.train.pack import Pack, open_pack
from simgate.train.place.lifeline import follow

STOP_EVERY_STEPS = 8
"""Steps between two agreements of the ranks on whether to stop; on a GPU this is where the host waits for it."""
LARGEST_GRADIENT = 5.0
"""Norm beyond which a step's gradient is scaled down."""


@dataclass
class Rank:
    """The state of one training process."""

    spec: TrainSpec
    family: Family
    folder: TrainFolder
    device: torch.device
    schedule: Schedule
    pack: Pack
    network: nn.Module
    parallel: DistributedDataParallel
    optimizer: AdamW
    scaler: torch.amp.GradScaler
    state: TrainState


def train_rank(spec_json: str, folder: str) -> None:
    """Train as one rank, or stop at a checkpoint when asked; rank 0 writes the files that the stage reads."""
    # The stage is the one that is asked to stop; it says so through the folder, to all ranks at the same step.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    places = TrainFolder(Path(folder))
    follow(places.lifeline)
    spec = TrainSpec.from_json(spec_json.encode(), what="spec of train")
    device = _prepare(spec)
    dist.init_process_group("nccl" if spec.device == "cuda" else "gloo")
    try:
        with told_as_theirs():
            rank = _open(spec, places, device)
            _check_same_start(rank)
            _train(rank)
    finally:
        dist.destroy_process_group()


def _prepare(spec: TrainSpec) -> torch.device:
    """Make this process deterministic and name its device."""
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    # Sums on one thread are made in one order; and ranks do not fight for cores.
    torch.set_num_threads(1)
    if spec.device == "cpu":
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    return device


def _open(spec: TrainSpec, folder: TrainFolder, device: torch.device) -> Rank:
    family = family_of(spec.family)
    pack = open_pack(folder.pack, family.contract(spec.network), family.learning)
    network = untrained(family, spec.network, seed_of(spec.seed, "weights")).to(device)
    optimizer = AdamW(network.parameters(), spec.learning_rate, weight_decay=spec.weight_decay, foreach=True)
    state = load_checkpoint(folder.resume, network, optimizer) if folder.resume.exists() else TrainState()
    # find_unused_parameters keeps the gradient buckets as they are first laid out. Otherwise they are laid out anew
    # after the first step of each process, and with more than two ranks a resumed run would add in another order.
    parallel = DistributedDataParallel(network, find_unused_parameters=True)
    scaler = torch.amp.GradScaler(device.type, init_scale=state.loss_scale, enabled=spec.precision == "amp-fp16")
    if scaler.is_enabled():
        scaler.load_state_dict({**scaler.state_dict(), "scale": state.loss_scale, "_growth_tracker": state.scale_steps})
    schedule = Schedule(spec.seed, len(pack), spec.batch_size, spec.epochs)
    return Rank(spec, family, folder, device, schedule, pack, network, parallel, optimizer, scaler, state)


def _check_same_start(rank: Rank) -> None:
    """Refuse to begin where two machines found different checkpoints: one may have been saved in between."""
    steps = torch.tensor([float(rank.state.step), -float(rank.state.step)], device=rank.device, dtype=torch.float64)
    dist.all_reduce(steps, dist.ReduceOp.MAX)
    last, first = int(steps[0]), -int(steps[1])
    if last != first:
        raise SimgateError(
            "machines resume from different checkpoints", actual=f"steps {first} and {last}", remedy="run again"
        )


def _train(rank: Rank) -> None:
    epoch_steps = rank.schedule.steps_per_epoch
    sums = torch.tensor(_sums(rank.state), dtype=torch.float64, device=rank.device)
    for epoch in range(rank.state.step // epoch_steps, rank.spec.epochs):
        order, mirrored = rank.schedule.epoch_order(epoch)
        mine = slice(dist.get_rank(), None, dist.get_world_size())
        for number in range(rank.state.step % epoch_steps, epoch_steps):
            step = epoch * epoch_steps + number
            found = _step(rank, step, rank.pack.batch(order[number, mine], mirrored[number, mine]))
            sums = sums + _agree(rank, found)
            ends_epoch = number + 1 == epoch_steps
            stops = (step + 1) % STOP_EVERY_STEPS == 0 and float(sums[-1]) > 0
            rank.state = rank.state.model_copy(update={"step": step + 1})
            if ends_epoch:
                _end_epoch(rank, epoch, sums, found)
                sums.zero_()
            if stops or (ends_epoch and (epoch + 1) % rank.spec.checkpoint_every_epochs == 0):
                _save(rank, sums)
            if stops:
                return
    if dist.get_rank() == 0:
        rank.folder.finish(weights_bytes(rank.network), rank.state.history)


def _sums(state: TrainState) -> list[float] | float:
    """Return the losses of a begun epoch, and 0 for nobody asked to stop; a plain 0 before the first step."""
    return [*state.sums, 0.0] if state.sums else 0.0


def _step(rank: Rank, step: int, batch: Batch) -> Losses:
    """Take one step of the optimizer over this rank's share of the batch."""
    for group in rank.optimizer.param_groups:
        group["lr"] = rank.spec.learning_rate * rank.schedule.learning_rate_share(step)
    # Dropout draws from (seed, step, rank): a resumed run draws the same.
    torch.manual_seed(seed_of(rank.spec.seed, "dropout", step, dist.get_rank()))
    inputs = [_to(rank, batch.inputs[tensor.name]) for tensor in rank.pack.contract.inputs]
    targets = {name: _to(rank, values) for name, values in batch.targets.items()}
    mixed = torch.bfloat16 if rank.spec.precision == "amp-bf16" else torch.float16
    with torch.autocast(rank.device.type, dtype=mixed, enabled=rank.spec.precision != "fp32"):
        outputs = rank.parallel(*inputs)
    named = dict(zip((tensor.name for tensor in rank.pack.contract.outputs), outputs, strict=True))
    found = rank.family.learning.losses(named, targets, rank.spec.network)
    rank.optimizer.zero_grad()
    rank.scaler.scale(found.total).backward()  # type: ignore[no-untyped-call]
    rank.scaler.unscale_(rank.optimizer)
    torch.nn.utils.clip_grad_norm_(rank.network.parameters(), LARGEST_GRADIENT, foreach=True)
    rank.scaler.step(rank.optimizer)
    rank.scaler.update()
    return found


def _agree(rank: Rank, found: Losses) -> Tensor:
    """Return the step's mean losses over all ranks, and whether one of the machines was asked to stop."""
    first = os.environ["LOCAL_RANK"] == "0"
    asked = torch.tensor(float(first and rank.folder.stop.exists()), device=rank.device)
    shared = torch.stack([found.total.detach(), *(loss.detach() for loss in found.parts.values()), asked]).double()
    dist.all_reduce(shared)
    return shared / dist.get_world_size()


def _end_epoch(rank: Rank, epoch: int, sums: Tensor, found: Losses) -> None:
    means = [value / rank.schedule.steps_per_epoch for value in sums.tolist()[:-1]]
    if not all(abs(value) < float("inf") for value in means):
        raise SimgateError(
            f"the loss of epoch {epoch + 1} is not finite", actual=means[0], remedy="lower learning_rate"
        )
    parts = dict(zip(found.parts, means[1:], strict=True))
    rate = rank.optimizer.param_groups[0]["lr"]
    row = EpochLosses(epoch=epoch + 1, total=means[0], parts=parts, learning_rate=rate)
    rank.state = rank.state.model_copy(update={"history": (*rank.state.history, row)})
    if dist.get_rank() == 0:
        rank.folder.say_epoch(row)


def _save(rank: Rank, sums: Tensor) -> None:
    if dist.get_rank() != 0:
        return
    kept = {"sums": tuple(sums.tolist()[:-1])}
    if rank.scaler.is_enabled():
        scaler = rank.scaler.state_dict()
        kept |= {"loss_scale": scaler["scale"], "scale_steps": scaler["_growth_tracker"]}
    state = rank.state.model_copy(update=kept)
    save_checkpoint(rank.folder.checkpoint(state.step), state, rank.network, rank.optimizer)


def _to(rank: Rank, values: object) -> Tensor:
    return torch.as_tensor(values).to(rank.device)
