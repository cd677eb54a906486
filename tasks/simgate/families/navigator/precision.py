"""Average precision at IoU 0.5, as in PASCAL VOC since 2010: the area under the whole precision-recall envelope."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from simgate.documents.evaluation import Interval
from simgate.families.box import Detection, overlap
from simgate.families.interval import Weights, bootstrap
from simgate.families.truth import Truth

MIN_IOU = 0.5
SCORE_THRESHOLD = 0.01
"""Weaker detections cannot move the area much and would cost time."""


@dataclass
class _ClassTally:
    """All detections of a class, and in which episodes its objects are."""

    scores: list[float] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)
    episodes: list[int] = field(default_factory=list)
    truths: list[int] = field(default_factory=list)
    """Episode of each object that counts."""


class PrecisionMeter:
    """Collects detections against truth, frame by frame."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._tallies = {label: _ClassTally() for label in labels}

    def add(self, episode: int, found: Sequence[Detection], truths: Sequence[Truth]) -> None:
        """Add one frame of episode number `episode` (0, 1, … in the split)."""
        for label, tally in self._tallies.items():
            objects = [truth for truth in truths if truth.label == label]
            tally.truths.extend(episode for truth in objects if truth.counted)
            for score, hit in _judge([item for item in found if item.label == label], objects):
                tally.scores.append(score)
                tally.hits.append(hit)
                tally.episodes.append(episode)

    def average_precisions(self) -> dict[str, float]:
        """Return the average precision of each class that occurs."""
        curves = {label: _Curve(tally) for label, tally in self._tallies.items() if tally.truths}
        return {label: curve.area(np.ones(curve.episodes)) for label, curve in curves.items()}

    def map_50(self, episodes: int, seed: int) -> Interval:
        """Return the mean over classes that occur, with its interval over episodes; 0 if none occurs."""
        curves = [_Curve(tally) for tally in self._tallies.values() if tally.truths]

        def mean(weights: Weights) -> float:
            areas = [area for curve in curves if math.isfinite(area := curve.area(weights))]
            return sum(areas) / len(areas) if areas else math.nan

        if not curves:
            return Interval(value=0.0, low=0.0, high=0.0)
        return bootstrap(mean, episodes, seed, "map_50")


class _Curve:
    """The precision-recall curve of one class, for any weights of the episodes."""

    def __init__(self, tally: _ClassTally) -> None:
        order = np.argsort(-np.asarray(tally.scores), kind="stable")
        self._hits = np.asarray(tally.hits, dtype=np.float64)[order]
        self._episodes = np.asarray(tally.episodes, dtype=np.int64)[order]
        self._truths = np.asarray(tally.truths, dtype=np.int64)
        self.episodes = int(max([*tally.episodes, *tally.truths])) + 1

    def area(self, weights: Weights) -> float:
        """Return the average precision where episode i counts `weights[i]` times; NaN if its objects count nothing."""
        objects = weights[self._truths].sum()
        if objects == 0:
            return math.nan
        counts = weights[self._episodes]
        hits = np.cumsum(counts * self._hits)
        precision = hits / np.maximum(np.cumsum(counts), 1e-12)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        return float(np.sum(np.diff(hits / objects, prepend=0.0) * envelope))


def _judge(found: Sequence[Detection], objects: Sequence[Truth]) -> list[tuple[float, bool]]:
    """Return (score, hit) of each detection of a class in a frame, best first, without those on ignored objects."""
    open_objects = [truth for truth in objects if truth.counted]
    ignored = [truth for truth in objects if not truth.counted]
    judged = []
    for detection in sorted(found, key=lambda item: -item.score):
        best = max(open_objects, key=lambda truth: overlap(truth.corners, detection[2:]), default=None)
        if best is not None and overlap(best.corners, detection[2:]) >= MIN_IOU:
            open_objects.remove(best)
            judged.append((detection.score, True))
        elif not any(_mostly_on(detection, truth) for truth in ignored):
            judged.append((detection.score, False))
    return judged


def _mostly_on(detection: Detection, truth: Truth) -> bool:
    """Return whether half of the smaller box or more lies on the other: the detection then found the ignored object."""
    x_min, y_min, x_max, y_max = truth.corners
    width = min(detection.x_max, x_max) - max(detection.x_min, x_min)
    height = min(detection.y_max, y_max) - max(detection.y_min, y_min)
    found_area = (detection.x_max - detection.x_min) * (detection.y_max - detection.y_min)
    smaller = min(found_area, (x_max - x_min) * (y_max - y_min))
    return width > 0 and height > 0 and width * height >= MIN_IOU * smaller
