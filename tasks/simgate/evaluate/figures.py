"""Figures: the numbers that a verdict rests on; their bounds are in the spec (specs/bounds.py)."""

from __future__ import annotations

from simgate.documents.evaluation import Evaluation
from simgate.evaluate.closed_loop import ClosedLoop
from simgate.families.interval import sign_test


def metrics_of(evaluation: Evaluation, closed_loop: ClosedLoop | None) -> dict[str, float]:
    """Return the numbers of the verdict. `success_gain` is the difference of the rates over the same episodes;
    `success_gain_p` is how likely the untrained network, if it were as good, would let the model win so many pairs.
    """
    held_out = {name: interval.value for name, interval in evaluation.intervals.items()}
    if closed_loop is None:
        return held_out
    return {
        **held_out,
        "episodes": float(len(closed_loop.episodes)),
        "success_gain": (closed_loop.better - closed_loop.worse) / len(closed_loop.episodes),
        "success_gain_p": sign_test(closed_loop.better, closed_loop.worse),
    }
