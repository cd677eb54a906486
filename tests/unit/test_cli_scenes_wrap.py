"""simgate scenes wrap writes a scene around an asset of somebody else, which index takes as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from pxr import Sdf, Usd, UsdGeom, UsdShade
from typer.testing import CliRunner, Result

from simgate.cli.app import app
from simgate.core.errors import InputError
from simgate.scene.labels import labels_of
from simgate.scene.wrapping.room import PLACE, extent_of
from tests.unit.foreign_asset import foreign
from tests.unit.scene_planting import png

Vec = tuple[float, float, float]


def wrap(asset: Path, into: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["scenes", "wrap", str(asset), "--into", str(into), *options])


def wrapped(tmp_path: Path, *options: str) -> Path:
    done = wrap(foreign(tmp_path / "download"), tmp_path / "scenes", "--name", "kitchen", *options)
    assert done.exit_code == 0, done.output
    return tmp_path / "scenes"


def test_a_foreign_asset_passes_check_unedited(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["scenes", "check", str(wrapped(tmp_path))])
    assert done.exit_code == 0, done.output
    assert "passes kitchen (kitchen/kitchen.usda)" in done.output


def test_it_stands_in_metres_z_up_on_the_floor_at_its_start_time(tmp_path: Path) -> None:
    stage = Usd.Stage.Open(str(wrapped(tmp_path) / "kitchen/kitchen.usda"))
    points = [
        point
        for prim in stage.Traverse()
        if prim.IsA(UsdGeom.Mesh) and prim.GetPath().HasPrefix(PLACE)
        for point in _points(prim)
    ]
    lows, highs = [min(axis) for axis in zip(*points, strict=True)], [max(axis) for axis in zip(*points, strict=True)]
    assert lows == pytest.approx([-0.65, -0.4, 0.0], abs=1e-6)
    assert highs == pytest.approx([0.65, 0.4, 0.9], abs=1e-6)


def _points(prim: Usd.Prim) -> list[Vec]:
    place = UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(Usd.TimeCode.Default())
    return [tuple(place.Transform(point)) for point in UsdGeom.Mesh(prim).GetPointsAttr().Get()]


def test_labels_are_guessed_once_and_then_a_person_s(tmp_path: Path) -> None:
    scenes = wrapped(tmp_path)
    path = scenes / "kitchen/labels.yaml"
    found = yaml.safe_load(path.read_text())["labels"]
    assert found == {
        "/Asset/Kitchen/OakTable01": "table", "/Asset/Kitchen/TeaPot_L": "tea_pot", "/Asset/Kitchen/Cup_A": "cup",
    }  # fmt: skip
    path.write_text(path.read_text().replace("tea_pot", "box").replace(": cup", ': ""'))
    assert wrap(tmp_path / "download/Kitchen_set.usda", scenes, "--name", "kitchen").exit_code == 0
    stage = Usd.Stage.Open(str(scenes / "kitchen/kitchen.usda"))
    names = ("OakTable01", "TeaPot_L", "Cup_A")
    labels = [labels_of(stage.GetPrimAtPath(f"/World/asset/Kitchen/{name}")) for name in names]
    assert labels == [("table",), ("box",), ()]
    assert yaml.safe_load(path.read_text())["labels"]["/Asset/Kitchen/TeaPot_L"] == "box"


def test_a_label_of_a_thing_that_is_not_there_is_refused(tmp_path: Path) -> None:
    scenes = wrapped(tmp_path)
    (scenes / "kitchen/labels.yaml").write_text("version: 1\nlabels: {/Asset/Kitchen/Stool: chair}\n")
    done = wrap(tmp_path / "download/Kitchen_set.usda", scenes, "--name", "kitchen")
    assert isinstance(done.exception, InputError)
    assert "labels.yaml names /Asset/Kitchen/Stool, which the asset has not" in str(done.exception)


def test_textures_come_along_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    done = wrap(foreign(tmp_path / "download"), tmp_path / "scenes")
    assert done.exit_code == 0
    assert (tmp_path / "scenes/kitchen_set/textures/wood.png").read_bytes() == png()
    assert "left out: material of /Asset/Kitchen/TeaPot_L/Shape: it is not there" in done.output
    assert "left out: light /Asset/Kitchen/Bulb: the room has its own" in done.output
    stage = Usd.Stage.Open(str(tmp_path / "scenes/kitchen_set/kitchen_set.usda"))
    bound, _ = UsdShade.MaterialBindingAPI(
        stage.GetPrimAtPath("/World/asset/Kitchen/OakTable01/Shape")
    ).ComputeBoundMaterial()
    assert str(bound.GetPath()) == "/World/asset/Looks/Wood"


def test_no_file_of_the_scene_names_the_author_s_machine(tmp_path: Path) -> None:
    for path in wrapped(tmp_path).rglob("*.usd*"):
        assert str(tmp_path) not in Sdf.Layer.FindOrOpen(str(path)).ExportToString()


def test_units_that_cannot_be_meant_are_told_and_a_scale_decides(tmp_path: Path) -> None:
    asset = foreign(tmp_path / "download", unit=10.0)
    done = wrap(asset, tmp_path / "scenes")
    assert "its units cannot be meant, so it is scaled by 0.001" in done.output
    done = wrap(asset, tmp_path / "scenes", "--scale", "1")
    assert isinstance(done.exception, InputError)
    assert "the asset is too large for a room" in str(done.exception)


def test_an_asset_that_draws_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.usda").write_text('#usda 1.0\n(\n    upAxis = "Z"\n)\ndef Xform "A"\n{\n}\n')
    done = wrap(tmp_path / "empty.usda", tmp_path / "scenes")
    assert isinstance(done.exception, InputError)
    assert "the asset draws nothing" in str(done.exception)
    with pytest.raises(InputError, match="draws nothing"):
        extent_of(Usd.Stage.Open(str(tmp_path / "empty.usda")), 1.0)
