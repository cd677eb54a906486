"""Softened: where a candidate was asked less than its channel demands, or something else than its recipe's file has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simgate.core.errors import InputError
from simgate.core.runtime.manifest import Manifest
from simgate.core.storage.store import Store
from simgate.release import softening
from simgate.release.policy import Channel, Role
from simgate.specs.recipe import ReleaseRecipe
from simgate_airflow.gate.change import leaves


def softenings(store: Store, channel: Channel, found: Mapping[Role, Manifest]) -> Iterator[str]:
    """Yield each field in which a gate or the dataset was asked less than the channel demands; promote refuses them
    all.
    """
    try:
        yield from (str(item) for item in softening.softenings(store, channel, found))
    except InputError as error:
        yield f"a gate's spec cannot be compared with the channel's reference: {error}"


def asked_otherwise(recipe: ReleaseRecipe, kept: ReleaseRecipe) -> Iterator[tuple[str, object, object]]:
    """Yield (field, its value in the recipe's file, the value that was asked) for each field that differs."""
    usual = dict(leaves(kept.model_dump(mode="json")))
    for name, value in leaves(recipe.model_dump(mode="json")):
        if usual.get(name) != value:
            yield name, usual.get(name), value
