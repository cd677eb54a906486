"""A hostile scene ends as one error that names it, within its memory and time, whatever process opens it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from simgate.core.errors import InputError, SimgateError
from simgate.scene.enclosure import DEADLINE_ENV, MEMORY_ENV, Bounds, Task, enclosed
from tests.unit import enclosed_tasks
from tests.unit.scene_bombs import BOMBS, bomb

ROOT = Path(__file__).parents[2]
GIB = 1024**3
OPEN = """
import sys
from pathlib import Path
from simgate.core.errors import SimgateError
from simgate.core.given.snapshot import FileRef
from simgate.index.scene_item import read_scene
from simgate.specs.index import IndexSpec, SceneChoice

folder = Path(sys.argv[1])
choice = SceneChoice(name="room", root="room/room.usda", split="train", episodes=1)
spec = IndexSpec(scenes=(choice,), classes=("chair", "table", "box"))
paths = [path for path in folder.rglob("*") if path.is_file()]
files = {
    str(path.relative_to(folder)): FileRef(sha256="0" * 64, size_bytes=path.stat().st_size)
    for path in paths
}
try:
    read_scene(choice, spec, folder, files)
except SimgateError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def opened(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Open a scene in a process that may not have more than 8 GB, as index does."""
    command = ["bash", "-c", 'ulimit -v 8000000; exec "$@"', "bash", sys.executable, "-c", OPEN, str(folder)]
    paths = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "tasks")}
    return subprocess.run(command, env=paths | environment, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_one_error_that_names_it(tmp_path: Path, name: str) -> None:
    done = opened(bomb(tmp_path, name), **{DEADLINE_ENV: "10"})
    assert done.returncode == 2, done.stdout + done.stderr
    assert BOMBS[name][1] in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert str(tmp_path) not in done.stdout


def test_the_bombs_are_planted_in_a_scene_that_is_healthy_without_them(tmp_path: Path) -> None:
    from tests.unit.scene_planting import plant

    assert opened(plant(tmp_path)).returncode == 0


def failure(task: Task, given: dict[str, Any], bounds: Bounds) -> SimgateError:
    with pytest.raises(SimgateError) as caught:
        enclosed(task, given, bounds)
    return caught.value


@pytest.mark.parametrize("size_bytes", [100_000, 10**9], ids=["many small pieces", "few large pieces"])
def test_memory_beyond_the_cap_ends_the_child_and_names_the_layer(size_bytes: int) -> None:
    error = failure(enclosed_tasks.eat, {"size_bytes": size_bytes}, Bounds(GIB, 60.0))
    assert isinstance(error, InputError)
    assert "layer greedy.usda" in str(error)
    assert "expected at most 1 GiB" in str(error)


def test_a_layer_that_takes_too_long_is_wrong_input() -> None:
    error = failure(enclosed_tasks.spin, {}, Bounds(GIB, 3.0))
    assert isinstance(error, InputError)
    assert "layer endless.usda takes too long to open, got no end within 3 s" in str(error)


def test_a_layer_that_waits_without_a_processor_may_be_tried_again() -> None:
    started_s = time.monotonic()
    error = failure(enclosed_tasks.sleep, {}, Bounds(GIB, 3.0))
    assert not isinstance(error, InputError)
    assert "layer sleepy.usda hangs USD's reader" in str(error)
    assert time.monotonic() - started_s < 30.0


def test_a_crash_names_the_layer_that_was_being_opened() -> None:
    error = failure(enclosed_tasks.crash, {}, Bounds(GIB, 60.0))
    assert error.exit_code == 2
    assert "layer broken.usdc crashes USD's reader" in str(error)


def test_an_exception_that_nobody_expects_is_one_line_with_its_place() -> None:
    error = failure(enclosed_tasks.stumble, {}, Bounds(GIB, 60.0))
    assert error.exit_code == 2
    assert "layer odd.usda cannot be read, got TypeError: no matching overload (enclosed_tasks.py:" in str(error)


def test_what_a_library_prints_does_not_disturb_the_answer() -> None:
    assert enclosed(enclosed_tasks.chatter, {"a": [1, "ü"]}, Bounds(GIB, 60.0)) == {"a": [1, "ü"]}


def test_the_bounds_grow_with_the_files_and_the_environment_may_set_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Bounds.of(0) == Bounds(4 * GIB, 60.0)
    assert Bounds.of(2 * 10**9) == Bounds(4 * GIB, 120.0)
    monkeypatch.setenv(MEMORY_ENV, "1.5")
    monkeypatch.setenv(DEADLINE_ENV, "7")
    assert Bounds.of(10**9) == Bounds(3 * GIB // 2, 7.0)
    monkeypatch.setenv(DEADLINE_ENV, "soon")
    with pytest.raises(InputError, match="setting SIMGATE_SCENE_DEADLINE_S, got soon, expected a number above 0"):
        Bounds.of(0)
