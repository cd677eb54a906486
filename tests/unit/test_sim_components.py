"""Components and lights: what USD says of labels, lights, actors and the robot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pxr import Gf, Usd, UsdGeom, UsdLux, UsdSemantics

from simgate.core.errors import InputError
from simgate.scene.camera import read_camera
from simgate.scene.components import ComponentTable
from simgate.scene.layout import read_layout
from simgate.scene.light_sources import read_lights, shadow_order
from simgate.scene.usd_scene import UsdScene
from simgate.specs.generate import CameraSpec
from simgate.specs.vocabulary import CLASSES
from tests.unit.tiny_scene import write_scene


def labelled(paths: dict[str, list[str]]) -> Usd.Stage:
    """A stage of Xforms with these labels; no label for an empty list."""
    stage = Usd.Stage.CreateInMemory()
    for path, labels in paths.items():
        prim = UsdGeom.Xform.Define(stage, path).GetPrim()
        if labels:
            UsdSemantics.LabelsAPI.Apply(prim, "class").CreateLabelsAttr().Set(labels)
    return stage


def test_a_part_belongs_to_the_nearest_labelled_prim_above() -> None:
    table = ComponentTable(labelled({"/a": ["table"], "/a/top/board": [], "/a/cup": ["bin"]}), CLASSES)
    assert [row.label for row in table.rows] == ["table", "bin"]
    assert table.instance_of("/a/top/board") == 1
    assert table.instance_of("/a/cup/handle") == 2
    assert table.instance_of("/elsewhere") == 0


def test_parts_labelled_like_their_whole_are_one_component() -> None:
    table = ComponentTable(labelled({"/p": ["person"], "/p/arm": ["person"], "/p/arm/hand": ["person"]}), CLASSES)
    assert len(table.rows) == 1
    assert table.instance_of("/p/arm/hand") == 1


def test_semantic_ids_are_positions_in_the_vocabulary_and_zero_for_strangers() -> None:
    table = ComponentTable(labelled({"/a": ["unicorn"], "/b": ["wall"], "/c": ["rhino", "chair"]}), CLASSES)
    assert [row.semantic for row in table.rows] == [0, CLASSES.index("wall") + 1, CLASSES.index("chair") + 1]
    assert [row.boxed for row in table.rows] == [True, False, True]


def test_lights_are_read_with_intensity_exposure_colour_and_place() -> None:
    stage = Usd.Stage.CreateInMemory()
    for name, exposure in (("dim", 0.0), ("bright", 2.0)):
        light = UsdLux.RectLight.Define(stage, f"/{name}")
        light.CreateIntensityAttr(10.0)
        light.CreateExposureAttr(exposure)
        light.CreateColorAttr(Gf.Vec3f(1.0, 0.5, 0.0))
        light.AddTranslateOp().Set(Gf.Vec3d(1.0, 2.0, 2.5))
    UsdLux.DomeLight.Define(stage, "/sky")
    bright, dim = read_lights(stage)
    assert bright.position_m == (1.0, 2.0, 2.5)
    assert bright.color == pytest.approx(tuple(4.0 * c for c in dim.color))
    assert bright.color[1] == pytest.approx(0.5 * bright.color[0])
    assert not bright.sun


def test_the_strongest_light_at_a_place_gets_its_shadow_first() -> None:
    stage = Usd.Stage.CreateInMemory()
    for name, x in (("near", 0.0), ("far", 8.0)):
        light = UsdLux.RectLight.Define(stage, f"/{name}")
        light.CreateIntensityAttr(10.0)
        light.AddTranslateOp().Set(Gf.Vec3d(x, 0.0, 2.5))
    far, near = 0, 1
    lights = read_lights(stage)
    assert shadow_order(lights, np.ones(2), (0.0, 0.0)) == [near, far]
    assert shadow_order(lights, np.ones(2), (8.0, 0.0)) == [far, near]
    assert shadow_order(lights, np.array([9.0, 1.0]), (0.0, 0.0)) == [far, near]


def test_the_robot_and_the_actors_are_read_from_the_stage(tmp_path: Path) -> None:
    scene = UsdScene(write_scene(tmp_path), CLASSES)
    robot, camera = read_layout(scene).robot, read_camera(scene, CameraSpec(width_px=100))
    assert (robot.drive, robot.wheel_radius_m, robot.track_width_m) == ("differential", 0.08, 0.3)
    assert sorted(scene.roles.values()) == ["moving", "moving", "static", "static", "static"]
    assert camera.focal_px == pytest.approx(60.0)
    assert camera.base_from_camera[:3, 3] == pytest.approx((0.16, 0.0, 0.4))
    assert camera.base_from_camera[:3, 2] == pytest.approx((1.0, 0.0, 0.0), abs=1e-6)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ('over "World" { over "robot" { custom double simgate:track_width_m = 0 } }', "simgate:track_width_m"),
        ('over "World" { over "actors" { over "box_0" { custom token simgate:role = "wild" } } }', "simgate:role"),
        ('over "World" {\n over "robot" (\n active = false\n ) { }\n}', "no prim /World/robot"),
    ],
)
def test_a_scene_that_breaks_the_conventions_is_refused(tmp_path: Path, layer: str, message: str) -> None:
    whole = write_scene(tmp_path)
    broken = tmp_path / "broken.usda"
    head = '#usda 1.0\n(\n    metersPerUnit = 1\n    upAxis = "Z"\n    subLayers = [@./tiny.usda@]\n)\n'
    broken.write_text(head + layer + "\n")
    assert whole.exists()
    with pytest.raises(InputError, match=message):
        read_layout(UsdScene(broken, CLASSES))


@pytest.mark.parametrize("line", ["metersPerUnit = 1", 'upAxis = "Z"'])
def test_a_scene_that_does_not_declare_its_units_is_refused_as_by_index(tmp_path: Path, line: str) -> None:
    path = write_scene(tmp_path)
    path.write_text(path.read_text().replace(line, ""))
    with pytest.raises(InputError, match=r"metersPerUnit|not Z up"):
        UsdScene(path, CLASSES)


def test_a_missing_layer_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot open scene gone\.usda"):
        UsdScene(tmp_path / "gone.usda", CLASSES)
