"""ExportSpec: weights to an engine, and how far the engine may be from FP32 PyTorch."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from simgate.core.documents.strictness import EQUAL, free, higher
from simgate.rows.engines import ENGINES, built_here
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

    @field_validator("target")
    @classmethod
    def _can_be_built(cls, target: str) -> str:
        if not ENGINES.find(target).precisions:
            raise ValueError(f"engine target {target} comes later; this build can write {built_here()}")
        return target

    @field_validator("precision")
    @classmethod
    def _of_the_target(cls, precision: str, info: ValidationInfo) -> str:
        row = ENGINES.find(info.data["target"]) if "target" in info.data else None
        if row is not None and precision not in row.precisions:
            raise ValueError(f"engine target {row.name} has no precision {precision}; use {' | '.join(row.precisions)}")
        return precision
