"""The sample scenes are complete, closed over their folder, drivable, and the same in every build."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("pxr")

from pxr import Kind, Sdf, Usd, UsdGeom, UsdLux, UsdPhysics, UsdSemantics, UsdShade, UsdUtils

SCENES = Path(__file__).resolve().parents[2] / "examples/demo/scenes"
NAMES = ("office", "home", "warehouse")
MADE = ("assets", "robot", "textures", *NAMES)
MOVING = {"person_0", "person_1"}
STATIC = {"box_0", "box_1", "cone_0", "cone_1", "bin_0", "chair_0"}
CELL_M, ROBOT_HEIGHT_M, CORRIDOR_M = 0.05, 0.5, 0.8


@pytest.fixture(scope="module", params=NAMES)
def stage(request: pytest.FixtureRequest) -> Usd.Stage:
    return Usd.Stage.Open(str(SCENES / request.param / f"{request.param}.usda"))


def vocabulary() -> tuple[str, ...]:
    spec = importlib.util.spec_from_file_location("scene_classes", SCENES / "author" / "classes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes: tuple[str, ...] = module.CLASSES
    return classes


def labels(stage: Usd.Stage) -> dict[str, str]:
    """Each labelled prim's path and class."""
    found = {}
    for prim in stage.Traverse():
        if prim.HasAPI(UsdSemantics.LabelsAPI, "class"):
            (found[str(prim.GetPath())],) = UsdSemantics.LabelsAPI(prim, "class").GetLabelsAttr().Get()
    return found


def files_below(folder: Path) -> dict[str, bytes]:
    paths = [path for name in MADE for path in (folder / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_new_build_gives_the_committed_bytes(tmp_path: Path) -> None:
    script = SCENES / "author" / "build.py"
    subprocess.run([sys.executable, "-B", str(script), str(tmp_path)], check=True, capture_output=True, timeout=120)
    new, committed = files_below(tmp_path), files_below(SCENES)
    assert sorted(new) == sorted(committed)
    assert [name for name in new if new[name] != committed[name]] == []


def test_textures_are_small() -> None:
    sizes = [path.stat().st_size for path in (SCENES / "textures").glob("*.png")]
    assert len(sizes) >= 20
    assert sum(sizes) < 4 * 2**20


def test_the_root_layer_is_in_metres_with_z_up(stage: Usd.Stage) -> None:
    assert stage.GetDefaultPrim().GetPath() == Sdf.Path("/World")
    assert UsdGeom.GetStageUpAxis(stage) == UsdGeom.Tokens.z
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0


def test_a_scene_composes_without_errors(stage: Usd.Stage) -> None:
    assert stage.GetCompositionErrors() == []


def test_a_scene_has_layers_references_payloads_and_variants(stage: Usd.Stage) -> None:
    specs = [spec for prim in stage.Traverse() for spec in prim.GetPrimStack()]
    assert len(stage.GetRootLayer().subLayerPaths) >= 3
    assert sum(bool(spec.referenceList.GetAppliedItems()) for spec in specs) >= 20
    assert sum(bool(spec.payloadList.GetAppliedItems()) for spec in specs) >= 1
    sets = {name for prim in stage.Traverse() for name in prim.GetVariantSets().GetNames()}
    assert len(sets) >= 2


def test_every_dependency_stays_in_the_folder_and_exists(stage: Usd.Stage) -> None:
    layers, assets, unresolved = UsdUtils.ComputeAllDependencies(stage.GetRootLayer().identifier)
    assert unresolved == []
    paths = [layer.realPath for layer in layers] + list(assets)
    assert all(Path(path).resolve().is_relative_to(SCENES) for path in paths)


def test_no_layer_holds_an_absolute_path() -> None:
    for path in SCENES.rglob("*.usda"):
        layer = Sdf.Layer.FindOrOpen(str(path))
        assert [d for d in layer.GetCompositionAssetDependencies() if not d.startswith(".")] == []


def test_forty_objects_of_ten_classes_from_the_vocabulary(stage: Usd.Stage) -> None:
    found = Counter(labels(stage).values())
    assert found.total() >= 40
    assert len(found) >= 10
    assert set(found) <= set(vocabulary())
    assert {"person", "box", "chair", "cone", "bin", "robot", "floor", "wall", "ceiling"} <= set(found)


def test_every_labelled_prim_is_a_component_and_every_mesh_has_a_label(stage: Usd.Stage) -> None:
    labelled = labels(stage)
    for path in labelled:
        assert Usd.ModelAPI(stage.GetPrimAtPath(path)).GetKind() == Kind.Tokens.component
    meshes = [prim.GetPath() for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
    assert [p for p in meshes if not any(str(parent) in labelled for parent in p.GetPrefixes())] == []


def test_only_meshes_are_drawn(stage: Usd.Stage) -> None:
    gprims = [UsdGeom.Gprim(prim) for prim in stage.Traverse() if prim.IsA(UsdGeom.Gprim)]
    drawn = [gprim for gprim in gprims if gprim.ComputePurpose() == UsdGeom.Tokens.default_]
    assert all(gprim.GetPrim().IsA(UsdGeom.Mesh) for gprim in drawn)
    triangles = sum(
        np.array(UsdGeom.Mesh(g).GetFaceVertexCountsAttr().Get()).sum()
        - 2 * len(UsdGeom.Mesh(g).GetFaceVertexCountsAttr().Get())
        for g in drawn
    )
    assert 10_000 < triangles < 60_000


def test_every_mesh_has_a_material_and_textured_ones_have_st(stage: Usd.Stage) -> None:
    textured = 0
    for prim in stage.Traverse():
        if not prim.IsA(UsdGeom.Mesh):
            continue
        material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
        assert material, prim.GetPath()
        textured += bool(stage.GetPrimAtPath(material.GetPath().AppendChild("texture")))
        st = UsdGeom.PrimvarsAPI(prim).GetPrimvar("st")
        assert len(st.ComputeFlattened()) == len(UsdGeom.Mesh(prim).GetFaceVertexIndicesAttr().Get())
    assert textured >= 20


def test_every_choice_of_every_variant_set_leaves_no_mesh_bare() -> None:
    choices = 0
    for path in sorted((SCENES / "assets").glob("*.usda")):
        stage = Usd.Stage.Open(str(path))
        sets = stage.GetDefaultPrim().GetVariantSets()
        bound = set()
        for name in sets.GetNames():
            for choice in sets.GetVariantSet(name).GetVariantNames():
                sets.SetSelection(name, choice)
                bound.add((choice, materials_below(stage)))
                choices += 1
        assert len({materials for _, materials in bound}) == len(bound), path
    assert choices >= 20


def materials_below(stage: Usd.Stage) -> tuple[Sdf.Path, ...]:
    meshes = [prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
    bound = [UsdShade.MaterialBindingAPI(mesh).ComputeBoundMaterial()[0] for mesh in meshes]
    assert all(bound)
    return tuple(material.GetPath() for material in bound)


def test_a_sun_ceiling_panels_and_lamps_shine(stage: Usd.Stage) -> None:
    kinds = Counter(str(prim.GetTypeName()) for prim in stage.Traverse() if prim.HasAPI(UsdLux.LightAPI))
    assert kinds["DistantLight"] == 1
    assert kinds["RectLight"] >= 3
    assert kinds["SphereLight"] >= 1


def test_actors_are_kinematic_bodies_with_a_role_and_a_mass(stage: Usd.Stage) -> None:
    roles: dict[str, set[str]] = {"moving": set(), "static": set()}
    for prim in stage.GetPrimAtPath("/World/actors").GetChildren():
        assert UsdPhysics.RigidBodyAPI(prim).GetKinematicEnabledAttr().Get() is True
        assert UsdPhysics.MassAPI(prim).GetMassAttr().Get() > 0
        roles[prim.GetAttribute("simgate:role").Get()].add(prim.GetName())
    assert roles == {"moving": MOVING, "static": STATIC}


def test_bodies_are_the_actors_and_the_robot_alone(stage: Usd.Stage) -> None:
    bodies = {str(prim.GetPath()) for prim in stage.Traverse() if prim.HasAPI(UsdPhysics.RigidBodyAPI)}
    assert bodies == {"/World/robot", *(f"/World/actors/{name}" for name in MOVING | STATIC)}
    assert [prim for prim in stage.Traverse() if prim.IsA(UsdPhysics.Scene)] != []


def test_the_robot_carries_its_wheels_camera_and_imu(stage: Usd.Stage) -> None:
    robot = stage.GetPrimAtPath("/World/robot")
    assert robot.GetAttribute("simgate:wheel_radius_m").Get() == 0.08
    assert robot.GetAttribute("simgate:track_width_m").Get() == 0.36
    assert all(robot.GetChild(name) for name in ("wheel_left", "wheel_right"))
    assert robot.GetChild("imu").GetAttribute("simgate:sensor").Get() == "imu"
    camera = UsdGeom.Camera(robot.GetChild("camera"))
    lens = camera.GetCamera(Usd.TimeCode.Default())
    assert lens.GetFieldOfView(lens.FOVHorizontal) == pytest.approx(80.0, abs=0.1)
    look = robot_frame(robot, camera).TransformDir((0, 0, -1))
    assert look[0] > 0.99
    assert -0.2 < look[2] < 0.0


def robot_frame(robot: Usd.Prim, camera: UsdGeom.Camera) -> UsdGeom.XformCache:
    cache = UsdGeom.XformCache()
    return cache.GetLocalToWorldTransform(camera.GetPrim()) * cache.GetLocalToWorldTransform(robot).GetInverse()


def collision_range(stage: Usd.Stage, prim: Usd.Prim) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    cache = UsdGeom.BBoxCache(Usd.TimeCode.Default(), [UsdGeom.Tokens.guide])
    box = cache.ComputeWorldBound(prim).ComputeAlignedRange()
    return np.array(box.GetMin()), np.array(box.GetMax())


def occupied(stage: Usd.Stage) -> NDArray[np.bool_]:
    """The floor in cells of 5 cm; true where furniture that does not move stands lower than the robot's top."""
    low, high = collision_range(stage, stage.GetPrimAtPath("/World/room/floor"))
    low, high = low + 0.2, high - 0.2
    shape = tuple(((high - low)[:2] / CELL_M).round().astype(int))
    cells = np.zeros(shape, dtype=bool)
    for prim in stage.Traverse():
        path = str(prim.GetPath())
        if not prim.HasAPI(UsdPhysics.CollisionAPI) or path.startswith(
            ("/World/actors", "/World/robot", "/World/room")
        ):
            continue
        a, b = collision_range(stage, prim)
        if a[2] < ROBOT_HEIGHT_M:
            first, last = ((p[:2] - low[:2]) / CELL_M for p in (a, b))
            x0, y0, x1, y1 = (int(max(v, 0)) for v in (*first.round(), *last.round()))
            cells[x0:x1, y0:y1] = True
    return cells


def test_two_fifths_of_the_floor_is_free_and_joined_by_wide_corridors(stage: Usd.Stage) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    cells = occupied(stage)
    room = np.pad(cells, 1, constant_values=True)
    clearance = ndimage.distance_transform_edt(~room)[1:-1, 1:-1] * CELL_M
    assert (~cells).mean() > 0.4
    regions, _ = ndimage.label(clearance >= CORRIDOR_M / 2)
    sizes = np.bincount(regions.ravel())[1:]
    assert sizes.max() > 0.95 * sizes.sum()
    assert sizes.max() * CELL_M**2 > 8.0


def test_nothing_stands_in_anything_else_by_default(stage: Usd.Stage) -> None:
    cells = occupied(stage)
    low, _ = collision_range(stage, stage.GetPrimAtPath("/World/room/floor"))
    movable = [stage.GetPrimAtPath("/World/robot"), *stage.GetPrimAtPath("/World/actors").GetChildren()]
    taken = cells.copy()
    for prim in movable:
        a, b = (((p - low - 0.2)[:2] / CELL_M).round().astype(int) for p in collision_range(stage, prim))
        assert not taken[a[0] : b[0], a[1] : b[1]].any(), prim.GetPath()
        taken[a[0] : b[0], a[1] : b[1]] = True


def test_newton_imports_one_body_for_each_actor_and_the_robot(stage: Usd.Stage) -> None:
    newton = pytest.importorskip("newton")
    builder = newton.ModelBuilder(up_axis=newton.Axis.Z)
    builder.add_usd(stage)
    expected = {"/World/robot", *(f"/World/actors/{name}" for name in MOVING | STATIC)}
    assert set(builder.body_label) == expected
    for label, body in zip(builder.shape_label, builder.shape_body, strict=True):
        owner = builder.body_label[body] if body >= 0 else ""
        assert owner == next((path for path in expected if label.startswith(f"{path}/")), "")
