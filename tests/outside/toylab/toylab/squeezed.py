"""Squeezed: the graph under zlib, run by ONNX Runtime."""

from __future__ import annotations

import zlib
from pathlib import Path

from simgate.engine.onnx import OnnxEngine
from simgate.families.base_contract import Contract

FILE = "model.zz"


def build(graph: bytes, precision: str, folder: Path) -> None:
    """Write the engine."""
    (folder / FILE).write_bytes(zlib.compress(graph, 9))


def open_target(folder: Path, contract: Contract) -> OnnxEngine:
    """Open the engine."""
    return OnnxEngine.from_bytes(zlib.decompress((folder / FILE).read_bytes()), what=FILE)
