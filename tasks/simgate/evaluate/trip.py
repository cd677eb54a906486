"""Trip: an episode that both networks drive, and all that a driver process is given for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simgate.core.documents.document import Document
from simgate.documents.episode import EpisodeResult
from simgate.families.card import ModelCard
from simgate.specs.evaluate import ClosedLoopSpec

Who = Literal["candidate", "baseline"]


@dataclass(frozen=True, slots=True)
class Trip:
    """One episode that is to be driven by both networks, one after the other."""

    scene: str
    root: Path
    """The scene's root layer."""
    episode: int


class DrivenTrip(Document):
    """The results of a trip for both networks."""

    candidate: EpisodeResult
    baseline: EpisodeResult


@dataclass(frozen=True, slots=True)
class Driving:
    """The inputs of every driver process; everything in it crosses a process border."""

    closed_loop: ClosedLoopSpec
    card: ModelCard
    weights: bytes
    baseline_seed: int
    device: Literal["cpu", "cuda"]
    swap_channels: bool
