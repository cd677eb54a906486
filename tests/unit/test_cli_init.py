"""A project that `simgate init` writes is whole: the commands of docs/your-own.md run in it, up to the plan."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from simgate.cli import main
from simgate.release.policy import Policy

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
        return 0
    if word == "simgate":
        return run(monkeypatch, *rest)
    return subprocess.run([word, *rest], check=False).returncode


def test_the_pages_commands_lead_from_an_empty_folder_to_a_plan_for_a_room_of_ones_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pushed = next(number for number, line in enumerate(COMMANDS, start=1) if line.startswith("simgate scenes push"))
    for line in (*COMMANDS[:pushed], "simgate plan"):
        assert follow(monkeypatch, line) == 0, f"{line}: {capfd.readouterr().err}"
    said = capfd.readouterr()
    assert "1 to run" in said.out
    assert "garage (train, 8)" in " ".join(said.out.split())
    assert "no recipe takes" not in said.err
    ours, theirs = (Path(f"scenes/{name}/room.usda").read_text().splitlines() for name in ("garage", "studio"))
    assert sum(own != other for own, other in zip(ours, theirs, strict=True)) == 1, "the floor is another one"


def test_whoever_begins_a_project_is_in_its_policy_as_author_and_may_not_approve(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simgate.cli.person._git_email", lambda: "ada@example.org")
    assert run(monkeypatch, "init", "mine") == 0
    policy = Policy.load(Path("mine/policy.yaml"))
    author = policy.by_email("ada@example.org")
    assert author is not None
    assert author.name == "author"
    assert [person.name for person in policy.holders("lab", "approve")] == ["release-manager"]


def test_a_release_manager_who_begins_a_project_is_one_person_in_its_policy(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simgate.cli.person._git_email", lambda: "release@example.org")
    assert run(monkeypatch, "init", "mine") == 0
    assert [person.name for person in Policy.load(Path("mine/policy.yaml")).people] == ["release-manager"]


def test_a_scene_that_no_recipe_takes_is_named_by_the_push(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for line in COMMANDS[:2]:
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


def test_without_a_policy_the_command_says_how_one_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "store").mkdir()
    assert run(monkeypatch, "live", "--store", "store") == 2
    said = " ".join(capfd.readouterr().err.split())
    assert "cannot read policy policy.yaml" in said
    assert "--policy or SIMGATE_POLICY" in said


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
