"""Latency: how long the engine takes on this machine, one picture at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Literal

from simgate.core.documents.document import Document
from simgate.engine.compare import percentiles
from simgate.engine.protocol import Model
from simgate.families.frame import Frame

WARM_UP_RUNS = 10


class LatencyRow(Document):
    """Percentiles of one way through the engine, milliseconds of host time."""

    path: str
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class Latency(Document):
    """`latency.json`; true of the machine in observed.json alone."""

    version: Literal[1] = 1
    runs: int
    rows: tuple[LatencyRow, ...]


def measure(engine: Model, frames: Sequence[Frame], runs: int) -> Latency:
    """Time `runs` calls of each way, over the given frames in turn."""
    contract = engine.contract

    def answer(frame: Frame) -> object:
        return contract.answer(engine.look(contract.picture(frame.image_bytes), frame.goal))

    return Latency(runs=runs, rows=(_row("stored picture to decoded answer", answer, frames, runs),))


def _row(path: str, call: Callable[[Frame], object], frames: Sequence[Frame], runs: int) -> LatencyRow:
    times_ms = []
    for number in range(WARM_UP_RUNS + runs):
        begin = time.perf_counter()
        call(frames[number % len(frames)])
        times_ms.append((time.perf_counter() - begin) * 1000)
    found = percentiles(times_ms[WARM_UP_RUNS:])
    return LatencyRow(
        path=path, p50_ms=found.median, p90_ms=found.p90, p95_ms=found.p95, p99_ms=found.p99, max_ms=found.max
    )
