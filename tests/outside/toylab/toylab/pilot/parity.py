"""Parity: how far the answers of two forms of one pilot lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simgate.families.base_contract import Tensors
from toylab.pilot.contract import PilotContract


class PilotDifferences:
    """Collects differences frame by frame."""

    def __init__(self, contract: PilotContract) -> None:
        self._contract = contract
        self._rows: dict[str, list[float]] = {"speed": [], "turn": [], "clear": []}

    def add(self, reference: Tensors, engine: Tensors) -> None:
        """Compare the outputs of one sample, decoded."""
        (first, near), (second, far) = (self._contract.answer(outputs) for outputs in (reference, engine))
        self._rows["speed"].append(abs(first.speed_m_s - second.speed_m_s))
        self._rows["turn"].append(abs(first.yaw_rate_rad_s - second.yaw_rate_rad_s))
        self._rows["clear"].append(abs(near - far))

    def rows(self) -> Mapping[str, Sequence[float]]:
        """Absolute differences by parity row."""
        return self._rows


def differences(contract: PilotContract) -> PilotDifferences:
    """Differences of no sample yet."""
    return PilotDifferences(contract)
