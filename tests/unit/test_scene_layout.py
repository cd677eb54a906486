"""Layout: read from USD alone, and where Newton, too, sees things; foreign units, primitives and labels count."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simgate.core.errors import InputError
from simgate.scene.components import ROBOT_PATH
from simgate.scene.grid import build
from simgate.scene.layout import Layout, read_layout
from simgate.scene.raster import rounded
from simgate.scene.usd_scene import UsdScene
from simgate.sim.newton.scene import FIXED, NewtonScene
from simgate.sim.newton.shapes import Shape, joined
from simgate.specs.vocabulary import CLASSES
from tests.unit.foreign_scene import write_foreign
from tests.unit.tiny_scene import write_scene

ROOT = Path(__file__).parents[2]


def layout_of(root: Path) -> Layout:
    return read_layout(UsdScene(root, CLASSES))


def standing_in_newton(scene: NewtonScene, shapes: tuple[Shape, ...]) -> np.ndarray:
    """World-frame triangles of fixed shapes; empty where there are none."""
    found = [shape.triangles for shape in shapes if shape.body == FIXED]
    return np.concatenate(found) if found else np.zeros((0, 3, 3))


@pytest.mark.parametrize("name", ["office", "home", "warehouse"])
def test_the_layout_from_usd_is_what_newton_sees(name: str) -> None:
    usd = UsdScene(ROOT / f"examples/demo/scenes/{name}/{name}.usda", CLASSES)
    layout, scene = read_layout(usd), NewtonScene(usd, "cpu")
    floor = tuple(s for s in scene.shapes if s.instance and usd.components.rows[s.instance - 1].label == "floor")
    x, y = usd.world_from(ROBOT_PATH)[:2, 3]
    surfaces = standing_in_newton(scene, scene.shapes)
    seen = build(surfaces, standing_in_newton(scene, floor), robot_height_m=0.5, start_m=(x, y))
    assert layout.grid.origin_m == seen.origin_m
    assert np.array_equal(layout.grid.blocked, seen.blocked)
    for path, radius_m in [(ROBOT_PATH, layout.robot.radius_m), *((a.path, a.radius_m) for a in layout.actors)]:
        own = joined(scene.shapes, body=scene.body(path))
        assert radius_m == pytest.approx(np.hypot(own[:, :, 0], own[:, :, 1]).max(), abs=1.1e-5)


def test_the_layout_is_read_without_any_simulator() -> None:
    script = f"""
import sys
from pathlib import Path
from simgate.scene.layout import read_layout
from simgate.scene.usd_scene import UsdScene
read_layout(UsdScene(Path({str(ROOT / "examples/demo/scenes/home/home.usda")!r}), ("floor",)))
print(sorted({{"newton", "warp", "simgate.sim"}} & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT / "tasks", capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "[]"


def test_a_scene_in_centimetres_has_the_layout_of_the_one_in_metres(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    metres = layout_of(write_foreign(tmp_path / "m", metres_per_unit=1.0))
    centimetres = layout_of(write_foreign(tmp_path, metres_per_unit=0.01))
    assert np.array_equal(metres.grid.blocked, centimetres.grid.blocked)
    assert (metres.robot, metres.actors) == (centimetres.robot, centimetres.actors)
    assert centimetres.robot.radius_m == pytest.approx(0.2)
    assert centimetres.robot.height_m == pytest.approx(0.8)
    assert centimetres.actors[0].radius_m == pytest.approx(0.2, abs=0.001)


def test_primitives_block_where_they_stand_and_nowhere_else(tmp_path: Path) -> None:
    grid = layout_of(write_foreign(tmp_path, metres_per_unit=0.01)).grid
    pillar, crate = (0.8, 0.0), (-0.8, 0.8)
    for angle in np.linspace(0.0, 2.0 * math.pi, 13):
        assert grid.blocked[grid.cell(pillar[0] + 0.18 * math.cos(angle), pillar[1] + 0.18 * math.sin(angle))]
        outside = (pillar[0] + 0.3 * math.cos(angle), pillar[1] + 0.3 * math.sin(angle))
        assert not grid.blocked[grid.cell(*outside)]
    turned = (crate[0] + 0.4 * math.cos(math.radians(30)), crate[1] + 0.4 * math.sin(math.radians(30)))
    assert grid.blocked[grid.cell(*turned)]
    assert not grid.blocked[grid.cell(crate[0] + 0.4, crate[1] - 0.4)]
    assert grid.clearance_at(0.8, 0.8) > 0.3, "the actor's own place is free"


def test_labels_of_older_isaac_scenes_name_components(tmp_path: Path) -> None:
    path = write_foreign(tmp_path, metres_per_unit=1.0)
    new = 'token[] semantics:labels:class = ["floor"]'
    old = 'string semantic:S:params:semanticData = "floor"\n string semantic:S:params:semanticType = "class"'
    plain = path.read_text().replace('"ground" (prepend apiSchemas = ["SemanticsLabelsAPI:class"])', '"ground"')
    path.write_text(plain.replace(new, old))
    assert not layout_of(path).grid.blocked.all()


def area(x_m: float, role: str = "spawn") -> str:
    return f"""
    def Plane "start"
    {{
        uniform token purpose = "guide"
        custom token simgate:area = "{role}"
        double width = 1
        double length = 4
        double3 xformOp:translate = ({x_m}, 0, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }}
"""


def test_without_a_spawn_area_an_episode_may_begin_anywhere(tmp_path: Path) -> None:
    assert layout_of(write_foreign(tmp_path, metres_per_unit=1.0)).spawn.all()


def test_a_spawn_area_bounds_where_episodes_begin(tmp_path: Path) -> None:
    layout = layout_of(write_foreign(tmp_path, metres_per_unit=1.0, more=area(2.0)))
    rows, columns = np.nonzero(layout.spawn)
    xs = [layout.grid.center(row, column)[0] for row, column in zip(rows.tolist(), columns.tolist(), strict=True)]
    assert 1.45 <= min(xs) < max(xs) <= 2.55


@pytest.mark.parametrize(("more", "message"), [(area(20.0), "on free floor"), (area(0.0, "parking"), "simgate:area")])
def test_a_spawn_area_that_cannot_be_used_is_refused(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        layout_of(write_foreign(tmp_path, metres_per_unit=1.0, more=more))


def test_an_actor_without_geometry_is_refused_by_its_path(tmp_path: Path) -> None:
    path = write_foreign(tmp_path, metres_per_unit=1.0)
    path.write_text(path.read_text().replace('def Sphere "load"', 'def Xform "load"'))
    with pytest.raises(InputError, match="/World/actors/cart has nothing that can be seen"):
        layout_of(path)


def test_lengths_count_to_a_hundredth_of_a_millimetre(tmp_path: Path) -> None:
    layout = layout_of(write_scene(tmp_path))
    lengths = [layout.robot.radius_m, *layout.grid.origin_m, *(actor.radius_m for actor in layout.actors)]
    assert lengths == [rounded(length) for length in lengths]
