"""The page of a training: its losses over epochs."""

from __future__ import annotations

from collections.abc import Mapping

from simgate.core.runtime.work import Drawn
from simgate.families.card import EpochLosses, ModelCard
from simgate.families.family import family_of
from simgate.report.figure import note, table
from simgate.report.lines import svg_lines
from simgate.report.page import Section, page
from simgate.specs.train import TrainSpec


def page_of(drawn: Drawn[TrainSpec]) -> bytes:
    """Draw the report as one self-contained page."""
    card = ModelCard.from_json(drawn.read("model.json"), what="model.json")
    rows = [EpochLosses.from_json(line, what="metrics.jsonl") for line in drawn.read("metrics.jsonl").splitlines()]
    sections = (
        _curves(rows, family_of(card.family).curves)
        if rows
        else [Section("Losses", note("This network is untrained: the spec asked for 0 epochs."))]
    )
    return page("Training", verdict=None, facts=_facts(card), sections=[*sections, _spec(drawn.spec)])


def _facts(card: ModelCard) -> dict[str, str]:
    facts = {
        "Parameters": f"{card.parameters:,}",
        "Frames": f"{card.frames:,}",
        "Epochs": str(card.epochs),
        "Steps": f"{card.steps:,}",
        "Seed": str(card.seed),
        "Where": f"{card.world_size} × {card.device}, {card.precision}",
        "Dataset": card.dataset_sha256[:12],
    }
    return facts | ({"Last loss": f"{card.last.total:.3f}"} if card.last else {})


def _curves(rows: list[EpochLosses], curves: Mapping[str, Mapping[str, str]]) -> list[Section]:
    sections = [
        Section(title, svg_lines(_lines(rows, named), x_label="epoch", y_label="loss"))
        for title, named in curves.items()
    ]
    rate = {"learning rate": [(float(r.epoch), 1000 * r.learning_rate) for r in rows]}
    return [*sections, Section("Learning rate", svg_lines(rate, x_label="epoch", y_label="learning rate × 1000"))]


def _lines(rows: list[EpochLosses], named: Mapping[str, str]) -> dict[str, list[tuple[float, float]]]:
    return {label: [(float(row.epoch), row.parts[name]) for row in rows] for name, label in named.items()}


def _spec(spec: TrainSpec) -> Section:
    rows = [
        (name, str(value)) for name, value in spec.model_dump(mode="json").items() if name not in ("network", "version")
    ]
    rows += [(f"network.{name}", str(value)) for name, value in spec.network.model_dump(mode="json").items()]
    return Section("Asked for", table(("field", "value"), rows))
