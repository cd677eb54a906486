"""simgate scenes: push scene files, and see who pushed what."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated

import typer

from simgate.cli.console import console, short, show_json, show_table, when
from simgate.cli.options import DEFAULT_STORE, DomainOption, JsonOption, StoreOption, open_store, present_store
from simgate.cli.recipes import DEFAULT_RECIPES, RecipesOption, present_recipes
from simgate.core.errors import InputError
from simgate.core.given.snapshot import read_snapshot
from simgate.plan.scenes import choose_scenes, left_out, without_recipe
from simgate.specs.recipe_file import is_folder

app = typer.Typer(no_args_is_help=True, help="Push scene files, and see who pushed what.")


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="Folder with the scenes' layers and textures.")],
    message: Annotated[str, typer.Option("--message", "-m", help="What changed, for people.")] = "",
    author: Annotated[str, typer.Option("--author", help="Author; default: git's e-mail, else the login name.")] = "",
    pull_request: Annotated[str, typer.Option("--pull-request", help="Its number or URL; default: the domain's.")] = "",
    recipes: RecipesOption = DEFAULT_RECIPES,
    domain: DomainOption = "main",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Push a folder as the new head of the scenes; only files that the store lacks are sent.

    Where the folder of recipes is there, say which scenes no recipe takes, and which recipe takes one that is missing.
    """
    from simgate.cli.person import declared_person
    from simgate.core.storage.heads import push_scenes

    if not folder.is_dir():
        raise InputError("no such folder of scenes", actual=folder, remedy="give the folder that holds the .usda files")
    place = open_store(store)
    head, is_new = push_scenes(
        place, domain, folder,
        author=declared_person(author), message=message, pull_request=_pull_request(pull_request, domain),
    )  # fmt: skip
    if as_json:
        show_json({**head.model_dump(mode="json"), "new": is_new})
        return
    said = "is the new head" if is_new else "is the head already: nothing changed"
    console().print(f"snapshot [bold]{short(head.snapshot_sha256)}[/] {said} ({domain}, entry {head.seq})")
    if is_folder(recipes):
        _compare(recipes, read_snapshot(place, head.snapshot_sha256, domain).files)


def _compare(folder: Path, files: Collection[str]) -> None:
    """Say where the push and the recipes differ."""
    found = present_recipes(folder)
    for recipe in found.dataset.values():
        try:
            choose_scenes(recipe, files)
        except InputError as error:
            console(stderr=True).print(f"[yellow]warning:[/] {error}", soft_wrap=True)
    tell_left_out(left_out(found.dataset.values(), files))


def tell_left_out(names: Sequence[str]) -> None:
    """Name pushed scenes that no recipe takes, with the remedy."""
    if said := without_recipe(names):
        console(stderr=True).print(f"[yellow]warning:[/] {said}", soft_wrap=True)


def _pull_request(said: str, domain: str) -> str:
    number = domain.removeprefix("pr-") if domain.startswith("pr-") else ""
    if number and said.isdigit() and said != number:
        raise InputError(f"domain {domain} is another pull request's", actual=said, expected=number)
    return said or number


@app.command()
def log(domain: DomainOption = "main", store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """List every head of the scenes, newest last."""
    from simgate.core.storage.heads import scenes_pushes

    heads = scenes_pushes(present_store(store), domain)
    if as_json:
        show_json([head.model_dump(mode="json") for head in heads])
        return
    rows = [
        (str(head.seq), when(head.at), short(head.snapshot_sha256), head.author, head.pull_request, head.message)
        for head in heads
    ]
    show_table(("seq", "when", "snapshot", "author", "pull request", "message"), rows, empty="no push yet")
