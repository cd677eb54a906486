"""Recipes are read with the line of what is wrong, shown whole, and one broken file takes no other with it."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import date
from pathlib import Path

import pytest

from simgate.cli import main
from simgate.core.errors import InputError
from simgate.plan.scenes import choose_scenes, left_out
from simgate.specs.recipe import DatasetRecipe, ReleaseRecipe, SceneRule
from simgate.specs.recipe_file import parse_recipe, read_recipe, read_recipes
from simgate.specs.recipe_text import recipe_schema, recipe_text

DEMO = Path(__file__).parents[2] / "examples/demo/recipes"
ROOMS, NAVIGATOR = DEMO / "rooms.yaml", DEMO / "navigator.yaml"
PUSHED = ("office/office.usda", "office/room.usda", "lab-1/lab-1.usd", "lab-2/lab-2.usda", "robot/robot.usda", "x.png")


def dataset() -> DatasetRecipe:
    found = read_recipe(ROOMS)
    assert isinstance(found, DatasetRecipe)
    return found


def taking(*rules: dict[str, object]) -> DatasetRecipe:
    return dataset().model_copy(update={"scenes": tuple(SceneRule.model_validate(rule) for rule in rules)})


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["simgate", *words])
    monkeypatch.setattr("os.umask", lambda _mask: 0)
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


WRONG = {

    "out of range": ("home, split: train, episodes: 12", "home, split: train, episodes: 0", "field scenes.1.episodes"),
    "a word for a number": ("  dataset_seed: 20261", "  dataset_seed: many", "field simulation.dataset_seed"),
    "a pattern with a root": ("name: home,", "name: h*, root: h/h.usda,", "field scenes.1"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_an_error_names_file_line_field_value_and_remedy(case: str) -> None:
    before, after, field = WRONG[case]
    text = ROOMS.read_text()
    assert before in text
    line = text[: text.index(before)].count("\n") + 1
    with pytest.raises(InputError) as error:
        parse_recipe(text.replace(before, after).encode(), what="recipe rooms.yaml")
    said = str(error.value)
    assert said.startswith(f"recipe rooms.yaml, line {line}: {field}: ")
    assert ", got " in said
    assert said.endswith("`simgate recipe show` prints every field with its range")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("target: tensorrt", "engine target tensorrt comes later; this build can write onnxruntime-cpu"),
        (
            "target: onnxruntime-cuda",
            "engine target onnxruntime-cuda comes later; this build can write onnxruntime-cpu",
        ),
        ("target: onnxruntime-cpu\n  precision: int8", "onnxruntime-cpu has no precision int8; use fp32"),
    ],
)
def test_an_engine_that_this_build_cannot_write_is_refused_where_the_recipe_says_it(words: str, said: str) -> None:
    text = NAVIGATOR.read_text()
    assert text.count("target: onnxruntime-cpu") == 1
    changed = text.replace("target: onnxruntime-cpu", words)
    line = changed[: changed.index(words.rsplit("\n", maxsplit=1)[-1].strip())].count("\n") + 1
    with pytest.raises(InputError, match=rf"^recipe n.yaml, line {line}: field export\.") as refused:
        parse_recipe(changed.encode(), what="recipe n.yaml")
    assert said in str(refused.value)
    assert str(refused.value).count(": field ") == 1, "one error"


def test_a_bound_of_no_metric_of_the_family_is_refused_where_it_stands() -> None:
    text = NAVIGATOR.read_text().replace("map_50:", "map50:")
    line = text[: text.index("at_least:")].count("\n") + 1
    with pytest.raises(InputError, match=rf"^recipe n.yaml, line {line}: field at_least: ") as refused:
        parse_recipe(text.encode(), what="recipe n.yaml")
    assert "map50 is no metric; there are" in str(refused.value)


def test_a_bound_that_the_family_demands_and_nobody_gives_is_refused_before_anything_is_trained() -> None:
    text = re.sub(r"\n *success_gain: .*", "", NAVIGATOR.read_text())
    with pytest.raises(InputError, match=r"evaluate of a navigator: at_least\.success_gain is missing"):
        parse_recipe(text.encode(), what="recipe n.yaml")


@pytest.mark.parametrize("counts", ["[6, 3]", "[-1, 3]"])
def test_counts_of_obstacles_begin_with_the_fewest(counts: str) -> None:
    text = ROOMS.read_text().replace("simulation:", f"simulation:\n  randomization: {{static_obstacles: {counts}}}", 1)
    with pytest.raises(InputError, match=r"field simulation\.randomization\.static_obstacles: fewest"):
        parse_recipe(text.encode(), what="recipe rooms.yaml")


def test_a_misspelt_field_is_named_and_not_only_missed() -> None:
    text = ROOMS.read_text().replace("split: train", "splitt: train", 1)
    with pytest.raises(InputError, match="splitt: there is no such field"):
        parse_recipe(text.encode(), what="recipe rooms.yaml")


def test_a_recipe_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (problem,) = read_recipes(tmp_path).problems
    assert problem.endswith("pipe.yaml: it is no regular file")


def test_an_unknown_field_is_named_with_its_line() -> None:
    text = ROOMS.read_text() + "\nseed_polici: nightly\n"
    with pytest.raises(InputError, match=rf"line {len(text.splitlines())}: field seed_polici"):
        parse_recipe(text.encode(), what="recipe rooms.yaml")


def test_a_file_that_says_no_kind_is_refused_with_the_kinds() -> None:
    with pytest.raises(InputError, match=r"kind: dataset \| kind: release"):
        parse_recipe(b"name: rooms\n", what="recipe x")


@pytest.mark.parametrize("path", [ROOMS, NAVIGATOR], ids=lambda path: path.stem)
def test_what_show_prints_is_the_same_recipe(
    path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "recipe", "show", str(path)) == 0
    text = capfd.readouterr().out
    assert parse_recipe(text.encode(), what="shown") == read_recipe(path)
    assert recipe_text(read_recipe(path)) == text
    assert max(map(len, text.splitlines())) <= 120


def test_show_says_meaning_unit_and_range() -> None:
    lines = recipe_text(dataset()).splitlines()
    where = lines.index("    rate_hz: 5.0")
    assert lines[where - 1] == "    # Unit Hz. Range > 0 and ≤ 60."
    assert "  # Exact version; a stage that finds another one refuses." in lines


def test_the_schema_has_the_fields_meaning() -> None:
    schema = recipe_schema(DatasetRecipe)
    assert schema["properties"]["episodes_per_shard"]["description"] == "Episodes of one shard, at most."
    assert schema["$defs"]["SceneRule"]["properties"]["split"]["description"].startswith("Side of the dataset")
    assert json.loads(json.dumps(schema)) == schema


def test_a_broken_file_takes_no_other_recipe_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in (ROOMS, NAVIGATOR):
        (tmp_path / path.name).write_text(path.read_text())
    (tmp_path / "torn.yaml").write_text("kind: dataset\nname: torn\nscenes: []\n")
    found = read_recipes(tmp_path)
    assert (list(found.dataset), list(found.release)) == (["rooms"], ["navigator"])
    (problem,) = found.problems
    assert "torn.yaml" in problem
    assert run(monkeypatch, "recipe", "check", str(tmp_path)) == 2
    said = capfd.readouterr()
    assert "rooms" in said.out
    assert "torn.yaml" in said.err


def test_a_release_of_a_dataset_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "navigator.yaml").write_text(NAVIGATOR.read_text())
    assert read_recipes(tmp_path).problems == (
        "release recipe navigator: no dataset recipe rooms; expected a dataset recipe that can be read",
    )


def test_one_model_for_two_channels_stands_and_two_recipes_for_one_channel_do_not(tmp_path: Path) -> None:
    text = NAVIGATOR.read_text()
    (tmp_path / "rooms.yaml").write_text(ROOMS.read_text())
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(text.replace("name: navigator", "name: second").replace(": demo", ": lab"))
    assert {item.channel for item in read_recipes(tmp_path).releases_of("rooms")} == {"demo", "lab"}
    (tmp_path / "c.yaml").write_text(text.replace("name: navigator", "name: third"))
    assert ["both release navigator into demo" in problem for problem in read_recipes(tmp_path).problems] == [True]


def test_a_nightly_dataset_draws_one_seed_a_day_and_a_fixed_one_never() -> None:
    fixed = dataset()
    nightly = fixed.model_copy(update={"seed_policy": "nightly"})
    first, second = date(2026, 1, 1), date(2026, 1, 2)
    assert fixed.seed_of(first) == fixed.seed_of(second) == 20261
    assert nightly.seed_of(first) == nightly.seed_of(first) != nightly.seed_of(second)


def test_scenes_are_taken_by_name_and_by_pattern_and_the_first_rule_wins() -> None:
    recipe = taking(
        {"name": "lab-2", "split": "eval", "episodes": 1}, {"name": "lab-*", "split": "train", "episodes": 2}
    )
    chosen = {item.name: (item.root, item.split) for item in choose_scenes(recipe, PUSHED)}
    assert chosen == {"lab-2": ("lab-2/lab-2.usda", "eval"), "lab-1": ("lab-1/lab-1.usd", "train")}


def test_a_scene_that_no_recipe_takes_is_named_and_a_shared_part_is_no_scene() -> None:
    recipe = taking({"name": "lab-*", "split": "train", "episodes": 2})
    assert left_out([recipe], PUSHED) == ("office",)


@pytest.mark.parametrize("rule", [{"name": "hall"}, {"name": "hall-*"}, {"name": "lab-1", "root": "lab-1/main.usda"}])
def test_a_rule_that_takes_nothing_is_refused_with_what_is_pushed(rule: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"not pushed.*lab-1, lab-2, office.*change the recipe's scenes"):
        choose_scenes(taking(rule | {"split": "train", "episodes": 1}), PUSHED)


def test_the_demos_recipes_are_a_dataset_and_its_release() -> None:
    found = read_recipes(DEMO)
    assert found.problems == ()
    (release,) = found.releases_of("rooms")
    assert isinstance(release, ReleaseRecipe)
