"""Command error: how far the model's commands are from the expert's on stored frames."""

from __future__ import annotations

import math

import numpy as np

from simgate.data.sample import Command
from simgate.documents.evaluation import Interval
from simgate.families.interval import Weights, bootstrap
from simgate.families.navigator.contract import NavigatorContract

LARGEST = 2.0
"""The largest error of an axis, from one end of its range to the other; also that of a command that is no number."""


class CommandMeter:
    """Collects errors frame by frame: the mean of both axes, each as a share of its maximum."""

    def __init__(self, contract: NavigatorContract) -> None:
        self._contract = contract
        self._errors: list[float] = []
        self._episodes: list[int] = []

    def add(self, episode: int, found: Command, expert: Command) -> None:
        """Add one frame of episode number `episode` (0, 1, … in the split)."""
        speed = abs(found.speed_m_s - expert.speed_m_s) / self._contract.max_speed_m_s
        yaw_rate = abs(found.yaw_rate_rad_s - expert.yaw_rate_rad_s) / self._contract.max_yaw_rate_rad_s
        self._errors.append(
            sum(min(share, LARGEST) if math.isfinite(share) else LARGEST for share in (speed, yaw_rate)) / 2
        )
        self._episodes.append(episode)

    def error(self, episodes: int, seed: int) -> Interval:
        """Return the mean over frames, with its interval over episodes."""
        errors, numbers = np.asarray(self._errors), np.asarray(self._episodes)

        def mean(weights: Weights) -> float:
            counts = weights[numbers]
            return float(np.sum(counts * errors) / total) if (total := counts.sum()) > 0 else math.nan

        return bootstrap(mean, episodes, seed, "command_error")
