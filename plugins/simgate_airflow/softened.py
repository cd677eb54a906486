"""Softened: where a run asked something else of a candidate than the default recipe does."""

from __future__ import annotations

from collections.abc import Iterator

from simgate.plan.record import ReleaseWhy
from simgate.specs.recipe import demo_release_recipe
from simgate_airflow.change import leaves


def asked_otherwise(why: ReleaseWhy | None) -> Iterator[tuple[str, object, object]]:
    """(field of the recipe, the default, what was asked); what a channel allows at most is in its policy."""
    if why is None:
        return
    usual = dict(leaves(demo_release_recipe().model_dump(mode="json")))
    for name, value in leaves(why.recipe.model_dump(mode="json")):
        if usual.get(name) != value:
            yield name, usual.get(name), value
