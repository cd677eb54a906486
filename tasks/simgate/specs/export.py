"""ExportSpec: weights to an engine, and how far the engine may be from FP32 PyTorch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from simgate.core.documents.spec import Spec
from simgate.core.documents.strictness import EQUAL, free, higher, lower
from simgate.rows.engines import ENGINES


def _known(target: str) -> str:
    if target not in (names := ENGINES.names()):
        raise ValueError(f"no such engine target, expected {' | '.join(names)}")
    return target


class ExportSpec(Spec):
    """Export one model and compare it end to end, from stored image bytes to decoded output."""

    target: Annotated[str, AfterValidator(_known), EQUAL]
    """Name of a row of simgate/rows/engines.py, or of another distribution's entry point `simgate.engines`."""
    precision: Annotated[Literal["fp32", "fp16", "int8"], EQUAL] = "fp32"
    opset: Annotated[int, Field(ge=17, le=30), EQUAL] = 20
    parity_samples: Annotated[int, Field(ge=1), higher()] = 64
    """Stored frames of the eval split that are compared."""
    max_command_difference: Annotated[
        float, Field(gt=0), lower("command.speed_m_s.max", "command.yaw_rate_rad_s.max")
    ] = 1e-3
    """Largest difference of a decoded command, m/s and rad/s."""
    max_box_difference_px: Annotated[float, Field(gt=0), lower("box.edge_px.max")] = 0.1
    """Largest difference of a decoded box edge, pixels."""
    max_score_difference: Annotated[float, Field(gt=0), lower("box.score.max")] = 1e-3
    latency_runs: Annotated[
        int, Field(ge=1, le=100_000), free("latency here is shown and not judged; the bench judges it")
    ] = 200
