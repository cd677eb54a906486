"""Keys of a foreign distribution: they move with its code and its version where a stage uses it, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.outside.conftest import Walked, copy_project
from tests.outside.layer import Layer, make_layer
from tests.outside.toylab_wheel import PROJECT, SOURCES

ROOT = Path(__file__).parents[2]
USERS = {"generate", "train", "evaluate", "export", "hil"}
OTHERS = {"index", "generate newton", "validate"}
Keys = dict[str, tuple[str, list[str]]]
"""Stage → its key and distributions."""
ONE_LINE = {"toylab/flatland/simulator.py": ('HEIGHT_M = {"person": 1.7', 'HEIGHT_M = {"person": 1.6')}


def keys(layer: Layer) -> Keys:
    """Key and distributions of each stage's run in that environment."""
    done = layer.run("-m", "tests.outside.keys", str(PROJECT / "recipes"), cwd=ROOT)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return {name: (key, distributions) for name, (key, distributions) in said.items()}


def moved(before: Keys, after: Keys) -> set[str]:
    return {name for name in before if before[name][0] != after[name][0]}


@pytest.fixture(scope="module")
def before(layer: Layer) -> Keys:
    return keys(layer)


def test_a_run_is_planned_with_the_distribution_that_it_uses_and_with_no_other(before: Keys) -> None:
    assert {name for name, (_, found) in before.items() if found} == USERS
    assert {name for name, (_, found) in before.items() if not found} == OTHERS
    (named,) = {text for name in USERS for text in before[name][1]}
    assert named.startswith("toylab 1.0 (files ")


def test_a_changed_line_of_the_same_version_moves_the_keys_of_what_uses_it_alone(before: Keys, tmp_path: Path) -> None:
    after = keys(make_layer(tmp_path / "layer", ONE_LINE))
    assert moved(before, after) == USERS
    assert after["generate"][1] != before["generate"][1]
    assert after["generate"][1][0].startswith("toylab 1.0 (files ")


def test_another_version_moves_the_same_keys_and_a_wheel_that_is_built_again_moves_none(
    before: Keys, tmp_path: Path
) -> None:
    again = make_layer(tmp_path / "again")
    assert moved(before, keys(again)) == set()
    newer = {"pyproject.toml": ('version = "1.0"', 'version = "1.1"')}
    assert moved(before, keys(make_layer(tmp_path / "newer", newer))) == USERS


def test_manifests_name_the_distribution_and_what_was_found_of_it(walked: Walked) -> None:
    found = walked.manifests()
    named = {
        stage: [str(item) for item in made.predicate.build_definition.internal_parameters.distributions]
        for stage, made in found.items()
    }
    assert {stage for stage, items in named.items() if items} == USERS - {"hil"}
    (only,) = {text for items in named.values() for text in items}
    assert only == keys(walked.layer)["generate"][1][0]
    observed = json.loads(walked.store.read(found["export"].artifact("observed.json")))
    assert observed["environment"]["named"] == {"model family": "pilot 1.0", "engine target": "squeezed 1.0"}


def test_a_plan_says_which_distribution_moved(walked: Walked, tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    changed = make_layer(tmp_path / "layer", ONE_LINE)
    done = changed.simgate(project, "plan", "--json", SIMGATE_STORE=walked.store.url)
    lines = {line["slot"]: line for line in json.loads(done.stdout)["lines"]}
    assert lines["index"]["action"] == "reuse"
    made = [line for slot, line in lines.items() if slot.startswith("generate")]
    assert {line["action"] for line in made} == {"run"}
    assert {moved for line in made for moved in line["moved"]} == {"distribution toylab"}
    unchanged = walked.layer.simgate(project, "plan", "--json", SIMGATE_STORE=walked.store.url)
    actions = {line["slot"]: line["action"] for line in json.loads(unchanged.stdout)["lines"]}
    assert {actions[slot] for slot in actions if not slot.startswith("hil")} == {"reuse"}


def test_the_project_and_its_distribution_touch_no_file_of_the_product() -> None:
    files = [path for folder in (SOURCES, PROJECT) for path in folder.rglob("*") if path.is_file()]
    assert files
    product = [*(ROOT / "tasks").rglob("*.py"), *(ROOT / "plugins").rglob("*.py"), *(ROOT / "dags").glob("*.py")]
    words = ("toylab", "flatland", "squeezed", "tugger")
    assert [path.name for path in product if any(word in path.read_text(encoding="utf-8") for word in words)] == []
