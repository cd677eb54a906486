"""Place: where this deployment runs its stages; a DAG asks for the operator and does not care which it is."""

from __future__ import annotations

from airflow.sdk import BaseOperator

from simgate.rows.places import PLACES
from simgate_airflow.settings import settings


def stage_class(stage: str = "") -> type[BaseOperator]:
    """Choose the operator that runs a stage here, as SIMGATE_PLACE says; only that place's libraries are loaded.

    Named, a stage that the place spreads over several machines gets the operator that can do so.
    """
    found: type[BaseOperator] = PLACES.module(settings().place).stage_class(stage)
    return found
