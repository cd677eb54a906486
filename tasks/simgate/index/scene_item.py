"""Scene item: what index finds out about one scene, or why it refuses it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from simgate.core.errors import InputError
from simgate.core.given.snapshot import FileRef
from simgate.documents.scene import ClosureFile, SceneItem
from simgate.scene.closure import closure_digest, find_closure
from simgate.scene.composition import open_scene
from simgate.scene.labels import read_labels
from simgate.scene.layout import read_layout
from simgate.scene.lights import read_lights
from simgate.scene.lint import Finding, lint_scene, refuse_fatal
from simgate.scene.location import LAYERS
from simgate.scene.units import read_units
from simgate.scene.usd_scene import UsdScene
from simgate.specs.index import IndexSpec, SceneChoice


def read_scene(
    choice: SceneChoice, spec: IndexSpec, folder: Path, files: Mapping[str, FileRef]
) -> tuple[SceneItem, tuple[Finding, ...]]:
    """Return the item of one scene and its lint findings; `folder` holds the snapshot's `files`."""
    check_root(choice, files)
    paths = find_closure(folder, choice.root, max_bytes=spec.max_closure_bytes)
    closure = tuple(_closure_file(path, files) for path in paths)
    stage = open_scene(folder, choice.root)
    units = read_units(stage, choice.name)
    labels = read_labels(stage, choice.name, classes=spec.classes)
    lights = read_lights(stage, choice.name)
    findings = lint_scene(stage, folder)
    refuse_fatal(findings, choice.name)
    layout = read_layout(UsdScene(folder / choice.root, spec.classes))  # as generate will: a wrong one ends here
    item = SceneItem(
        name=choice.name,
        root=choice.root,
        split=choice.split,
        closure=closure,
        closure_sha256=closure_digest(closure),
        labels=labels,
        lights=lights,
        meters_per_unit=units.meters_per_unit,
        up_axis=units.up_axis,
        drive=layout.robot.drive,
    )
    return item, findings


def check_root(choice: SceneChoice, files: Mapping[str, FileRef]) -> None:
    """Refuse a root layer that the snapshot lacks, and name those that it has."""
    if choice.root in files:
        return
    layers = sorted(path for path in files if path.lower().endswith(LAYERS))
    near = difflib.get_close_matches(choice.root, layers, n=5, cutoff=0.4) or layers[:20]
    expected = "one of its layers, such as " + ", ".join(near) if near else "a snapshot with layers"
    remedy = "push the scene or mend field scenes.root of the spec"
    raise InputError(
        f"scene {choice.name} is not in the snapshot", actual=choice.root, expected=expected, remedy=remedy
    )


def _closure_file(path: str, files: Mapping[str, FileRef]) -> ClosureFile:
    return ClosureFile(path=path, sha256=files[path].sha256, size_bytes=files[path].size_bytes)
