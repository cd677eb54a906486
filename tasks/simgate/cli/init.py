"""simgate init: writes a project to begin with: two small rooms and a robot, recipes, a policy, and a page."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from simgate.cli.console import console
from simgate.core.errors import InputError

STARTER = Path(__file__).parent / "starter"
NEXT = """\
  cd {folder}
  simgate recipe check
  simgate scenes push scenes
  simgate plan
  simgate-airflow start"""


def init(folder: Annotated[Path, typer.Argument(help="Folder to make for the project; refused if it exists.")]) -> None:
    """Write a project of your own: scenes, recipes, a policy and a README, small enough to run on two cores."""
    from simgate.cli.person import declared_person
    from simgate.plan.scenes import choose_scenes
    from simgate.release.policy_update import new_policy
    from simgate.release.reference import Reference
    from simgate.specs.recipe_file import read_recipes

    if folder.exists():
        raise InputError(f"{folder} is there already", remedy="name a folder that is not there yet")
    try:
        shutil.copytree(STARTER, folder)
        found = read_recipes(folder / "recipes")
        (dataset,), (release,) = found.dataset.values(), found.release.values()
        scenes = folder / "scenes"
        files = {str(path.relative_to(scenes)) for path in scenes.rglob("*") if path.is_file()}
        asked = Reference.of(dataset, release, choose_scenes(dataset, files))
        policy = new_policy(release.channel, asked, declared_person())
        (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot write {folder}: {error.strerror}", remedy="name a folder that you may write"
        ) from error
    console().print(f"{folder} is a project: its README.md says what each file is. Next:\n{NEXT.format(folder=folder)}")
