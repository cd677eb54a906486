"""docs/how-to/add-a-scene.md, followed to the letter in a new project: pushed, planned, indexed and driven in."""

from __future__ import annotations

import re
import shlex
from contextlib import closing
from pathlib import Path
from textwrap import indent

import pytest

from simgate.core.storage.store import Store
from simgate.documents.scene import SceneItem
from simgate.sim.rollout import open_simulator, record
from simgate.sim.scenario import draw_scenario
from simgate.specs.generate import GenerateSpec
from simgate.specs.recipe import DatasetRecipe
from simgate.specs.recipe_file import read_recipe
from tests.unit.test_cli_init import run

PAGE = (Path(__file__).parents[2] / "docs/how-to/add-a-scene.md").read_text(encoding="utf-8")
FILE = re.compile(r"^\*\*(\S+)\*\*(, under `scenes`)?:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)[0].splitlines()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of `simgate init` in which the page was followed."""
    for name in ("SIMGATE_POLICY", "SIMGATE_STORE", "SIMGATE_DOMAIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SIMGATE_RECIPES", "recipes")
    monkeypatch.setenv("SIMGATE_USER", "somebody@example.org")
    assert run(monkeypatch, "init", str(tmp_path / "mine")) == 0
    monkeypatch.chdir(tmp_path / "mine")
    for path, under, text in FILE.findall(PAGE):
        if under:
            whole = Path(path).read_text()
            assert whole.count("\nscenes:\n") == 1
            Path(path).write_text(whole.replace("\nscenes:\n", f"\nscenes:\n{indent(text, '  ')}"))
        else:
            Path(path).parent.mkdir(exist_ok=True)
            Path(path).write_text(text)
    return tmp_path / "mine"


def test_the_page_leads_to_shards_of_the_scene(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for line in COMMANDS:
        assert run(monkeypatch, *shlex.split(line)[1:]) == 0, f"{line}: {capfd.readouterr().err}"
    said = capfd.readouterr()
    assert "no recipe takes" not in said.err
    assert "shed" in said.out
    assert run(monkeypatch, "pipeline", "--until", "index") == 0, capfd.readouterr().err
    item = indexed(Store(str(project / ".simgate/store")))
    assert [file.path for file in item.closure] == ["shed/parts.usda", "shed/shed.usda"]
    assert {label.label for label in item.labels} == {"box", "floor", "robot", "wall"}


def test_episodes_begin_where_the_page_says_and_meet_its_obstacle(project: Path) -> None:
    recipe = read_recipe(project / "recipes/dataset.yaml")
    assert isinstance(recipe, DatasetRecipe)
    asked = recipe.simulation.model_dump() | {"frames_per_episode": 2, "camera": {"width_px": 64, "height_px": 48}}
    spec = GenerateSpec(**asked, scene="shed", first_episode=0, episodes=2)
    with closing(open_simulator(spec, project / "scenes/shed/shed.usda")) as simulator:
        episodes, moments = record(simulator, spec, [0, 1])
        samples = [sample for moment in moments for sample in moment]
    assert len(episodes) == 2
    assert len(samples) == 4
    starts = [draw_scenario(simulator.layout, spec, number) for number in (0, 1)]
    assert all(-3.1 <= scenario.start.x_m <= -0.9 for scenario in starts)
    assert any(scenario.placements for scenario in starts)


def indexed(store: Store) -> SceneItem:
    """The scene's item, as index left it."""
    (key,) = [key for key in store.keys("runs/main/index") if key.endswith("scenes/shed.json")]
    return SceneItem.from_json(store.get(key), what=key)
