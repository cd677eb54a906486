"""Judging: how far commands are from the expert's, and how often the clearance is right."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from simgate.families.base_contract import Tensors
from simgate.families.family import OpenLoop
from simgate.families.frame import Frame
from simgate.families.interval import Weights, bootstrap
from toylab.pilot.contract import PilotContract


class PilotMeter:
    """Collects both figures frame by frame."""

    def __init__(self, contract: PilotContract) -> None:
        self._contract = contract
        self._figures: dict[str, list[float]] = {"drive_error": [], "clear_hits": []}
        self._episodes: list[int] = []

    def add(self, episode: int, frame: Frame, outputs: Tensors) -> None:
        """Judge one frame."""
        command, clear = self._contract.answer(outputs)
        speed = abs(command.speed_m_s - frame.command.speed_m_s) / self._contract.max_speed_m_s
        turn = abs(command.yaw_rate_rad_s - frame.command.yaw_rate_rad_s) / self._contract.max_yaw_rate_rad_s
        self._figures["drive_error"].append((speed + turn) / 2)
        self._figures["clear_hits"].append(float((clear > 0.5) == (not frame.boxes)))
        self._episodes.append(episode)

    def result(self, episodes: int, seed: int) -> OpenLoop:
        """Means over frames, with their intervals over episodes."""
        numbers = np.asarray(self._episodes)

        def mean_of(figures: list[float]) -> Callable[[Weights], float]:
            def mean(weights: Weights) -> float:
                counts = weights[numbers]
                return float((counts * figures).sum() / total) if (total := counts.sum()) > 0 else math.nan

            return mean

        found = {name: bootstrap(mean_of(of), episodes, seed, name) for name, of in self._figures.items()}
        return OpenLoop(found, {})


def meter(contract: PilotContract) -> PilotMeter:
    """A meter that has seen no frame."""
    return PilotMeter(contract)
