"""Parity: how far an engine is from FP32 PyTorch, output by output."""

from __future__ import annotations

from typing import Literal

from simgate.core.documents.document import Document


class ParityRow(Document):
    """Percentiles of one output's absolute difference."""

    output: str
    median: float
    p90: float
    p95: float
    p99: float
    max: float
    limit: float


class Parity(Document):
    """`parity.json`."""

    version: Literal[1] = 1
    reference: Literal["pytorch-fp32-cpu"]
    target: str
    samples: int
    rows: tuple[ParityRow, ...]
