"""Recipes of this deployment: the folder that SIMGATE_RECIPES names; one DAG is made of each, without the store."""

from __future__ import annotations

from collections.abc import Iterable

from airflow.sdk import Param

from simgate.core.errors import InputError
from simgate.specs.recipe import DATASET_DAG, RELEASE_DAG, DatasetRecipe, ReleaseRecipe
from simgate.specs.recipe_file import Recipes, read_recipes
from simgate_airflow.settings import settings


def dataset_recipes() -> Iterable[DatasetRecipe]:
    """Yield the dataset recipes that can be read."""
    return _recipes().dataset.values()


def release_recipes() -> Iterable[ReleaseRecipe]:
    """Yield the release recipes that can be read."""
    return _recipes().release.values()


def dag_ids() -> tuple[str, ...]:
    """Return the DAG of every recipe that can be read."""
    found = _recipes()
    made, released = found.dataset.values(), found.release.values()
    return (*(recipe.dag_id for recipe in made), *(recipe.dag_id for recipe in released))


def kept_release(name: str) -> ReleaseRecipe | None:
    """Return the release recipe of a name as the folder has it now."""
    return _recipes().release.get(name)


def recipe_param(recipe: DatasetRecipe | ReleaseRecipe) -> Param:
    """Return the recipe as a param, so that one run may ask otherwise; the policy says how far."""
    title = f"{recipe.kind.capitalize()} recipe {recipe.name}"
    return Param(recipe.model_dump(mode="json"), type="object", title=title)


def refuse_broken_recipes() -> None:
    """Raise with every recipe that cannot be read."""
    if problems := _recipes().problems:
        raise InputError(f"{len(problems)} recipes are broken: " + "; ".join(problems))


def check_recipe_of(dag_id: str, recipe: DatasetRecipe | ReleaseRecipe) -> None:
    """Refuse params that make a run of one recipe's DAG another recipe's; a DAG of one's own may ask anything."""
    pipeline, _, name = dag_id.partition(".")
    if pipeline in (DATASET_DAG, RELEASE_DAG) and recipe.dag_id != dag_id:
        raise InputError("params.recipe is another DAG's", actual=recipe.name, expected=name)


def _recipes() -> Recipes:
    try:
        return read_recipes(settings().recipes_path)
    except InputError as error:
        return Recipes({}, {}, (str(error),))
