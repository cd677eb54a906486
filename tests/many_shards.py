"""Many shards: a dataset of five hundred, one episode each, of stages that take no time."""

from __future__ import annotations

from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.plan.dataset import judged
from simgate.plan.jobs import find_all, slots
from simgate.plan.record import DatasetWhy, read_why
from simgate.specs.recipe import DatasetRecipe
from tests.demo_recipes import demo_dataset_recipe

SHARDS = 500


def recipe(shards: int) -> DatasetRecipe:
    """One episode a shard, over the demo's three scenes."""
    demo = demo_dataset_recipe()
    episodes = (shards // 3, shards // 3, shards - 2 * (shards // 3))
    scenes = tuple(
        scene.model_copy(update={"episodes": count}) for scene, count in zip(demo.scenes, episodes, strict=True)
    )
    return demo.model_copy(update={"scenes": scenes, "episodes_per_shard": 1})


def assert_every_shard_once(store: Store, folder: str, shards: int) -> None:
    """Each shard of a run is committed under its own key, and its dataset holds each of them once."""
    why = read_why(store, folder)
    assert isinstance(why, DatasetWhy)
    found = find_all(store, slots(store, folder, "generate"))
    assert None not in found
    assert len(set(found)) == len(found) == shards
    ref = judged(store, why)
    assert ref is not None
    links = [link.ref for link in read_manifest(store, ref).dependencies if link.name == "generate"]
    assert sorted(link.uri for link in links) == sorted(item.uri for item in found if item is not None)
