"""Judged: the figures of a gate, each with its interval, what bounds it, and the live model's value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from simgate.core.attempt import Verdict, read_verdict
from simgate.core.canonical import parse_json
from simgate.core.errors import SimgateError
from simgate.core.manifest import Manifest
from simgate.core.store import Store
from simgate.release.policy import Role
from simgate.specs.metrics import METRICS, Metric, metric
from simgate_airflow.case import Case

GATES: tuple[Role, ...] = ("evaluate", "hil", "export", "validate")
"""In the order in which people ask."""
EVALUATION_NAME = "evaluation.json"
MAX_EVALUATION_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a verdict."""

    metric: Metric
    value: float
    interval: tuple[float, float] | None
    """Of 95 %; None where the stage gives none."""
    bound: float | None
    """None: nothing judges it."""
    live: float | None
    """The live model's; None where it has none."""

    @property
    def unguarded(self) -> bool:
        """Whether it can be bad and nothing asks."""
        return self.bound is None and self.metric.better != "neither"


@dataclass(frozen=True, slots=True)
class Judged:
    """One gate."""

    role: Role
    manifest: Manifest
    verdict: Verdict | None
    figures: tuple[Figure, ...]


def read_judged(case: Case) -> list[Judged]:
    """Every gate of a candidate with every figure of its verdict."""
    return [_judged(case, role) for role in GATES if role in case.found]


def _judged(case: Case, role: Role) -> Judged:
    manifest = case.found[role]
    verdict = read_verdict(case.store, manifest)
    if verdict is None:
        return Judged(role, manifest, None, ())
    live = _metrics_of_live(case, role)
    intervals = _intervals(case.store, manifest)
    figures = [
        Figure(known, verdict.metrics[known.name], intervals.get(known.name), known.bound(manifest.spec),
               live.get(known.name))
        for known in _in_order(manifest.stage, verdict)
    ]  # fmt: skip
    return Judged(role, manifest, verdict, tuple(figures))


def _in_order(stage: str, verdict: Verdict) -> list[Metric]:
    """The table's order, families within it by name; what the table does not know comes last."""
    names = [known.name for known in METRICS.get(stage, ())]

    def place(known: Metric) -> tuple[int, str]:
        fits = (n for n, name in enumerate(names) if name == known.name or _of_family(name, known.name))
        return next(fits, len(names)), known.name

    return sorted((metric(stage, name) for name in verdict.metrics), key=place)


def _of_family(family: str, name: str) -> bool:
    return family.endswith("*") and name.startswith(family[:-1])


def _metrics_of_live(case: Case, role: Role) -> Mapping[str, float]:
    """Of the same episodes where live was evaluated beside the candidate, else of live's own evidence."""
    beside = case.found.get("evaluate_live") if role == "evaluate" else None
    manifest = beside or (case.live.found.get(role) if case.live else None)
    if manifest is None:
        return {}
    try:
        verdict = read_verdict(case.store, manifest)
    except SimgateError:
        return {}
    return verdict.metrics if verdict else {}


def _intervals(store: Store, manifest: Manifest) -> dict[str, tuple[float, float]]:
    if manifest.stage != "evaluate":
        return {}
    data = store.read(manifest.artifact(EVALUATION_NAME), max_bytes=MAX_EVALUATION_BYTES)
    value = parse_json(data, what=EVALUATION_NAME)
    return dict(_spans(value)) if isinstance(value, dict) else {}


def _spans(value: Mapping[str, object]) -> Iterator[tuple[str, tuple[float, float]]]:
    for name, item in value.items():
        if isinstance(item, Mapping) and {"value", "low", "high"} <= item.keys():
            yield name, (float(item["low"]), float(item["high"]))
