"""Judging: classes and boxes on the frames of a split."""

from __future__ import annotations

import math

import numpy as np

from simgate.documents.evaluation import Interval
from simgate.families.base_contract import Tensors
from simgate.families.box import overlap
from simgate.families.family import OpenLoop
from simgate.families.frame import Frame
from simgate.families.interval import Weights, bootstrap
from simgate.families.perception.contract import PerceptionContract
from simgate.families.perception.target import target_of


class PerceptionMeter:
    """Collects answers frame by frame."""

    def __init__(self, contract: PerceptionContract) -> None:
        self._contract = contract
        self._episodes: list[int] = []
        self._asked: list[int] = []
        self._right: list[bool] = []
        self._overlaps: list[float] = []
        """NaN where no box was asked for."""

    def add(self, episode: int, frame: Frame, outputs: Tensors) -> None:
        """Judge one frame of episode number `episode` (0, 1, … in the split)."""
        height_px, width_px = self._contract.picture(frame.image_bytes).shape[:2]
        target = target_of(self._contract, frame, width_px, height_px)
        found = self._contract.answer(outputs)
        self._episodes.append(episode)
        self._asked.append(self._contract.labels.index(target.label))
        # An answer that is no number is wrong, whatever class comes first.
        self._right.append(math.isfinite(found.score) and found.label == target.label)
        self._overlaps.append(overlap(target.corners, found.corners) if target.corners else math.nan)

    def result(self, episodes: int, seed: int) -> OpenLoop:
        """Return balanced accuracy and box overlap."""
        classes = {label: self._recall(number) for number, label in enumerate(self._contract.labels)}
        return OpenLoop(
            {"balanced_accuracy": self._accuracy(episodes, seed), "box_overlap": self._overlap(episodes, seed)},
            {"recall": {label: share for label, share in classes.items() if math.isfinite(share)}},
        )

    def _accuracy(self, episodes: int, seed: int) -> Interval:
        numbers, asked, right = np.asarray(self._episodes), np.asarray(self._asked), np.asarray(self._right)

        def mean(weights: Weights) -> float:
            counts = weights[numbers]
            totals = np.bincount(asked, counts)
            hits = np.bincount(asked, counts * right)
            return float(np.mean(hits[totals > 0] / totals[totals > 0])) if (totals > 0).any() else math.nan

        return bootstrap(mean, episodes, seed, "balanced_accuracy")

    def _overlap(self, episodes: int, seed: int) -> Interval:
        overlaps, numbers = np.asarray(self._overlaps), np.asarray(self._episodes)
        there = ~np.isnan(overlaps)
        if not there.any():
            return Interval(value=0.0, low=0.0, high=0.0)

        def mean(weights: Weights) -> float:
            counts = weights[numbers[there]]
            return float(np.sum(counts * overlaps[there]) / total) if (total := counts.sum()) > 0 else math.nan

        return bootstrap(mean, episodes, seed, "box_overlap")

    def _recall(self, number: int) -> float:
        of_class = [right for asked, right in zip(self._asked, self._right, strict=True) if asked == number]
        return sum(of_class) / len(of_class) if of_class else math.nan


def meter(contract: PerceptionContract) -> PerceptionMeter:
    """Return a meter that has seen no frame."""
    return PerceptionMeter(contract)
