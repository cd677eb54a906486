"""Softened: where a candidate was asked less than its channel demands, or something else than its recipe's file has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from simgate.core.errors import InputError
from simgate.core.runtime.manifest import Manifest
from simgate.core.storage.store import Store
from simgate.plan.record import ReleaseWhy
from simgate.release import softening
from simgate.release.policy import Channel, Role
from simgate_airflow.gate.change import leaves
from simgate_airflow.run.recipes import kept_release


def softenings(store: Store, channel: Channel, found: Mapping[Role, Manifest]) -> Iterator[str]:
    """What a gate or the dataset was asked less of than the channel demands; promote refuses each of them."""
    try:
        yield from (str(item) for item in softening.softenings(store, channel, found))
    except InputError as error:
        yield f"a gate's spec cannot be compared with the channel's reference: {error}"


def asked_otherwise(why: ReleaseWhy | None) -> Iterator[tuple[str, object, object]]:
    """Yield (field, as the recipe's file has it, what was asked); nothing where the file is gone."""
    kept = kept_release(why.recipe.name) if why else None
    if why is None or kept is None:
        return
    usual = dict(leaves(kept.model_dump(mode="json")))
    for name, value in leaves(why.recipe.model_dump(mode="json")):
        if usual.get(name) != value:
            yield name, usual.get(name), value
