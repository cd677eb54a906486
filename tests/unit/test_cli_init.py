"""A project that `simgate init` writes is whole: the commands of docs/your-own.md run in it, up to the plan."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from simgate.cli import main

PAGE = Path(__file__).parents[2] / "docs/your-own.md"
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)[0].splitlines()


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["simgate", *words])
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to begin in, as a user who exported nothing."""
    for name in ("SIMGATE_RECIPES", "SIMGATE_POLICY", "SIMGATE_STORE", "SIMGATE_DOMAIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIMGATE_USER", "somebody@example.org")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def follow(monkeypatch: pytest.MonkeyPatch, line: str) -> int:
    """Do one line of the page, as a shell would."""
    word, *rest = shlex.split(line)
    if word == "cd":
        monkeypatch.chdir(rest[0])
    elif word == "export":
        for pair in rest:
            monkeypatch.setenv(*pair.split("=", 1))
    else:
        return run(monkeypatch, *rest)
    return 0


def test_the_pages_commands_lead_from_an_empty_folder_to_a_plan(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert len(COMMANDS) <= 10
    assert COMMANDS[-1] == "simgate pipeline"
    for line in COMMANDS[:-1]:
        assert follow(monkeypatch, line) == 0, f"{line}: {capfd.readouterr().err}"
    said = capfd.readouterr()
    assert "1 to run" in said.out
    assert "no recipe takes" not in said.err


def test_a_scene_that_no_recipe_takes_is_named_by_the_push(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for line in COMMANDS[:3]:
        assert follow(monkeypatch, line) == 0
    (folder / "my-robot/scenes/lab").mkdir()
    (folder / "my-robot/scenes/lab/lab.usda").write_text("#usda 1.0\n")
    assert run(monkeypatch, "scenes", "push", "scenes") == 0
    assert "no recipe takes lab" in capfd.readouterr().err


def test_a_folder_that_is_there_is_refused_and_stays_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "mine").mkdir()
    assert run(monkeypatch, "init", "mine") == 2
    assert "is there already" in capfd.readouterr().err
    assert list((folder / "mine").iterdir()) == []


def test_stages_of_a_dataset_need_no_release_recipe(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "init", "mine") == 0
    monkeypatch.chdir("mine")
    Path("recipes/release.yaml").unlink()
    walked = run(monkeypatch, "pipeline", "--scenes", "scenes", "--until", "index")
    said = capfd.readouterr()
    assert walked == 0, said.err
    assert "index     1 made" in said.out
    assert run(monkeypatch, "pipeline", "--until", "train") == 2
    assert "0 recipes to choose from" in capfd.readouterr().err
