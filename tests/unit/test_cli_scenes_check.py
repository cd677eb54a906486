"""simgate scenes check says of a folder what index will say, without a spec and without a store."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from simgate.cli.app import app
from simgate.cli.init import STARTER
from simgate.core.errors import InputError
from tests.unit.scene_bombs import bomb
from tests.unit.scene_planting import ROOT, edit, plant

TASKS = Path(__file__).parents[2] / "tasks"


def check(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["scenes", "check", str(folder), *options])


def test_the_starter_s_scenes_pass_and_the_next_step_is_a_push() -> None:
    done = check(STARTER / "scenes")
    assert done.exit_code == 0, done.output
    assert "passes hall (hall/hall.usda)" in done.output
    assert "passes studio (studio/studio.usda)" in done.output
    assert "Next: `simgate scenes push" in done.output.splitlines()[-1]


def test_a_refused_scene_is_told_with_every_finding_and_the_others_are_read(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    edit(folder, "props/chair.usda", "[0, 1, 2, 3]", "[0, 1, 2, 9]")
    edit(folder, "props/table.usda", '"component"', '"compnent"')
    done = check(folder, "--json")
    assert done.exit_code == 2
    found = json.loads(done.stdout)
    assert found["refused"] == ["room"]
    topology = next(line for line in found["findings"] if line["rule"] == "ValidateTopologyChecker")
    assert (topology["level"], topology["layer"]) == ("refused", "props/chair.usda")
    assert {"prim", "message", "expected", "remedy"} <= topology.keys()
    assert next(line for line in found["findings"] if line["rule"] == "KindChecker")["level"] == "warning"


def test_the_table_names_prim_layer_and_remedy_and_ends_with_what_to_do(tmp_path: Path) -> None:
    folder = plant(tmp_path)
    edit(folder, ROOT, "@../props/table.usda@", "@../props/stool.usda@")
    done = check(folder)
    assert done.exit_code == 2
    assert "refused room (room/room.usda)" in done.output
    assert "add the file or remove the use" in " ".join(done.output.split())
    assert "again; warnings may stay." in done.output.splitlines()[-1]


def test_check_calls_what_index_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(choice: object, *_: object) -> None:
        asked.append(choice)
        raise InputError("index says no")

    monkeypatch.setattr("simgate.index.scene_item.read_scene", refuse)
    done = check(plant(tmp_path))
    assert done.exit_code == 2
    assert len(asked) == 1
    assert "index says no" in done.output


def test_a_folder_without_scenes_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "lab.usda").write_text("#usda 1.0\n")
    done = check(tmp_path)
    assert isinstance(done.exception, InputError)
    assert "a folder that holds a layer of its own name" in str(done.exception)


def test_a_bomb_ends_the_command_with_2_and_no_traceback(tmp_path: Path) -> None:
    program = "from simgate.cli import main; main()"
    command = ["bash", "-c", 'ulimit -v 8000000; exec "$@"', "bash", sys.executable, "-c", program, "scenes", "check"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(TASKS), "HOME": str(tmp_path)}
    folder = str(bomb(tmp_path, "inherits"))
    done = subprocess.run([*command, folder], capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 2, done.stderr
    assert "classes of layer props/chair.usda multiply" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr
