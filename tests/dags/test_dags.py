"""DAG files are prose: short, without logic, and cheap to parse."""

from __future__ import annotations

import ast
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.demo_recipes import RECIPES, demo_dataset_recipe, demo_release_recipe, write_recipes

DAGS = sorted((Path(__file__).parents[2] / "dags").glob("*.py"))
HEAVY = {"torch", "pandas", "kubernetes", "great_expectations", "onnx", "onnxruntime", "newton", "mlflow", "pxr"}
MAX_PARSE_S = 0.3
PARSE = """
import json, runpy, sys, time
import airflow.sdk
from airflow.sdk import DAG, Asset, BaseOperator, Param, task
from airflow.sdk.definitions._internal.contextmanager import DagContext
started = time.process_time()
DagContext.current_autoregister_module_name = "__main__"
runpy.run_path(sys.argv[1])
spent = time.process_time() - started
dags = {dag.dag_id: {one.task_id: sorted(one.downstream_task_ids) for one in dag.tasks}
        for dag, _ in DagContext.autoregistered_dags}
print(json.dumps([spent, sorted(sys.modules), dags]))
"""


def parse(path: Path, home: Path, recipes: Path = RECIPES) -> tuple[float, list[str], dict[str, dict[str, list[str]]]]:
    environment = {
        **os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "SIMGATE_RECIPES": str(recipes),
    }  # fmt: skip
    command = [sys.executable, "-c", PARSE, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    value: Any = json.loads(done.stdout.splitlines()[-1])
    return tuple(value)


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_a_dag_file_parses_fast_and_loads_nothing_heavy(path: Path, tmp_path: Path) -> None:
    dataset, release = demo_dataset_recipe(), demo_release_recipe()
    twenty = [
        recipe.model_copy(update={"name": f"r{number}", "channel": f"c{number}", "dataset": "r0"})
        for number in range(10)
        for recipe in (dataset, release)
    ]
    recipes = write_recipes(tmp_path / "recipes", *twenty)
    parsed = [parse(path, tmp_path, recipes) for _ in range(3)]
    assert len(parsed[0][2]) == (0 if path.stem == "recipe_errors" else 10)
    loaded = {name.partition(".")[0] for name in parsed[0][1]}
    assert not loaded & HEAVY
    # CPU time: other work on the machine is not the file's fault.
    assert statistics.median(spent for spent, *_ in parsed) <= MAX_PARSE_S


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_a_dag_file_is_prose(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) < 60
    # The one loop: a DAG a recipe.
    loops = [node for node in ast.parse(text).body if isinstance(node, ast.For)]
    assert len(loops) <= 1
    logic = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.While, ast.If, ast.Try, ast.ListComp, ast.DictComp)
    assert [ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, logic)] == []
    assert "open(" not in text


def test_the_dags_are_the_pipelines(tmp_path: Path) -> None:
    found = {dag: tasks for path in DAGS for dag, tasks in parse(path, tmp_path)[2].items()}
    assert found["build_dataset.rooms"] == {
        "plan": ["index"], "index": ["batches"], "batches": ["generate"], "generate": ["validate"],
        "validate": ["publish"], "publish": [],
    }  # fmt: skip
    assert found["release_model.navigator"] == {
        "plan": ["train"], "train": ["evaluate_candidate", "evaluate_live"], "evaluate_candidate": ["export"],
        "evaluate_live": ["export"], "export": ["compare"], "compare": ["hil"], "hil": ["propose"],
        "propose": ["decide"], "decide": ["promote"], "promote": ["settle"], "settle": [],
    }  # fmt: skip


def test_a_failed_promotion_fails_the_release_run_though_settle_comes_after_it(tmp_path: Path) -> None:
    source = (DAGS[0].parent / "release_model.py").read_text()
    # Airflow takes a run's state from its leaves, and from a teardown instead if that is told to fail the run.
    assert "settle_candidate().as_teardown()" in source


def test_a_broken_recipe_is_one_clear_error_and_the_other_recipes_have_their_dags_still(tmp_path: Path) -> None:
    recipes = write_recipes(tmp_path / "recipes", demo_dataset_recipe(), demo_release_recipe())
    (recipes / "broken.yaml").write_text("kind: dataset\nname: broken\nscenes:\n  - {name: a, split: both}\n")
    found = {dag for path in DAGS if path.stem != "recipe_errors" for dag in parse(path, tmp_path, recipes)[2]}
    assert found == {"build_dataset.rooms", "release_model.navigator"}
    with pytest.raises(subprocess.CalledProcessError) as failed:
        parse(DAGS[0].with_name("recipe_errors.py"), tmp_path, recipes)
    assert "broken.yaml, line 4: field scenes.0.split" in failed.value.stderr
