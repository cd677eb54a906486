"""Train one network on one split, by imitation and detection, over any number of processes."""

from __future__ import annotations

from simgate.core.runtime.work import Drawn, Share, Work
from simgate.rows.runtime import stage_of
from simgate.specs.train import TrainSpec
from simgate.train.forerunner import prepare_ranks


def run(work: Work[TrainSpec]) -> None:
    """Train; outputs model.safetensors and model.json, and metrics.jsonl beside them."""
    if work.spec.epochs:
        prepare_ranks()
    # Only now: the ranks' process loads torch at the same time as this one.
    from simgate.train.training import train

    train(work)


def take_part(share: Share[TrainSpec]) -> None:
    """Run this machine's ranks; node 0 writes the outputs."""
    if share.spec.epochs:
        prepare_ranks()
    from simgate.train.training import take_part

    take_part(share)


def draw(drawn: Drawn[TrainSpec]) -> bytes:
    """Return the page of a training."""
    from simgate.train.report import page_of

    return page_of(drawn)


STAGE = stage_of("train", run, draw, polls_stop=True, take_part=take_part)
