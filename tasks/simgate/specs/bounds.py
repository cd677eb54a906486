"""Bounds: which metric of a verdict each field of a spec bounds, and whether PASS can be true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal, cast

from simgate.core.documents.stage_spec import Spec
from simgate.core.documents.strictness import Leaf, leaves


@dataclass(frozen=True, slots=True)
class Bound:
    """One metric and its limit."""

    metric: str
    side: Literal["at least", "at most"]
    limit: float
    field: str
    """Dotted name in the spec; empty where every PASS must meet it, whatever was asked."""

    def problem(self, metrics: Mapping[str, float]) -> str:
        """Say how the metric breaks the bound; empty where it holds. A missing value or a NaN breaks it."""
        value, asked = metrics.get(self.metric), f"{self.field or 'what every PASS needs:'} {self.limit:g}"
        if value is None:
            return f"{self.metric} is missing, so {asked} is not met"
        # NaN compares as false either way: it breaks the bound.
        if value >= self.limit if self.side == "at least" else value <= self.limit:
            return ""
        way = "below" if self.side == "at least" else "above"
        return f"{self.metric} {value:.6g} is {way} {asked}"


def bounds(spec: Spec) -> Iterator[Bound]:
    """Yield every bound that a spec puts on its stage's verdict."""
    for leaf in leaves(type(spec)):
        yield from _bounds_of(spec, leaf)
    for metric in spec.zero_metrics:
        yield Bound(metric, "at most", 0.0, "")


def _bounds_of(spec: Spec, leaf: Leaf) -> Iterator[Bound]:
    value = reduce(_inside, leaf.path.split("."), cast("Any", spec))
    if not leaf.stricter.bounds or value is None:
        return
    side: Literal["at least", "at most"] = "at least" if leaf.stricter.way == "higher" else "at most"
    if leaf.stricter.bounds_each:
        yield from (Bound(name, side, float(limit), f"{leaf.path}.{name}") for name, limit in value.items())
    else:
        yield from (Bound(name, side, float(value), leaf.path) for name in leaf.stricter.bounds)


def _inside(value: Any, name: str) -> Any:
    """Return a field; of an optional part that is not there, nothing."""
    return None if value is None else getattr(value, name)


def broken_bounds(spec: Spec, metrics: Mapping[str, float]) -> list[str]:
    """List why a verdict with these metrics cannot be PASS; empty if it can."""
    return [problem for bound in bounds(spec) if (problem := bound.problem(metrics))]
