"""simgate scenes check: what index will say of a folder of scenes, without a spec and without a store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from simgate.cli.console import console, show_json, show_table
from simgate.cli.options import JsonOption
from simgate.cli.recipes import DEFAULT_RECIPES, RecipesOption, present_recipes
from simgate.core.errors import InputError, SimgateError

MAX_ROWS = 1000


def check(
    folder: Annotated[Path, typer.Argument(help="Folder with the scenes' layers and textures, as it would be pushed.")],
    recipes: RecipesOption = DEFAULT_RECIPES,
    as_json: JsonOption = False,
) -> None:
    """Open every scene of a folder as index does, and say what index would refuse and why; exit code 2 if it would."""
    from simgate.core.given.snapshot import scan
    from simgate.plan.scenes import pushed_scenes

    if not folder.is_dir():
        raise InputError("no such folder of scenes", actual=folder, remedy="give the folder that holds the .usda files")
    paths = scan(folder)
    roots = pushed_scenes(paths)
    if not roots:
        raise InputError(
            "no scene in the folder", actual=folder, expected="a folder that holds a layer of its own name",
            remedy="name the folder and its root layer alike, or `simgate scenes wrap` an asset",
        )  # fmt: skip
    found = _Check(folder, paths, _classes(recipes))
    for name, root in roots.items():
        found.read(name, root)
    if as_json:
        show_json({"scenes": list(roots), "refused": sorted(found.refused), "findings": found.findings})
    else:
        _show(found, roots, folder)
    if found.refused:
        raise typer.Exit(InputError.exit_code)


class _Check:
    """Scenes opened one after the other by what index calls."""

    def __init__(self, folder: Path, paths: Mapping[str, Path], classes: Sequence[str]) -> None:
        from simgate.core.given.snapshot import FileRef

        self._folder = folder.resolve()
        self._classes = tuple(classes)
        self._files = {
            path: FileRef(sha256=_digest(source), size_bytes=source.stat().st_size) for path, source in paths.items()
        }
        self.findings: list[dict[str, Any]] = []
        self.refused: dict[str, str] = {}

    def read(self, name: str, root: str) -> None:
        """Open one scene; keep what was found, and the error where it is refused."""
        from simgate.index.scene_item import read_scene
        from simgate.specs.index import IndexSpec, SceneChoice

        before = len(self.findings)
        try:
            choice = SceneChoice.from_value({"name": name, "root": root, "split": "train", "episodes": 1}, what="scene")
            spec = IndexSpec(scenes=(choice,), classes=self._classes)
            _, findings = read_scene(choice, spec, self._folder, self._files, self._note)
        except SimgateError as error:
            self.refused[name] = str(error)
            if len(self.findings) == before:
                self._note("finding", scene=name, level="refused", rule="simgate", **_parts(error))
            return
        for finding in findings:
            self._note("finding", scene=name, level=finding.level, **finding.model_dump(mode="json"))

    def _note(self, event: str, **fields: Any) -> None:
        if event == "finding":
            self.findings.append(fields)


def _parts(error: SimgateError) -> dict[str, str]:
    said = f"{error.what}, got {error.actual}" if error.actual else error.what
    return {"prim": "", "layer": "", "message": said, "expected": error.expected, "remedy": error.remedy}


def _digest(source: Path) -> str:
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _classes(recipes: Path) -> tuple[str, ...]:
    """Return the classes of the recipes that are here, else the usual ones."""
    from simgate.specs.recipe_file import is_folder
    from simgate.specs.vocabulary import CLASSES

    found = present_recipes(recipes).dataset.values() if is_folder(recipes) else ()
    asked = dict.fromkeys(name for recipe in found for name in recipe.simulation.classes)
    return tuple(asked) or CLASSES


def _show(found: _Check, roots: Mapping[str, str], folder: Path) -> None:
    rows = [
        tuple(str(line[name]) for name in ("scene", "level", "rule", "prim", "layer", "message", "expected", "remedy"))
        for line in found.findings
    ]
    if rows:
        head = ("scene", "level", "rule", "prim", "layer", "actual", "expected", "remedy")
        show_table(head, rows[:MAX_ROWS])
    if len(rows) > MAX_ROWS:
        console().print(f"{len(rows) - MAX_ROWS} findings more: `--json` shows all of them")
    for name, root in roots.items():
        said = "[red]refused[/]" if name in found.refused else "[green]passes[/]"
        console().print(f"{said} {name} ({root})")
    if found.refused:
        console().print(f"Next: mend what is refused, then `simgate scenes check {folder}` again; warnings may stay.")
    else:
        console().print(f'Next: `simgate scenes push {folder} --message "…"`')
