"""Engines: targets that a model is exported to."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.rows.row import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRow(Row):
    """One engine target; its module has `build` and `open_target`, as simgate/engine/protocol.py says."""

    precisions: tuple[str, ...]
    """Precisions that it can be asked for; none: the target is known, and comes later."""
    runtime: tuple[str, ...]
    """Distributions whose versions must be the same where it is built and where it is opened."""


ENGINES = Table(
    "engine target",
    EngineRow,
    "simgate.engines",
    (
        EngineRow(
            name="onnxruntime-cpu", module="simgate.engine.onnx", extra="", precisions=("fp32",),
            runtime=("onnxruntime",),
        ),
        EngineRow(
            name="onnxruntime-cuda", module="simgate.engine.onnx_cuda", extra="", precisions=(),
            runtime=("onnxruntime-gpu",),
        ),
        EngineRow(
            name="tensorrt", module="simgate.engine.tensorrt", extra="", precisions=(), runtime=("tensorrt",)
        ),
    ),
)  # fmt: skip


def built_here() -> str:
    """Name the targets that this build can write, and those that other distributions bring."""
    later = {row.name for row in ENGINES.ours if not row.precisions}
    return " | ".join(name for name in ENGINES.names() if name not in later)
