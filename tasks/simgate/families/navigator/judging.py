"""Judging: a navigator's detections and commands on the frames of a split."""

from __future__ import annotations

from simgate.families.base_contract import Tensors
from simgate.families.family import OpenLoop
from simgate.families.frame import Frame
from simgate.families.navigator.command_error import CommandMeter
from simgate.families.navigator.contract import NavigatorContract
from simgate.families.navigator.precision import SCORE_THRESHOLD, PrecisionMeter
from simgate.families.truth import truths_of


class NavigatorMeter:
    """Metrics of both heads, obstacles and commands, over the frames that were added."""

    def __init__(self, contract: NavigatorContract) -> None:
        self._contract = contract
        self._precision, self._command = PrecisionMeter(contract.obstacles), CommandMeter(contract)

    def add(self, episode: int, frame: Frame, outputs: Tensors) -> None:
        """Judge one frame."""
        found = self._contract.detections(outputs, score_threshold=SCORE_THRESHOLD)
        self._precision.add(episode, found, truths_of(frame.boxes, self._contract.obstacles))
        self._command.add(episode, self._contract.command(outputs), frame.command)

    def result(self, episodes: int, seed: int) -> OpenLoop:
        """Mean average precision and command error."""
        return OpenLoop(
            {"map_50": self._precision.map_50(episodes, seed), "command_error": self._command.error(episodes, seed)},
            {"average_precision": self._precision.average_precisions()},
        )


def meter(contract: NavigatorContract) -> NavigatorMeter:
    """Return a meter that has seen no frame."""
    return NavigatorMeter(contract)
