"""Judge one model on one split, with fixed seeds: held-out frames, and the closed loop in the split's scenes."""

from __future__ import annotations

from simgate.core.errors import InputError
from simgate.core.runtime.work import Drawn, Work
from simgate.rows.runtime import stage_of
from simgate.specs.evaluate import EvaluateSpec


def run(work: Work[EvaluateSpec]) -> None:
    """Write evaluation.json and the verdict on it."""
    closed_loop = work.spec.closed_loop
    if closed_loop is not None and closed_loop.generate.device != work.spec.device:
        raise InputError(
            "field closed_loop.generate.device: differs from device",
            actual=closed_loop.generate.device,
            expected=work.spec.device,
        )
    from simgate.evaluate.verdict import judge

    judge(work)


def draw(drawn: Drawn[EvaluateSpec]) -> bytes:
    """Return the page of an evaluation."""
    from simgate.evaluate.report import page_of

    return page_of(drawn)


STAGE = stage_of("evaluate", run, draw)
