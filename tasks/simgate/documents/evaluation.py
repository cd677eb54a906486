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
    """`evaluation.json`: what the policy compares, pair by pair, with the live model's."""

    version: Literal[1] = 1
    map_50: Interval
    average_precision: dict[str, float]
    """Per obstacle class that occurs in the split."""
    command_error: Interval
    success_rate: Interval
    collision_rate: Interval
    baseline_success_rate: Interval
    episodes: tuple[EpisodeResult, ...]
    baseline_episodes: tuple[EpisodeResult, ...]
