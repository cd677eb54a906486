"""Training as a whole: decode the split, launch the ranks, keep their result; stopped anywhere, it goes on exactly."""

from __future__ import annotations

from collections.abc import Sequence

from simgate.core.documents.canonical import sha256_hex
from simgate.core.errors import Preempted, SimgateError
from simgate.core.given.random import seed_of
from simgate.core.runtime.work import Share, Work
from simgate.documents.dataset import SplitDocument
from simgate.families.card import EpochLosses, ModelCard
from simgate.families.family import family_of
from simgate.families.frame import frames_of, read_split
from simgate.families.weights import parameter_count, untrained, weights_bytes
from simgate.specs.train import TrainSpec
from simgate.train.device import check_device, check_shape
from simgate.train.folder import TrainFolder
from simgate.train.order import Schedule
from simgate.train.pack import create_pack, shuffle_labels
from simgate.train.place.courier import Courier
from simgate.train.place.launch import launch
from simgate.train.place.lifeline import held
from simgate.train.rank import train_rank
from simgate.train.tracking import track

SPLIT = "splits/train.json"


def train(work: Work[TrainSpec]) -> None:
    """Write the trained network, its card and its losses."""
    _check(work)
    data = work.inputs.read("validate", SPLIT)
    split = read_split(data, what=SPLIT)
    split.check_bases(work.spec.family)
    weights, history = _train(work, split) if work.spec.epochs else (_untrained(work.spec), ())
    card = _card(work.spec, split, sha256_hex(data), history)
    work.outputs.write("model.safetensors", weights, "application/vnd.safetensors")
    work.outputs.write("model.json", card.to_json(), "application/json")
    lines = b"".join(row.to_json() + b"\n" for row in history)
    work.outputs.byproduct("metrics.jsonl", lines, "application/jsonl")
    track(work, card, history, sha256_hex(weights))


def take_part(share: Share[TrainSpec]) -> None:
    """Run this machine's ranks of a training whose network node 0 writes."""
    _check(share)
    if share.spec.epochs:
        _run_ranks(share, read_split(share.inputs.read("validate", SPLIT), what=SPLIT))
        _leave_if_asked(share)


def _check(share: Share[TrainSpec]) -> None:
    check_shape(share.spec, share.node.count)
    check_device(share.spec, share.node.count)


def _run_ranks(share: Share[TrainSpec], split: SplitDocument) -> TrainFolder:
    folder = TrainFolder(share.folder)
    _pack(share, split, folder)
    step = share.scratch.latest(folder.resume)
    if step is not None:
        share.note("resumed", step=step)
    _leave_if_asked(share)
    with held(folder.lifeline), Courier(share, folder):
        launch(train_rank, share.spec, folder, share.node)
    return folder


def _train(work: Work[TrainSpec], split: SplitDocument) -> tuple[bytes, Sequence[EpochLosses]]:
    folder = _run_ranks(work, split)
    if not folder.weights.exists():
        _leave_if_asked(work)
        if work.node.count > 1:
            raise Preempted("another machine was asked to stop; what was trained is kept", remedy="run again to go on")
        raise SimgateError("training ended without a network", remedy="see the ranks' logs above")
    lines = folder.history.read_bytes().splitlines()
    return folder.weights.read_bytes(), [EpochLosses.from_json(line, what="history") for line in lines]


def _pack(work: Share[TrainSpec], split: SplitDocument, folder: TrainFolder) -> None:
    family = family_of(work.spec.family)
    contract = family.contract(work.spec.network)
    frames = frames_of(work.inputs, split, work.folder)

    def done(count: int) -> None:
        if count % 500 == 0 or count == split.frames:
            work.progress(count, split.frames, "frames read")
            _leave_if_asked(work)

    pack = create_pack(folder.pack, contract, family.learning, frames, split.frames, done)
    if work.spec.shuffle_labels:
        shuffle_labels(pack, work.spec.seed)


def _leave_if_asked(work: Share[TrainSpec]) -> None:
    if work.stop.requested:
        raise Preempted("asked to stop (SIGTERM); what was trained is kept", remedy="run again to go on")


def _untrained(spec: TrainSpec) -> bytes:
    return weights_bytes(untrained(family_of(spec.family), spec.network, seed_of(spec.seed, "weights")))


def _card(spec: TrainSpec, split: SplitDocument, dataset_sha256: str, history: Sequence[EpochLosses]) -> ModelCard:
    schedule = Schedule(spec.seed, split.frames, spec.batch_size, spec.epochs)
    return ModelCard(
        family=spec.family,
        network=spec.network,
        parameters=parameter_count(untrained(family_of(spec.family), spec.network, 0)),
        seed=spec.seed,
        epochs=spec.epochs,
        steps=schedule.steps,
        frames=split.frames,
        dataset_sha256=dataset_sha256,
        device=spec.device,
        precision=spec.precision,
        world_size=spec.world_size,
        last=history[-1] if history else None,
    )
