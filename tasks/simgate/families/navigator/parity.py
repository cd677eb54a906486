"""Parity: how far the decoded commands and boxes of two forms of one navigator lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simgate.families.base_contract import Tensors
from simgate.families.box import Detection, overlap
from simgate.families.navigator.contract import Answer, NavigatorContract

ROWS = ("command.speed_m_s", "command.yaw_rate_rad_s", "box.edge_px", "box.score")
SAME_OBJECT_IOU = 0.5


class NavigatorDifferences:
    """Collects differences frame by frame."""

    def __init__(self, contract: NavigatorContract) -> None:
        self._contract = contract
        self._rows: dict[str, list[float]] = {name: [] for name in ROWS}

    def add(self, reference: Tensors, engine: Tensors) -> None:
        """Compare the outputs of one sample, decoded."""
        self.compare(self._contract.answer(reference), self._contract.answer(engine))

    def compare(self, reference: Answer, engine: Answer) -> None:
        """Compare two answers to one picture."""
        first, second = reference.command, engine.command
        self._rows["command.speed_m_s"].append(abs(first.speed_m_s - second.speed_m_s))
        self._rows["command.yaw_rate_rad_s"].append(abs(first.yaw_rate_rad_s - second.yaw_rate_rad_s))
        self._compare_boxes(reference.detections, engine.detections)

    def rows(self) -> Mapping[str, Sequence[float]]:
        """Return absolute differences by parity row."""
        return self._rows

    def _compare_boxes(self, reference: Sequence[Detection], engine: Sequence[Detection]) -> None:
        left, alone = list(engine), []
        for detection in reference:
            twin = _twin(detection, left)
            if twin is None:
                alone.append(detection)
                continue
            left.remove(twin)
            self._rows["box.score"].append(abs(detection.score - twin.score))
            edges = zip(detection[2:], twin[2:], strict=True)
            self._rows["box.edge_px"].append(max(abs(a - b) for a, b in edges))
        # One has it, the other has not: their scores differ by at least what it has above the threshold.
        threshold = self._contract.score_threshold
        self._rows["box.score"].extend(detection.score - threshold for detection in (*left, *alone))


def differences(contract: NavigatorContract) -> NavigatorDifferences:
    """Begin the differences, of no sample yet."""
    return NavigatorDifferences(contract)


def _twin(detection: Detection, others: Sequence[Detection]) -> Detection | None:
    same = [other for other in others if other.label == detection.label]
    best = max(same, key=lambda other: overlap(other[2:], detection[2:]), default=None)
    return best if best is not None and overlap(best[2:], detection[2:]) >= SAME_OBJECT_IOU else None
