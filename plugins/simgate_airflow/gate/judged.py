"""Judged: the figures of a gate, each with its interval, its bound, and the live model's value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from simgate.core.documents.canonical import parse_json
from simgate.core.errors import InputError, SimgateError
from simgate.core.runtime.attempt import Verdict, read_verdict
from simgate.core.runtime.manifest import Manifest
from simgate.core.storage.store import Store
from simgate.release.evidence import family_of_run
from simgate.release.policy import Role
from simgate.release.reference import asked
from simgate.rows.families import FAMILIES
from simgate.specs.bounds import Bound, bounds
from simgate.specs.metric import Metric, metric, metrics_of
from simgate_airflow.gate.case import Case

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
    bound: Bound | None
    """None: nothing judges it."""
    live: float | None
    """The live model's; None where it has none."""

    @property
    def unguarded(self) -> bool:
        """Whether it can be bad and no bound guards it."""
        return self.bound is None and self.metric.better != "neither"

    @property
    def clean(self) -> bool:
        """Whether it counts defects that no PASS may have, and the count is 0."""
        return self.bound is not None and not self.bound.field and self.value == 0

    @property
    def against_live(self) -> Literal["", "better", "worse", "same"]:
        """The comparison with the live model's value; empty where there is none, or neither direction is better."""
        if self.live is None or self.metric.better == "neither":
            return ""
        if self.value == self.live:
            return "same"
        return "better" if (self.value > self.live) == (self.metric.better == "higher") else "worse"


@dataclass(frozen=True, slots=True)
class Judged:
    """One gate."""

    role: Role
    manifest: Manifest
    verdict: Verdict | None
    figures: tuple[Figure, ...]
    problem: str = ""
    """Why its bounds cannot be read, or empty."""


def read_judged(case: Case) -> list[Judged]:
    """Return every gate of a candidate with every figure of its verdict."""
    return [_judged(case, role) for role in GATES if role in case.found]


def _judged(case: Case, role: Role) -> Judged:
    manifest = case.found[role]
    verdict = read_verdict(case.store, manifest)
    if verdict is None:
        return Judged(role, manifest, None, ())
    live = _metrics_of_live(case, role)
    intervals = _intervals(case.store, manifest)
    limits, problem = _limits(manifest)
    figures = [
        Figure(known, verdict.metrics[known.name], intervals.get(known.name), _bound(known, limits),
               live.get(known.name))
        for known in _in_order(manifest, verdict)
    ]  # fmt: skip
    return Judged(role, manifest, verdict, tuple(figures), problem)


def _limits(manifest: Manifest) -> tuple[Mapping[str, Bound], str]:
    try:
        return bounds_of(manifest), ""
    except InputError as error:
        # A spec of another version of this code: whoever asks is told, and promote refuses it.
        return {}, str(error)


def bounds_of(manifest: Manifest) -> Mapping[str, Bound]:
    """Return the bounds by which the stage of this run judged, by metric."""
    return {bound.metric: bound for bound in bounds(asked(manifest))}


def _bound(known: Metric, limits: Mapping[str, Bound]) -> Bound | None:
    if known.name in limits or not known.part_of:
        return limits.get(known.name)
    whole = limits.get(known.part_of)
    return replace(whole, metric=known.name) if whole is not None and whole.side == "at most" else None


def _in_order(manifest: Manifest, verdict: Verdict) -> list[Metric]:
    """Sort in the table's order, families within it by name; metrics that the table does not know come last."""
    stage, family = manifest.stage, family_of_run(manifest)
    family = family if family in FAMILIES.names() else ""
    names = [known.name for known in metrics_of(stage, family)]

    def place(known: Metric) -> tuple[int, str]:
        fits = (n for n, name in enumerate(names) if name == known.name or _of_family(name, known.name))
        return next(fits, len(names)), known.name

    return sorted((metric(stage, name, family) for name in verdict.metrics), key=place)


def _of_family(family: str, name: str) -> bool:
    return family.endswith("*") and name.startswith(family[:-1])


def _metrics_of_live(case: Case, role: Role) -> Mapping[str, float]:
    """Return the live model's metrics: in the candidate's episodes where it was evaluated beside it, else its own."""
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
    found = value.get("intervals") if isinstance(value, dict) else None
    return dict(_spans(found)) if isinstance(found, dict) else {}


def _spans(value: Mapping[str, object]) -> Iterator[tuple[str, tuple[float, float]]]:
    for name, item in value.items():
        if isinstance(item, Mapping) and {"value", "low", "high"} <= item.keys():
            yield name, (float(item["low"]), float(item["high"]))
