"""Demands: a family's metrics by name; one that is unknown, missing or on the wrong side is refused when it is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from simgate.core.errors import InputError
from simgate.release.policy import Policy
from simgate.specs.bounds import bounds
from simgate.specs.evaluate import EvaluateSpec
from simgate.specs.export import ExportSpec
from simgate.specs.recipe import ReleaseRecipe
from tests.demo_recipes import demo_dataset_recipe, demo_release_recipe

ROOT = Path(__file__).parents[2]
EVALUATE = demo_release_recipe().evaluate_spec(demo_dataset_recipe().simulation, "warehouse")


def changed(spec: EvaluateSpec | ReleaseRecipe, **change: Any) -> bytes:
    return json.dumps({**json.loads(spec.to_json()), **change}).encode()


def test_each_bound_is_of_the_metric_that_it_names() -> None:
    found = {bound.metric: (bound.side, bound.limit, bound.field) for bound in bounds(EVALUATE)}
    assert found["map_50"] == ("at least", 0.11, "at_least.map_50")
    assert found["command_error"] == ("at most", 0.19, "at_most.command_error")
    assert found["episodes"] == ("at least", 12.0, "closed_loop.episodes")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"at_least": {"map_50": 0.1, "success_gain": 0.2, "map_5": 0.1}}, "at_least.map_5 is no metric.*map_50"),
        ({"at_least": {"map_50": 0.1}}, "at_least.success_gain is missing"),
        ({"at_least": {}}, "at_least.map_50 is missing"),
        ({"at_most": {"command_error": 0.1, "map_50": 0.9}}, "at_most.map_50 bounds nothing: higher is better"),
        ({"at_most": {"command_error": 0.1, "baseline_success_rate": 1}}, "bounds nothing: neither is better"),
        ({"family": "perception"}, "balanced_accuracy is missing"),
        ({"family": "nobody"}, "nobody.*no such model family"),
        ({"closed_loop": None}, "closed_loop is missing"),
    ],
)
def test_a_spec_with_a_bound_that_means_nothing_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        EvaluateSpec.from_json(changed(EVALUATE, **change), what="spec")


def test_a_family_that_commands_nothing_has_no_closed_loop_to_bound() -> None:
    value = {"family": "perception", "at_most": {}, "at_least": {"balanced_accuracy": 0.5, "box_overlap": 0.4}}
    with pytest.raises(InputError, match="commands nothing"):
        EvaluateSpec.from_json(changed(EVALUATE, **value), what="spec")
    value["at_least"]["success_gain"] = 0.1  # type: ignore[index]
    with pytest.raises(InputError, match="success_gain is no metric"):
        EvaluateSpec.from_json(changed(EVALUATE, **value, closed_loop=None), what="spec")


def test_an_export_that_says_nothing_takes_its_familys_usual_bounds() -> None:
    navigator = ExportSpec(family="navigator", target="onnxruntime-cpu")
    assert navigator.at_most["box.edge_px.max"] == 0.1
    assert set(ExportSpec(family="perception", target="onnxruntime-cpu").at_most) == {
        "label.score.max",
        "box.edge_share.max",
    }


@pytest.mark.parametrize(
    ("gate", "change", "said"),
    [
        ("evaluate", {"at_least": {"map_50": 0.1, "success_gain": 0.2, "mAP": 0.1}}, "at_least.mAP is no metric"),
        ("export", {"at_most": {"box.edge_px.max": 0.1}}, "command.speed_m_s.max is missing"),
        ("export", {"at_most": {}}, "box.edge_px.max is missing"),
        ("export", {"family": "perception"}, "is no metric"),
        ("evaluate", {"family": "nobody"}, "no such model family"),
    ],
)
def test_an_unknown_metric_is_refused_when_the_policy_is_read(
    tmp_path: Path, gate: str, change: dict[str, Any], said: str
) -> None:
    value = yaml.safe_load((ROOT / "examples/demo/policy.yaml").read_text())
    reference = value["channels"]["demo"]["reference"]
    reference[gate] = {**reference[gate], **change}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(value))
    with pytest.raises(InputError, match=said):
        Policy.load(tmp_path / "policy.yaml")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hil": None}, "hil is missing"),
        ({"export": {**json.loads(demo_release_recipe().export.to_json()), "family": "x"}}, "no such model family"),
    ],
)
def test_a_recipe_of_a_robot_that_is_not_tried_on_a_bench_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ReleaseRecipe.from_json(changed(demo_release_recipe(), **change), what="recipe")
