"""Recipe files: YAML, one recipe a file; a folder of them is what a project makes and releases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from simgate.core.documents.yaml_text import document_of, file_bytes, line_of, read_yaml
from simgate.core.errors import InputError, SimgateError
from simgate.core.runtime.origin import told_as_theirs
from simgate.specs.recipe import DatasetRecipe, ReleaseRecipe

Recipe = DatasetRecipe | ReleaseRecipe
KINDS: Mapping[str, type[DatasetRecipe] | type[ReleaseRecipe]] = {"dataset": DatasetRecipe, "release": ReleaseRecipe}
SUFFIXES = (".yaml", ".yml")
REMEDY = "`simgate recipe show` prints every field with its range"
R = TypeVar("R", DatasetRecipe, ReleaseRecipe)


@dataclass(frozen=True, slots=True)
class Recipes:
    """The recipes of a folder by name, and the faults of broken ones."""

    dataset: Mapping[str, DatasetRecipe]
    release: Mapping[str, ReleaseRecipe]
    problems: tuple[str, ...] = ()

    def releases_of(self, dataset: str) -> tuple[ReleaseRecipe, ...]:
        """Return the releases that are made of a dataset."""
        return tuple(recipe for recipe in self.release.values() if recipe.dataset == dataset)


def read_recipe(path: Path) -> Recipe:
    """Read one recipe; the error names file, line, field, value and what to do."""
    try:
        data = file_bytes(path)
    except OSError as error:
        raise InputError(f"cannot read recipe {path}: {error.strerror}") from error
    return parse_recipe(data, what=f"recipe {path}")


def parse_recipe(data: bytes, *, what: str) -> Recipe:
    """Parse one recipe's text."""
    value = read_yaml(data, what=what)
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise InputError(
            f"{what}, line {line_of(data, ('kind',))}: field kind: a recipe says of what it is", actual=repr(kind)[:80],
            expected=" | ".join(f"kind: {name}" for name in KINDS), remedy=REMEDY,
        )  # fmt: skip
    return document_of(KINDS[kind], value, data, what=what, remedy=REMEDY)


def read_recipes(folder: Path) -> Recipes:
    """Read every recipe of a folder; one that is wrong is left out and named, with what depends on it."""
    if not is_folder(folder):
        remedy = "SIMGATE_RECIPES or --recipes names it; `simgate init` makes one"
        raise InputError("no such folder of recipes", actual=str(folder)[:200], remedy=remedy)
    problems: list[str] = []
    read: list[tuple[str, Recipe]] = []
    for path in sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith(".")):
        try:
            with told_as_theirs():
                read.append((path.name, read_recipe(path)))
        except SimgateError as error:
            problems.append(str(error))
    dataset = _by_name([(file, item) for file, item in read if isinstance(item, DatasetRecipe)], problems)
    release = _by_name([(file, item) for file, item in read if isinstance(item, ReleaseRecipe)], problems)
    for name, problem in list(_unfit(dataset, release)):
        problems.append(problem)
        release.pop(name)
    return Recipes(dataset, release, tuple(problems))


def is_folder(path: Path) -> bool:
    """Say whether there is such a folder; no name makes it raise."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no folder can have
        return False


def _by_name(read: list[tuple[str, R]], problems: list[str]) -> dict[str, R]:
    found: dict[str, R] = {}
    for file, recipe in read:
        if recipe.name in found:
            problems.append(f"{file}: another file has a {recipe.kind} recipe called {recipe.name}; rename one of them")
        found.setdefault(recipe.name, recipe)
    return found


def _unfit(dataset: Mapping[str, DatasetRecipe], release: Mapping[str, ReleaseRecipe]) -> Iterator[tuple[str, str]]:
    """Find releases of no dataset here, and two of one model into one channel, which would overtake each other."""
    taken: dict[tuple[str, str], str] = {}
    for recipe in release.values():
        if recipe.dataset not in dataset:
            known = " | ".join(dataset) or "a dataset recipe that can be read"
            yield recipe.name, f"release recipe {recipe.name}: no dataset recipe {recipe.dataset}; expected {known}"
        elif (other := taken.setdefault((recipe.model, recipe.channel), recipe.name)) != recipe.name:
            yield (
                recipe.name,
                f"release recipes {other} and {recipe.name} both release {recipe.model} into {recipe.channel}; "
                "give one of them another model or channel",
            )
