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
        known = {item.name: item for item in _known(self.stage, self.family)}
        problems = [
            *_foreign(known, "at_least", self.at_least),
            *_foreign(known, "at_most", self.at_most),
            *_unasked(known, {**self.at_least, **self.at_most}, commands=FAMILIES.find(self.family).commands),
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


def _foreign(known: Mapping[str, Metric], side: Side, bounds: Mapping[str, float]) -> Iterator[str]:
    for name in bounds:
        if name not in known:
            yield f"{side}.{name} is no metric; there are {', '.join(sorted(known))}"
        elif known[name].better == "neither" or _side(known[name]) != side:
            yield f"{side}.{name} bounds nothing: {known[name].better} is better"


def _unasked(known: Mapping[str, Metric], bounds: Mapping[str, float], *, commands: bool) -> Iterator[str]:
    for metric in known.values():
        if metric.demanded and (commands or not metric.driven) and metric.name not in bounds:
            yield f"{_side(metric)}.{metric.name} is missing"
