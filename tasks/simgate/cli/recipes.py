"""Recipes on the command line: a folder of them, one of them by name; and who started a run by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from simgate.cli.console import console
from simgate.core.errors import InputError
from simgate.plan.record import Trigger
from simgate.specs.recipe import DatasetRecipe, ReleaseRecipe
from simgate.specs.recipe_file import Recipes, read_recipes

DEFAULT_POLICY, DEFAULT_RECIPES = Path("policy.yaml"), Path("recipes")
"""The policy of the folder that the command is run in."""
R = TypeVar("R", DatasetRecipe, ReleaseRecipe)

PolicyOption = Annotated[Path, typer.Option("--policy", envvar="SIMGATE_POLICY", help="The release policy, YAML.")]
RecipesOption = Annotated[
    Path, typer.Option("--recipes", envvar="SIMGATE_RECIPES", help="Folder of recipes, YAML; `simgate init` makes one.")
]
DatasetOption = Annotated[str, typer.Option("--dataset", help="Name of a dataset recipe; default: the only one.")]
ReleaseOption = Annotated[str, typer.Option("--release", help="Name of a release recipe; default: the only one.")]


def present_recipes(folder: Path) -> Recipes:
    """Read a folder of recipes; a broken one is named on stderr, and the others are used."""
    found = read_recipes(folder)
    for problem in found.problems:
        console(stderr=True).print(f"[yellow]warning:[/] {problem}", soft_wrap=True)
    return found


def one_of(recipes: Mapping[str, R], name: str, option: str) -> R:
    """Return the recipe of a name, or the only one."""
    if name in recipes:
        return recipes[name]
    if not name and len(recipes) == 1:
        return next(iter(recipes.values()))
    known = " | ".join(recipes) or "none is there"
    what = f"no recipe {name}" if name else f"{len(recipes)} recipes to choose from"
    raise InputError(what, expected=f"{option} {known}", remedy="`simgate recipe check` lists them")


def by_hand(detail: str) -> Trigger:
    """Return the trigger of a run that was started at this command line."""
    from simgate.cli.person import declared_person

    return Trigger(kind="manual", who=declared_person(), detail=detail, at=datetime.now(UTC))
