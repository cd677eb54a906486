"""The index stage: what it writes, what it refuses, and that both are the same every time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simgate.core.errors import InputError
from simgate.core.given.snapshot import scan, write_snapshot
from simgate.core.identity.code import code_digest
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.identity.lock import lock_digest
from simgate.core.runtime.events import Events
from simgate.core.runtime.job import Job, SnapshotInput
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.runtime.stage import run_job
from simgate.core.runtime.stop import Stop
from simgate.core.storage.memo import committed
from simgate.core.storage.store import Store
from simgate.documents.scene import SceneItem
from simgate.documents.shard_plan import ShardPlan
from simgate.index import report
from simgate.index.shard_plan import plan_shards
from simgate.index.stage import STAGE
from simgate.scene.lint import Lint
from simgate.specs.index import SceneChoice
from tests.unit.scene_planting import FILES, ROOT, edit, plant, png

ROOM = {"name": "room", "root": ROOT, "split": "train", "episodes": 5}
HALL = {"name": "hall", "root": "hall/hall.usda", "split": "eval", "episodes": 2}


class Indexing:
    """A store with a pushed snapshot, and jobs over it."""

    def __init__(self, folder: Path) -> None:
        self.scenes = plant(folder / "scenes")
        self.store = Store(str(folder / "store"))
        self.say = ""

    def run(
        self, capsys: pytest.CaptureFixture[str], *scenes: dict[str, Any], report: bool = False, **fields: Any
    ) -> int:
        """Push what is there now, run index over it, and return the exit code; `say` holds its last error."""
        self.job = self._job(list(scenes) or [ROOM], fields)
        self.store.put("job.json", self.job.to_json())
        stage = STAGE if report else replace(STAGE, report=None)
        code = run_job(stage, "job.json", self.store, stop=Stop(), place="local", events=Events(stage="index"))
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line[0] == "{"]
        self.say = next((line["message"] for line in reversed(lines) if "message" in line), "")
        self.events = lines
        return code

    def manifest(self) -> Manifest:
        """What the last run committed."""
        ref = committed(self.store, self.job, key_parts(self.job, load_inputs(self.store, self.job)).run_key)
        if ref is None:
            raise LookupError("nothing was committed")
        return read_manifest(self.store, ref)

    def item(self, name: str) -> SceneItem:
        """A scene item of the last run."""
        return SceneItem.from_json(self.read(f"scenes/{name}.json"), what=name)

    def read(self, name: str) -> bytes:
        """An output of the last run."""
        return self.store.read(self.manifest().artifact(name))

    def _job(self, scenes: list[dict[str, Any]], fields: dict[str, Any]) -> Job:
        snapshot = write_snapshot(self.store, scan(self.scenes))
        spec = {
            "version": 1,
            "scenes": scenes,
            "episodes_per_shard": 2,
            "classes": ["chair", "table", "box", "floor"],
            **fields,
        }
        full = STAGE.spec_type.from_value(spec, what="spec").model_dump(mode="json")
        return Job(
            stage="index",
            spec=full,
            inputs=(SnapshotInput(sha256=snapshot.sha256),),
            domain="main",
            code_digest=code_digest("simgate.index.stage"),
            lock_digest=lock_digest("sim"),
            run_record="plans/main/test",
        )


@pytest.fixture
def indexing(tmp_path: Path) -> Indexing:
    return Indexing(tmp_path)


def test_a_scene_becomes_an_item_with_its_closure_labels_lights_and_units(
    indexing: Indexing, capsys: pytest.CaptureFixture[str]
) -> None:
    assert indexing.run(capsys) == 0
    item = indexing.item("room")
    assert tuple(file.path for file in item.closure) == FILES
    assert [(label.label, label.prims) for label in item.labels] == [("chair", 2), ("floor", 1), ("table", 1)]
    assert [light.prim for light in item.lights] == ["/World/Lights/Sun"]
    assert (item.meters_per_unit, item.up_axis, item.split) == (1.0, "Z", "train")
    assert Lint.from_json(indexing.read("lint.json"), what="lint").scenes == {"room": ()}


def test_shards_are_planned_scene_by_scene_in_the_order_of_the_spec(
    indexing: Indexing, capsys: pytest.CaptureFixture[str]
) -> None:
    (indexing.scenes / "room").rename(indexing.scenes / "hall")
    (indexing.scenes / "hall/room.usda").rename(indexing.scenes / "hall/hall.usda")
    plant(indexing.scenes)
    assert indexing.run(capsys, HALL, ROOM) == 0
    plan = ShardPlan.from_json(indexing.read("shards.json"), what="shards")
    assert [(shard.scene, shard.split, shard.first_episode, shard.episodes) for shard in plan.shards] == [
        ("hall", "eval", 0, 2), ("room", "train", 0, 2), ("room", "train", 2, 2), ("room", "train", 4, 1),
    ]  # fmt: skip


def test_a_file_that_no_scene_uses_changes_no_output(indexing: Indexing, capsys: pytest.CaptureFixture[str]) -> None:
    indexing.run(capsys)
    before = indexing.manifest()
    (indexing.scenes / "textures/unused.png").write_bytes(png(7))
    assert indexing.run(capsys) == 0
    assert indexing.manifest().run_key != before.run_key
    assert indexing.manifest().content_digest == before.content_digest


def test_a_texture_edit_changes_the_closure_digest(indexing: Indexing, capsys: pytest.CaptureFixture[str]) -> None:
    indexing.run(capsys)
    before = indexing.item("room")
    (indexing.scenes / "textures/wood.png").write_bytes(png(7))
    indexing.run(capsys)
    assert indexing.item("room").closure_sha256 != before.closure_sha256
    assert indexing.item("room").labels == before.labels


def test_a_scene_that_is_not_in_the_snapshot_is_named_with_what_is_there(
    indexing: Indexing, capsys: pytest.CaptureFixture[str]
) -> None:
    assert indexing.run(capsys, {**ROOM, "root": "room/romm.usda"}) == 2
    assert "scene room is not in the snapshot, got room/romm.usda" in indexing.say
    assert "such as room/room.usda" in indexing.say


def test_two_scenes_of_one_name_are_refused(indexing: Indexing, capsys: pytest.CaptureFixture[str]) -> None:
    assert indexing.run(capsys, ROOM, {**ROOM, "split": "eval"}) == 2
    assert "two scenes have one name, got room" in indexing.say


@pytest.mark.parametrize(
    ("path", "old", "new", "reason"),
    [
        (ROOT, "chair.usda@</Chair>", "stool.usda@</Chair>", "@../props/stool.usda@ of prim /World/Furniture/ChairB"),
        (
            "props/chair.usda",
            "wood.png",
            "gold.png",
            "@../textures/gold.png@ of prim /Chair/Looks/Paint/Picture.inputs",
        ),
        ("props/chair.usda", "../textures/wood.png", "../../wood.png", "leaves the snapshot"),
        (ROOT, 'upAxis = "Z"', 'upAxis = "Y"', "scene room is not Z up"),
        ("room/lights.usda", "DistantLight", "Xform", "scene room has no light"),
        ("props/chair.usda", "[0, 1, 2, 3]", "[0, 1, 2, 9]", "breaks a rule of USD: ValidateTopologyChecker of prim"),
    ],
)
def test_a_defect_ends_in_exit_2_with_its_place(
    indexing: Indexing, capsys: pytest.CaptureFixture[str], path: str, old: str, new: str, reason: str
) -> None:
    edit(indexing.scenes, path, old, new)
    assert indexing.run(capsys) == 2
    assert reason in indexing.say
    assert "/tmp" not in indexing.say


def test_every_finding_of_a_refused_scene_is_told(indexing: Indexing, capsys: pytest.CaptureFixture[str]) -> None:
    edit(indexing.scenes, "props/chair.usda", "[0, 1, 2, 3]", "[0, 1, 2, 9]")
    edit(indexing.scenes, "props/table.usda", '"component"', '"compnent"')
    edit(indexing.scenes, ROOT, 'upAxis = "Z"', 'upAxis = "Y"')
    edit(indexing.scenes, "room/lights.usda", "DistantLight", "Xform")
    assert indexing.run(capsys) == 2
    assert "scene room is not Z up" in indexing.say
    found = [line for line in indexing.events if line["event"] == "finding"]
    assert [line["message"] for line in found if line["rule"] == "simgate"] == [
        "scene room is not Z up, got Y", "scene room has no light, got no UsdLux light",
    ]  # fmt: skip
    topology = next(line for line in found if line["rule"] == "ValidateTopologyChecker")
    assert (topology["level"], topology["layer"]) == ("refused", "props/chair.usda")
    assert topology["prim"].startswith("/World/Furniture/Chair")
    assert topology["expected"] == "faces whose corners the mesh has"
    assert topology["remedy"] == "export the mesh again"
    assert next(line for line in found if line["rule"] == "KindChecker")["level"] == "warning"


FLOOR = 'token[] semantics:labels:class = ["floor"]'
MOVED = FLOOR + '\n double3 xformOp:{0} = {1}\n uniform token[] xformOpOrder = ["xformOp:{0}"]'
BESIDE = """def Plane "Begin"
    {
        uniform token purpose = "guide"
        custom token simgate:area = "spawn"
        double width = 1
        double length = 1
        double3 xformOp:translate = (2.9, 9, 0)
        uniform token[] xformOpOrder = ["xformOp:translate"]
    }
    def Xform "robot" ("""
ACTORS = """def Xform "actors"
    {
        def Sphere "ball"
        {
            custom token simgate:role = "rolling"
        }
    }
    def Xform "robot" ("""
EMPTY = ACTORS.replace("Sphere", "Xform").replace("rolling", "static")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('def Xform "robot"', 'def Xform "cart"', "has no prim /World/robot"),
        (FLOOR, "", "has no prim labelled floor"),
        ('def Cylinder "Body"', 'def Xform "Body"', "/World/robot has nothing that can be seen"),
        ("simgate:wheel_radius_m = 0.08", "simgate:wheel_radius_m = 0", "simgate:wheel_radius_m of /World/robot"),
        (FLOOR, MOVED.format("scale", "(0.04, 0.04, 1)"), "no free floor for the robot /World/robot, got a disc of 0."),
        (
            FLOOR,
            MOVED.format("translate", "(0, 0, 2)"),
            "no free floor for the robot /World/robot, got a disc of 0.00 m",
        ),
        ('def Xform "robot" (', BESIDE, "no spawn area lies on free floor with room for the robot, got /World/Begin"),
        ('def Xform "robot" (', ACTORS, "simgate:role of /World/actors/ball, got rolling"),
        ('def Xform "robot" (', EMPTY, "/World/actors/ball has nothing that can be seen"),
    ],
)
def test_a_layout_that_generate_would_refuse_is_refused_here_by_its_prim(
    indexing: Indexing, capsys: pytest.CaptureFixture[str], old: str, new: str, reason: str
) -> None:
    edit(indexing.scenes, ROOT, old, new)
    assert indexing.run(capsys) == 2
    assert reason in indexing.say


def test_a_closure_larger_than_asked_is_refused(indexing: Indexing, capsys: pytest.CaptureFixture[str]) -> None:
    assert indexing.run(capsys, max_closure_bytes=1000) == 2
    assert "raise max_closure_bytes" in indexing.say


def test_the_report_is_drawn_after_the_commit_even_where_no_picture_can_be_taken(
    indexing: Indexing, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_picture", _no_picture)
    assert indexing.run(capsys, report=True) == 0
    [page] = [key for key in indexing.store.keys("runs") if key.endswith("report.html")]
    html = indexing.store.get(page).decode()
    assert "props/chair.usda" in html
    assert "labelled prims" in html
    assert "No picture of room: no robot in it" in html
    assert not [line for line in indexing.events if line["event"] == "report not drawn"]


def _no_picture(*_: object) -> bytes:
    raise InputError("no robot in it")


CHOICES = st.lists(st.integers(1, 60), min_size=1, max_size=5)


@given(CHOICES, st.integers(1, 20))
def test_every_episode_is_in_exactly_one_shard(counts: list[int], size: int) -> None:
    scenes = [SceneChoice(name=f"s{i}", root="a.usda", split="train", episodes=count) for i, count in enumerate(counts)]
    plan = plan_shards(scenes, episodes_per_shard=size)
    made = [(s.scene, s.first_episode + i) for s in plan.shards for i in range(s.episodes)]
    assert made == [(scene.name, i) for scene in scenes for i in range(scene.episodes)]
    assert all(1 <= shard.episodes <= size for shard in plan.shards)
