"""Layers: import-linter's contracts, in which the word STAGES stands for every stage of the rows."""

from __future__ import annotations

from typing import Any

from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract

from simgate.rows.stages import STAGES

WORD = "STAGES"
PACKAGES = tuple(row.module.rpartition(".")[0] for row in STAGES.ours)


class RowsLayers(LayersContract):
    """Layers; a layer STAGES is every stage, none of which may use another."""

    def __init__(self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]) -> None:
        super().__init__(name, session_options, spelled_out(contract_options, "layers", (" | ".join(PACKAGES),)))


class RowsForbidden(ForbiddenContract):
    """Imports that are forbidden; STAGES among them is every stage."""

    def __init__(self, name: str, session_options: dict[str, Any], contract_options: dict[str, Any]) -> None:
        super().__init__(name, session_options, spelled_out(contract_options, "forbidden_modules", PACKAGES))


def spelled_out(options: dict[str, Any], field: str, stages: tuple[str, ...]) -> dict[str, Any]:
    """Options of a contract with the stages in the place of the word."""
    lines = [line for word in options[field] for line in (stages if word == WORD else (word,))]
    return {**options, field: lines}
