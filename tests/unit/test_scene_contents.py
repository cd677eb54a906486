"""Units, labels, lights and lint of a composed scene."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgate.core.errors import InputError
from simgate.documents.scene import Labelled
from simgate.scene import light_sources
from simgate.scene.composition import open_scene
from simgate.scene.labels import read_labels
from simgate.scene.lights import read_lights
from simgate.scene.lint import (
    ECONOMY_RULES,
    FATAL_RULES,
    IDLE_RULES,
    WARNED_RULES,
    Finding,
    lint_scene,
    refuse_fatal,
)  # fmt: skip
from simgate.scene.units import read_units
from tests.unit.scene_planting import ROOT, edit, plant

CHAIR, LIGHTS = "props/chair.usda", "room/lights.usda"
CLASSES = ("chair", "table", "box")


def planted(tmp_path: Path, *edits: tuple[str, str, str]) -> Path:
    folder = plant(tmp_path)
    for path, old, new in edits:
        edit(folder, path, old, new)
    return folder


def test_every_instance_of_a_labelled_prop_counts(tmp_path: Path) -> None:
    stage = open_scene(plant(tmp_path), ROOT)
    assert read_labels(stage, "room", classes=CLASSES) == (
        Labelled(label="chair", prims=2),
        Labelled(label="floor", prims=1),
        Labelled(label="table", prims=1),
    )


def test_the_selected_variant_decides_what_is_there(tmp_path: Path) -> None:
    stage = open_scene(planted(tmp_path, (ROOT, 'season = "summer"', 'season = "winter"')), ROOT)
    assert Labelled(label="box", prims=1) in read_labels(stage, "room", classes=CLASSES)


def test_legacy_labels_count_like_new_ones(tmp_path: Path) -> None:
    name = "string semantic:Semantics_a:params:semantic"
    legacy = f'{name}Type = "class"\n    {name}Data = "chair"'
    other = legacy.replace("_a", "_b").replace('"class"', '"owner"').replace('"chair"', '"us"')
    folder = planted(
        tmp_path,
        (CHAIR, '    prepend apiSchemas = ["SemanticsLabelsAPI:class"]\n', ""),
        (CHAIR, 'token[] semantics:labels:class = ["chair"]', f"{legacy}\n    {other}"),
    )
    stage = open_scene(folder, ROOT)
    assert read_labels(stage, "room", classes=CLASSES)[0] == Labelled(label="chair", prims=2)


def test_what_is_invisible_is_not_counted(tmp_path: Path) -> None:
    folder = planted(tmp_path, (CHAIR, "token[] semantics", 'token visibility = "invisible"\n    token[] semantics'))
    stage = open_scene(folder, ROOT)
    assert [item.label for item in read_labels(stage, "room", classes=CLASSES)] == ["floor", "table"]


def test_a_scene_without_labels_is_refused(tmp_path: Path) -> None:
    folder = planted(
        tmp_path,
        (CHAIR, 'token[] semantics:labels:class = ["chair"]', ""),
        ("props/table.usda", 'token[] semantics:labels:class = ["table"]', ""),
        (ROOT, 'token[] semantics:labels:class = ["floor"]', ""),
    )
    stage = open_scene(folder, ROOT)
    with pytest.raises(InputError, match="scene room has no labels"):
        read_labels(stage, "room", classes=CLASSES)


def test_a_scene_with_none_of_the_vocabulary_is_refused(tmp_path: Path) -> None:
    stage = open_scene(plant(tmp_path), ROOT)
    with pytest.raises(
        InputError, match="no label of the vocabulary, got chair, floor, table, expected one of forklift"
    ):
        read_labels(stage, "room", classes=("forklift",))


def test_lights_are_listed_with_kind_and_intensity(tmp_path: Path) -> None:
    stage = open_scene(plant(tmp_path), ROOT)
    [light] = read_lights(stage, "room")
    assert (light.prim, light.kind, light.intensity) == ("/World/Lights/Sun", "DistantLight", 1500.0)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('def DistantLight "Sun"', 'def Xform "Sun"', "no UsdLux light"),
        ("inputs:intensity = 1500", "inputs:intensity = 0", "1 lights of intensity 0"),
        ("inputs:intensity = 1500", "inputs:intensity = inf", "impossible intensity"),
        ("inputs:intensity = 1500", "inputs:intensity = -1", "impossible intensity"),
        (
            "float inputs:intensity",
            'token visibility = "invisible"\n            float inputs:intensity',
            "no UsdLux light",
        ),
    ],
)
def test_a_scene_without_light_is_refused(tmp_path: Path, old: str, new: str, reason: str) -> None:
    stage = open_scene(planted(tmp_path, (LIGHTS, old, new)), ROOT)
    with pytest.raises(InputError, match=reason):
        read_lights(stage, "room")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("float inputs:intensity", 'token visibility = "invisible"\n            float inputs:intensity'),
        ('def DistantLight "Sun"', 'def DistantLight "Sun" (active = false)'),
    ],
)
def test_a_light_that_is_hidden_or_switched_off_does_not_shine(tmp_path: Path, old: str, new: str) -> None:
    (shining,) = light_sources.read_lights(open_scene(plant(tmp_path / "on"), ROOT))
    assert shining.prim == "/World/Lights/Sun"
    assert light_sources.read_lights(open_scene(planted(tmp_path / "off", (LIGHTS, old, new)), ROOT)) == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('upAxis = "Z"', 'upAxis = "Y"', "got Y, expected upAxis = Z"),
        ('    upAxis = "Z"\n', "", r"no upAxis \(USD then means Y\)"),
        ("    metersPerUnit = 1\n", "", "no usable metersPerUnit, got none"),
        ("metersPerUnit = 1", "metersPerUnit = -1", "no usable metersPerUnit, got -1"),
    ],
)
def test_units_must_be_written_and_be_z_up(tmp_path: Path, old: str, new: str, reason: str) -> None:
    stage = open_scene(planted(tmp_path, (ROOT, old, new)), ROOT)
    with pytest.raises(InputError, match=reason):
        read_units(stage, "room")


def test_metres_per_unit_are_recorded(tmp_path: Path) -> None:
    stage = open_scene(planted(tmp_path, (ROOT, "metersPerUnit = 1", "metersPerUnit = 0.01")), ROOT)
    assert read_units(stage, "room").meters_per_unit == 0.01


def test_what_does_not_compose_names_prim_layer_and_asset_path(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    edit(folder, ROOT, "chair.usda@</Chair>", "chair.usda@</Chair/Gone>")
    with pytest.raises(InputError) as caught:
        open_scene(folder, ROOT)
    message = str(caught.value)
    assert (
        "asset @props/chair.usda@ of prim /World/Furniture/ChairB of layer room/room.usda does not compose" in message
    )
    assert str(folder) not in message


def test_a_healthy_scene_has_no_findings(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    stage = open_scene(folder, ROOT)
    assert lint_scene(stage, folder) == ()


DEFECTS = {
    "ValidateTopologyChecker": (CHAIR, "[0, 1, 2, 3]", "[0, 1, 2, 9]"),
    "UsdDanglingMaterialBinding": (
        CHAIR,
        "</Chair/Looks/Paint>\n        normal",
        "</Chair/Looks/Pain>\n        normal",
    ),
    "NormalsValidChecker": (CHAIR, 'interpolation = "vertex"', 'interpolation = "uniform"'),
    "UsdShadeShaderSdrCompliance": (CHAIR, '"UsdUVTexture"', '"UsdUVTextur"'),
    "MaterialUsdPreviewSurfaceChecker": (CHAIR, "color3f inputs:diffuse", "float inputs:diffuse"),
    "KindChecker": (CHAIR, '"component"', '"compnent"'),
}
CONVENTIONS = ("KindChecker", "MaterialUsdPreviewSurfaceChecker")
"""They change no picture, no label, no physics: found and told, and the scene is taken."""


@pytest.mark.parametrize("rule", sorted(DEFECTS))
def test_the_lint_finds_each_planted_defect_and_says_where(tmp_path: Path, rule: str) -> None:
    folder = planted(tmp_path, DEFECTS[rule])
    stage = open_scene(folder, ROOT)
    found = [finding for finding in lint_scene(stage, folder) if finding.rule == rule]
    assert {finding.layer for finding in found} <= {"props/chair.usda", ROOT}
    assert all(finding.prim.startswith("/World/Furniture/Chair") for finding in found)
    assert found
    if rule in CONVENTIONS:
        refuse_fatal(found, "room")
        return
    with pytest.raises(InputError, match=f"scene room breaks a rule of USD: {rule} of prim") as caught:
        refuse_fatal(found, "room")
    assert caught.value.expected == FATAL_RULES[rule].expected
    assert caught.value.remedy == FATAL_RULES[rule].remedy


def test_the_lint_says_the_same_thing_wherever_the_scene_lies(tmp_path: Path) -> None:
    edits = [DEFECTS["UsdDanglingMaterialBinding"], DEFECTS["NormalsValidChecker"]]
    first, second = (planted(tmp_path / name, *edits) for name in ("one", "another"))
    stages = open_scene(first, ROOT), open_scene(second, ROOT)
    findings = lint_scene(stages[0], first)
    assert findings
    assert findings == lint_scene(stages[1], second)
    assert str(tmp_path) not in str(findings)


def test_a_warning_refuses_nothing() -> None:
    refuse_fatal([Finding(severity="warning", rule="TextureChecker", prim="", layer="", message="…")], "room")


def test_a_convention_refuses_nothing() -> None:
    refuse_fatal([Finding(severity="failure", rule="SubdivisionSchemeChecker", prim="", layer="", message="…")], "room")


def test_every_rule_of_the_validator_is_judged_exactly_once() -> None:
    from usd_validation_nvidia import ValidationEngine

    tables = [*ECONOMY_RULES, *IDLE_RULES, *FATAL_RULES, *WARNED_RULES]
    assert sorted(tables) == sorted({rule.__name__ for rule in ValidationEngine().initialized_rules} | {"engine"})


def test_a_failure_of_an_unknown_rule_refuses_the_scene() -> None:
    with pytest.raises(InputError, match="NewRule"):
        refuse_fatal([Finding(severity="failure", rule="NewRule", prim="", layer="", message="…")], "room")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("UsdShadeShaderSdrCompliance", "Incorrect type for /L/S.inputs:normal. Expected 'normal3f'; got 'float3'."),
        ("UsdShadeShaderSdrCompliance", "shaderId 'ND_image_color3' specified on shader prim </L/S> not found"),
        ("NormalsValidChecker", "Mesh '/M' is subdiv ('catmullClark') but USD recommends not authoring normals"),
    ],
)
def test_a_message_that_changes_nothing_of_the_picture_refuses_nothing(rule: str, message: str) -> None:
    assert not Finding(severity="failure", rule=rule, prim="", layer="", message=message).fatal
    assert Finding(severity="failure", rule=rule, prim="", layer="", message="anything else").fatal


def test_an_extent_that_is_off_by_rounding_is_told_and_refuses_nothing(tmp_path: Path) -> None:
    folder = planted(tmp_path, (CHAIR, "[(0, 0, 0), (1, 1, 0)]", "[(0, 0, 0), (1, 1.00001, 0)]"))
    found = lint_scene(open_scene(folder, ROOT), folder)
    refuse_fatal(found, "room")
    assert {finding.rule for finding in found} <= {"ExtentsChecker"}
