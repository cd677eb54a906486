"""The demo's recipes, as its project has them."""

from __future__ import annotations

from pathlib import Path

from simgate.specs.recipe import DatasetRecipe, ReleaseRecipe
from simgate.specs.recipe_file import read_recipes

PROJECT = Path(__file__).parents[1] / "examples" / "demo"
RECIPES, POLICY = PROJECT / "recipes", PROJECT / "policy.yaml"


def demo_dataset_recipe() -> DatasetRecipe:
    """Two train scenes × 12 episodes, one eval scene × 6; 128×96 px, 5 Hz, 20 frames each."""
    return read_recipes(RECIPES).dataset["rooms"]


def demo_release_recipe() -> ReleaseRecipe:
    """One navigator on this machine's CPU, judged on the emulated bench, for the channel `demo`."""
    return read_recipes(RECIPES).release["navigator"]


def write_recipes(folder: Path, *recipes: DatasetRecipe | ReleaseRecipe) -> Path:
    """A folder that holds these recipes; JSON is YAML too."""
    folder.mkdir(parents=True, exist_ok=True)
    for recipe in recipes:
        (folder / f"{recipe.kind}-{recipe.name}.yaml").write_bytes(recipe.to_json())
    return folder
