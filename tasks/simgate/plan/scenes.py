"""Scenes: the pushed scenes that a recipe takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from simgate.core.errors import InputError
from simgate.specs.index import SceneChoice
from simgate.specs.recipe import DatasetRecipe, SceneRule

ROOT_SUFFIXES = (".usda", ".usd", ".usdc", ".usdz")
PARTS = ("assets", "robot", "robots")
"""Folders of what scenes share: none of them is a scene, whatever layer it holds."""


def pushed_scenes(files: Iterable[str]) -> dict[str, str]:
    """Find the scenes of a push: root layers by name, where a folder holds a layer of its own name."""
    found: dict[str, str] = {}
    for path in sorted(PurePosixPath(file) for file in files):
        if len(path.parts) == 2 and path.suffix in ROOT_SUFFIXES and path.stem == path.parts[0] not in PARTS:
            found.setdefault(path.stem, str(path))
    return found


def choose_scenes(recipe: DatasetRecipe, files: Collection[str]) -> tuple[SceneChoice, ...]:
    """Apply a recipe's rules to the files of a push; a rule that takes nothing is refused."""
    pushed = pushed_scenes(files)
    chosen: dict[str, SceneChoice] = {}
    for rule in recipe.scenes:
        for name, root in _taken(recipe, rule, pushed, files).items():
            choice = SceneChoice(name=name, root=root, split=rule.split, episodes=rule.episodes)
            chosen.setdefault(name, choice)
    if missing := {"train", "eval"} - {choice.split for choice in chosen.values()}:
        raise InputError(
            f"recipe {recipe.name} takes no scene for {' and '.join(sorted(missing))}",
            expected="at least one scene with `split: train`, and one with `split: eval`",
        )
    return tuple(chosen.values())


def _taken(recipe: DatasetRecipe, rule: SceneRule, pushed: Mapping[str, str], files: Collection[str]) -> dict[str, str]:
    if rule.root and rule.root in files:
        return {rule.name: rule.root}
    found = {} if rule.root else {name: root for name, root in pushed.items() if fnmatchcase(name, rule.name)}
    if not found:
        looked_for = rule.root or f"{rule.name}/{rule.name}.usda"
        raise InputError(
            f"recipe {recipe.name} takes scene {rule.name}, which is not pushed", actual=_listed(pushed),
            expected=looked_for, remedy=f"push a folder that holds {looked_for}, or change the recipe's scenes",
        )  # fmt: skip
    return found


def left_out(recipes: Iterable[DatasetRecipe], files: Collection[str]) -> tuple[str, ...]:
    """Name the pushed scenes that no recipe takes."""
    rules = [rule for recipe in recipes for rule in recipe.scenes]
    roots = {rule.root for rule in rules if rule.root}
    patterns = [rule.name for rule in rules if not rule.root]
    return tuple(
        name
        for name, root in pushed_scenes(files).items()
        if root not in roots and not any(fnmatchcase(name, pattern) for pattern in patterns)
    )


def without_recipe(names: Sequence[str]) -> str:
    """Say that no recipe takes these pushed scenes, and what to do; empty where there are none."""
    said = f"no recipe takes {', '.join(names)}: nothing is made of it; add it to a recipe's `scenes`"
    return said if names else ""


def _listed(pushed: Mapping[str, str]) -> str:
    return f"the scenes {', '.join(pushed)}" if pushed else "no scene (a folder that holds a layer of its own name)"
