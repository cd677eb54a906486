"""Parity: how far the probabilities and boxes of two forms of one perception network lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from simgate.families.base_contract import Tensors
from simgate.families.perception.contract import PerceptionContract, corners_of


class PerceptionDifferences:
    """Collects differences frame by frame."""

    def __init__(self, contract: PerceptionContract) -> None:
        self._contract = contract
        self._rows: dict[str, list[float]] = {"label.score": [], "box.edge_share": []}

    def add(self, reference: Tensors, engine: Tensors) -> None:
        """Compare the outputs of one sample, decoded."""
        first, second = (self._contract.probabilities(outputs) for outputs in (reference, engine))
        self._rows["label.score"].append(float(np.max(np.abs(first - second))))
        edges = zip(corners_of(reference["box"]), corners_of(engine["box"]), strict=True)
        self._rows["box.edge_share"].append(float(np.max([abs(one - two) for one, two in edges])))

    def rows(self) -> Mapping[str, Sequence[float]]:
        """Return absolute differences by parity row."""
        return self._rows


def differences(contract: PerceptionContract) -> PerceptionDifferences:
    """Begin the differences, of no sample yet."""
    return PerceptionDifferences(contract)
