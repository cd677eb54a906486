"""Evaluation: the figures of one model on one split, which the policy compares with the live model's."""

from __future__ import annotations

from typing import Literal

from simgate.core.documents.document import Document
from simgate.documents.episode import EpisodeResult


class Interval(Document):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


class Evaluation(Document):
    """`evaluation.json`: figures that the policy compares, pair by pair, with the live model's."""

    version: Literal[2] = 2
    family: str
    intervals: dict[str, Interval]
    """The family's open-loop metrics, and the closed loop's rates where it commands a robot."""
    by_class: dict[str, dict[str, float]]
    """Metrics by class of object, for people: only classes that occur in the split."""
    episodes: tuple[EpisodeResult, ...] = ()
    """Closed-loop episodes of the model; none where it commands nothing."""
    baseline_episodes: tuple[EpisodeResult, ...] = ()
