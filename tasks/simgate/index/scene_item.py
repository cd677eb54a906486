"""Scene item: what index finds out about one scene, or why it refuses it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from simgate.core.errors import InputError
from simgate.core.given.snapshot import FileRef
from simgate.documents.scene import ClosureFile, SceneItem
from simgate.scene.closure import closure_digest, find_closure
from simgate.scene.composition import open_scene
from simgate.scene.enclosure import Bounds, Tell, enclosed
from simgate.scene.labels import read_labels
from simgate.scene.layout import read_layout
from simgate.scene.lights import read_lights
from simgate.scene.lint import Finding, lint_scene, refuse_fatal
from simgate.scene.location import LAYERS
from simgate.scene.units import read_units
from simgate.scene.usd_scene import UsdScene
from simgate.specs.index import IndexSpec, SceneChoice

T = TypeVar("T")


class Note(Protocol):
    """Hears what was found, a structured line each."""

    def __call__(self, event: str, **fields: Any) -> None: ...


def _say_nothing(event: str, **fields: Any) -> None:
    """Let a line pass that nobody asked for."""


def read_scene(
    choice: SceneChoice, spec: IndexSpec, folder: Path, files: Mapping[str, FileRef], note: Note = _say_nothing
) -> tuple[SceneItem, tuple[Finding, ...]]:
    """Return the item of one scene and what was found in it; `folder` holds the snapshot's `files`.

    A child process opens it, of bounded memory and time: nobody knows what is in the files. Of a scene that is refused
    `note` hears every finding, and the error is the worst of them.
    """
    check_root(choice, files)
    given = {
        "choice": choice.model_dump(mode="json"), "spec": spec.model_dump(mode="json"), "folder": str(folder),
    }  # fmt: skip
    facts = enclosed(open_enclosed, given, Bounds.of(sum(file.size_bytes for file in files.values())))
    findings = tuple(Finding.from_value(finding, what="finding") for finding in facts.pop("findings"))
    problems = [InputError(what, **rest) for what, rest in facts.pop("problems")]
    if problems or any(finding.fatal for finding in findings):
        for finding in (*map(_of_problem, problems), *findings):
            note("finding", scene=choice.name, level=finding.level, **finding.model_dump(mode="json"))
    for problem in problems:
        raise problem
    refuse_fatal(findings, choice.name)
    closure = tuple(_closure_file(path, files) for path in facts.pop("closure"))
    fields = {
        **facts, "name": choice.name, "root": choice.root, "split": choice.split,
        "closure_sha256": closure_digest(closure), "closure": [file.model_dump(mode="json") for file in closure],
    }  # fmt: skip
    return SceneItem.from_value(fields, what=f"scene {choice.name}"), findings


def open_enclosed(given: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Open a scene within this process; return as JSON its closure, units, labels, lights, findings and problems.

    What keeps it from being opened is raised. A problem is what keeps an opened scene from being simulated.
    """
    choice = SceneChoice.from_value(given["choice"], what="scene")
    spec, folder = IndexSpec.from_value(given["spec"], what="spec"), Path(given["folder"])
    paths = find_closure(folder, choice.root, max_bytes=spec.max_closure_bytes, tell=tell)
    tell(f"scene {choice.name} (layer {choice.root})")
    stage = open_scene(folder, choice.root)
    problems: list[tuple[str, dict[str, str]]] = []
    units = _tried(problems, lambda: read_units(stage, choice.name))
    labels = _tried(problems, lambda: read_labels(stage, choice.name, classes=spec.classes))
    lights = _tried(problems, lambda: read_lights(stage, choice.name))
    findings = lint_scene(stage, folder)
    layout = None
    if not problems and not any(finding.fatal for finding in findings):
        # As generate will: a wrong one ends here.
        layout = _tried(problems, lambda: read_layout(UsdScene(folder / choice.root, spec.classes)))
    return {
        "closure": paths,
        "labels": [label.model_dump(mode="json") for label in labels or ()],
        "lights": [light.model_dump(mode="json") for light in lights or ()],
        "meters_per_unit": units.meters_per_unit if units else 0.0,
        "up_axis": units.up_axis if units else "",
        "drive": layout.robot.drive if layout else "",
        "findings": [finding.model_dump(mode="json") for finding in findings],
        "problems": problems,
    }


def _tried(problems: list[tuple[str, dict[str, str]]], read: Callable[[], T]) -> T | None:
    """Read one thing of the scene; where it is refused, keep why and let the next be read."""
    try:
        return read()
    except InputError as error:
        problems.append((error.what, {"actual": error.actual, "expected": error.expected, "remedy": error.remedy}))
        return None


def _of_problem(problem: InputError) -> Finding:
    return Finding(
        severity="error",
        rule="simgate",
        prim="",
        layer="",
        message=", ".join(part for part in (problem.what, problem.actual and f"got {problem.actual}") if part),
        expected=problem.expected,
        remedy=problem.remedy,
    )


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
