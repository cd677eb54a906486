"""Demands: the bounds that a spec puts on a family's metrics, by their names; an unknown name is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from simgate.core.documents.stage_spec import Spec
from simgate.core.documents.strictness import EACH, EQUAL, higher, lower
from simgate.core.errors import InputError
from simgate.rows.families import FAMILIES
from simgate.rows.names import names
from simgate.specs.metric import Metric, metrics_of

Side = Literal["at_least", "at_most"]
SIDES: tuple[Side, ...] = ("at_least", "at_most")
MetricName = Annotated[str, Field(min_length=1, max_length=100)]


class _Unsaid(dict[str, float]):
    """A side that a spec does not name."""


class Demands(Spec):
    """A spec of a gate that judges models of one family."""

    stage: ClassVar[str]
    """The stage whose verdict it bounds."""

    family: Annotated[str, names(FAMILIES), EQUAL]
    """Kind of model that is judged: a model of another one is refused."""
    at_least: Annotated[dict[MetricName, float], Field(max_length=1000, validate_default=True), higher(EACH)] = Field(
        default_factory=_Unsaid
    )
    """Least value of each of these metrics of the family."""
    at_most: Annotated[dict[MetricName, float], Field(max_length=1000, validate_default=True), lower(EACH)] = Field(
        default_factory=_Unsaid
    )
    """Largest value of each of these metrics of the family."""

    @field_validator("at_least", "at_most", mode="before")
    @classmethod
    def _usual_bounds(cls, bounds: Any, info: ValidationInfo) -> Any:
        """Take the family's usual bounds on a side that the spec does not name; one that it names empty stays so."""
        if not isinstance(bounds, _Unsaid) or "family" not in info.data:
            return bounds
        known = (item for item in _known(cls.stage, info.data["family"]) if _side(item) == info.field_name)
        return {item.name: item.usual for item in known if item.usual is not None}

    @field_validator("at_least", "at_most", mode="after")
    @classmethod
    def _in_one_order(cls, bounds: dict[str, float]) -> dict[str, float]:
        return dict(sorted(bounds.items()))

    @model_validator(mode="after")
    def _each_is_a_metric(self) -> Self:
        problems = [
            *foreign_bounds(self.stage, self.family, "at_least", self.at_least),
            *foreign_bounds(self.stage, self.family, "at_most", self.at_most),
            *missing_bounds(self.stage, self.family, {**self.at_least, **self.at_most}),
        ]
        if problems:
            raise ValueError(f"{self.stage} of a {self.family}: {'; '.join(problems)}")
        return self


def _known(stage: str, family: str) -> tuple[Metric, ...]:
    try:
        return metrics_of(stage, family)
    except InputError as error:
        raise ValueError(str(error)) from error


def _side(metric: Metric) -> Side:
    return "at_least" if metric.better == "higher" else "at_most"


def foreign_bounds(stage: str, family: str, side: Side, bounds: Mapping[str, float]) -> Iterator[str]:
    """Find bounds of what is no metric of the family, or is better on the other side."""
    known = {item.name: item for item in _known(stage, family)}
    for name in bounds:
        if name not in known:
            yield f"{side}.{name} is no metric; there are {', '.join(sorted(known))}"
        elif known[name].better == "neither" or _side(known[name]) != side:
            yield f"{side}.{name} bounds nothing: {known[name].better} is better"


def missing_bounds(stage: str, family: str, bounds: Mapping[str, float]) -> Iterator[str]:
    """Find the metrics of the family that have to be bounded and are not."""
    commands = FAMILIES.find(family).commands
    for metric in _known(stage, family):
        if metric.demanded and (commands or not metric.driven) and metric.name not in bounds:
            yield f"{_side(metric)}.{metric.name} is missing"
