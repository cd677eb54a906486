"""Closed loop: the eval scenes driven by the model and by an untrained network, the same episodes for both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simgate.core.errors import InputError
from simgate.core.given.snapshot import materialize
from simgate.core.runtime.work import Work
from simgate.documents.dataset import SplitDocument
from simgate.documents.episode import EpisodeResult
from simgate.documents.evaluation import Interval
from simgate.evaluate.drivers import driven, start_drivers
from simgate.evaluate.trip import Driving, Trip
from simgate.families.interval import rate
from simgate.families.trained import TrainedModel
from simgate.specs.evaluate import ClosedLoopSpec, EvaluateSpec
from simgate.worker.worker import Worker


@dataclass(frozen=True, slots=True)
class ClosedLoop:
    """Results of both, pair by pair in one order."""

    episodes: tuple[EpisodeResult, ...]
    baseline: tuple[EpisodeResult, ...]

    @property
    def better(self) -> int:
        """Pairs where only the model arrived."""
        return sum(_arrived(a) and not _arrived(b) for a, b in zip(self.episodes, self.baseline, strict=True))

    @property
    def worse(self) -> int:
        """Pairs where only the untrained network arrived."""
        return sum(_arrived(b) and not _arrived(a) for a, b in zip(self.episodes, self.baseline, strict=True))


@contextmanager
def begin(
    work: Work[EvaluateSpec], closed_loop: ClosedLoopSpec, model: TrainedModel, split: SplitDocument
) -> Iterator[list[Worker]]:
    """Start the drivers; they work in the background until `finish` hears them out."""
    spec = work.spec
    driving = Driving(
        closed_loop=closed_loop,
        card=model.card,
        weights=model.weights,
        baseline_seed=spec.baseline_seed,
        device=spec.device,
        swap_channels=spec.swap_channels,
    )
    with start_drivers(driving, _trips(work, split, closed_loop.episodes)) as workers:
        yield workers


def finish(work: Work[EvaluateSpec], workers: list[Worker], episodes: int) -> ClosedLoop:
    """Wait for all episodes; sorted, so that it does not matter which process was faster."""
    pairs = []
    for pair in driven(workers):
        pairs.append(pair)
        work.progress(len(pairs), episodes, "episodes driven")
    pairs.sort(key=lambda pair: (pair.candidate.scene, pair.candidate.episode))
    return ClosedLoop(tuple(pair.candidate for pair in pairs), tuple(pair.baseline for pair in pairs))


def rates(closed_loop: ClosedLoop) -> dict[str, Interval]:
    """Return the rates of success and collision, and the baseline's rate of success, with intervals."""
    return {
        "success_rate": share_of(closed_loop.episodes, "success"),
        "collision_rate": share_of(closed_loop.episodes, "collision"),
        "baseline_success_rate": share_of(closed_loop.baseline, "success"),
    }


def share_of(episodes: Sequence[EpisodeResult], outcome: str) -> Interval:
    """Return the share of episodes with that outcome, with its interval."""
    return rate(sum(episode.outcome == outcome for episode in episodes), len(episodes))


def _trips(work: Work[EvaluateSpec], split: SplitDocument, episodes: int) -> list[Trip]:
    """Yield episodes 0, 1, … of the split's scenes in turn."""
    if not split.scenes:
        raise InputError("the eval split names no scene", remedy="make the dataset again")
    folder = work.folder / "scenes"
    for item in split.scenes:
        materialize(work.store, item.closure, folder / item.name, work.job.domain)
    trips = []
    for number in range(episodes):
        turn, place = divmod(number, len(split.scenes))
        item = split.scenes[place]
        trips.append(Trip(item.name, folder / item.name / Path(item.root), turn))
    return trips


def _arrived(result: EpisodeResult) -> bool:
    return result.outcome == "success"
