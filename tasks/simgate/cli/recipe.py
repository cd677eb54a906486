"""simgate recipe: print a recipe in full, check a file or a project, or print the JSON schema of a kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simgate.cli.console import console, show_json, show_table
from simgate.cli.recipes import DEFAULT_RECIPES
from simgate.core.errors import InputError
from simgate.specs.recipe_file import KINDS, Recipe, read_recipe, read_recipes

app = typer.Typer(no_args_is_help=True, help="Recipes: what a project makes and releases.")
FileArgument = Annotated[Path, typer.Argument(help="A recipe, YAML.")]


@app.command("show")
def show(file: FileArgument) -> None:
    """Print a recipe with every field, the defaults too, each with its meaning, unit and range: YAML to copy from."""
    from simgate.specs.recipe_text import recipe_text

    print(recipe_text(read_recipe(file)), end="")  # as it is: neither markup nor folding


@app.command("check")
def check(
    path: Annotated[
        Path, typer.Argument(envvar="SIMGATE_RECIPES", help="A recipe, a folder of recipes, or a project's folder.")
    ] = DEFAULT_RECIPES,
) -> None:
    """List the recipes and check them, alone and together; exit 2 with every fault."""
    if path.is_file():
        _table([read_recipe(path)])
        return
    found = read_recipes(path / "recipes" if (path / "recipes").is_dir() else path)
    if found.dataset or found.release or not found.problems:
        _table([*found.dataset.values(), *found.release.values()])
    if found.problems:
        raise InputError("; ".join(found.problems))


def _table(recipes: list[Recipe]) -> None:
    rows = [(item.kind, item.name, _about(item), item.dag_id, item.sha256[:12]) for item in recipes]
    show_table(("kind", "name", "what", "DAG", "sha256"), rows)
    if not recipes:
        console().print("no recipe is there; `simgate init FOLDER` writes a project with two")


def _about(recipe: Recipe) -> str:
    if recipe.kind == "dataset":
        return ", ".join(f"{rule.name} ({rule.split}, {rule.episodes})" for rule in recipe.scenes)
    return f"{recipe.model} of {recipe.dataset} into {recipe.channel}"


@app.command("schema")
def schema(kind: Annotated[str, typer.Argument(help=" | ".join(KINDS))]) -> None:
    """Print the JSON schema of a kind of recipe, for editors."""
    from simgate.specs.recipe_text import recipe_schema

    if kind not in KINDS:
        raise InputError("no such kind of recipe", actual=kind, expected=" | ".join(KINDS))
    show_json(recipe_schema(KINDS[kind]))
