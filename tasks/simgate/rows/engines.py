"""Engines: targets that a model is exported to."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.rows.row import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRow(Row):
    """One engine target; its module builds and opens engines, as simgate/engine/protocol.py says."""

    precisions: tuple[str, ...]
    """Precisions that it can be asked for."""


ENGINES = Table("engine target", EngineRow, "simgate.engines", ())
