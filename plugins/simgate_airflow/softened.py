"""Softened: where a candidate was asked less than its channel demands, or something else than by default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simgate.core.manifest import Manifest
from simgate.core.store import Store
from simgate.plan.record import ReleaseWhy
from simgate.release.policy import Channel, Role
from simgate.specs.recipe import demo_release_recipe
from simgate_airflow.change import leaves


def softenings(_store: Store, channel: Channel, found: Mapping[Role, Manifest]) -> Iterator[str]:
    """What a gate was asked less of than the channel demands; promote refuses each of them."""
    for demand in channel.demands:
        if demand.stage in found and (problem := demand.problem(found[demand.stage].spec)):
            yield f"{demand.stage}: {problem}"


def asked_otherwise(why: ReleaseWhy | None) -> Iterator[tuple[str, object, object]]:
    """(field of the recipe, the default, what was asked)."""
    if why is None:
        return
    usual = dict(leaves(demo_release_recipe().model_dump(mode="json")))
    for name, value in leaves(why.recipe.model_dump(mode="json")):
        if usual.get(name) != value:
            yield name, usual.get(name), value
