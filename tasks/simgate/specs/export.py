"""ExportSpec: weights to an engine, and how far the engine may be from FP32 PyTorch."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from simgate.core.documents.strictness import EQUAL, free, higher
from simgate.rows.engines import ENGINES
from simgate.rows.names import names
from simgate.specs.demands import Demands


class ExportSpec(Demands):
    """Export one model and compare it end to end, from stored image bytes to decoded answer.

    `at_most` bounds the differences.
    """

    stage: ClassVar[str] = "export"

    target: Annotated[str, names(ENGINES), EQUAL]
    """Name of a row of simgate/rows/engines.py, or of another distribution's entry point `simgate.engines`."""
    precision: Annotated[Literal["fp32", "fp16", "int8"], EQUAL] = "fp32"
    opset: Annotated[int, Field(ge=17, le=30), EQUAL] = 20
    parity_samples: Annotated[int, Field(ge=1), higher()] = 64
    """Stored frames of the eval split that are compared."""
    latency_runs: Annotated[
        int, Field(ge=1, le=100_000), free("latency here is shown and not judged; the bench judges it")
    ] = 200
