"""Places: where stages run."""

from __future__ import annotations

from dataclasses import dataclass

from simgate.rows.row import Row, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow(Row):
    """One place; its module has `stage_class(stage)`, the operator that runs a stage there in Airflow.

    A place moves no key: the same run has the same bytes wherever it is made.
    """


PLACES = Table(
    "place",
    PlaceRow,
    "simgate.places",
    (
        PlaceRow(name="local", module="simgate_airflow.place.stage_local", extra=""),
        PlaceRow(name="pod", module="simgate_airflow.place.stage_pod", extra=""),
    ),
)
