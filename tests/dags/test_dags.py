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

DAGS = sorted((Path(__file__).parents[2] / "dags").glob("*.py"))
HEAVY = {"torch", "pandas", "kubernetes", "great_expectations", "onnx", "onnxruntime", "newton", "mlflow", "pxr"}
MAX_PARSE_S = 0.3
PARSE = """
import json, runpy, sys, time
import airflow.sdk
from airflow.sdk import DAG, Asset, BaseOperator, Param, task
started = time.process_time()
found = runpy.run_path(sys.argv[1])
spent = time.process_time() - started
dag = next(value.dag for value in found.values() if isinstance(getattr(value, "dag", None), DAG))
tasks = {one.task_id: sorted(one.downstream_task_ids) for one in dag.tasks}
print(json.dumps([spent, sorted(sys.modules), tasks, dag.dag_id]))
"""


def parse(path: Path, home: Path) -> tuple[float, list[str], dict[str, list[str]], str]:
    environment = {**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    command = [sys.executable, "-c", PARSE, str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    value: Any = json.loads(done.stdout.splitlines()[-1])
    return tuple(value)


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_a_dag_file_parses_fast_and_loads_nothing_heavy(path: Path, tmp_path: Path):
    parsed = [parse(path, tmp_path) for _ in range(3)]
    loaded = {name.partition(".")[0] for name in parsed[0][1]}
    assert not loaded & HEAVY
    # CPU time: other work on the machine is not the file's fault.
    assert statistics.median(spent for spent, *_ in parsed) <= MAX_PARSE_S


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_a_dag_file_is_prose(path: Path):
    text = path.read_text()
    assert len(text.splitlines()) < 60
    logic = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Try, ast.ListComp, ast.DictComp)
    assert [ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, logic)] == []
    assert "open(" not in text


def test_the_dags_are_the_pipelines(tmp_path: Path):
    found = {dag: tasks for _, _, tasks, dag in (parse(path, tmp_path) for path in DAGS)}
    assert found["build_dataset.rooms"] == {
        "plan": ["index"], "index": ["batches"], "batches": ["generate"], "generate": ["validate"],
        "validate": ["publish"], "publish": [],
    }  # fmt: skip
    assert found["release_model.navigator"] == {
        "plan": ["train"], "train": ["evaluate_candidate", "evaluate_live"], "evaluate_candidate": ["export"],
        "evaluate_live": ["export"], "export": ["compare"], "compare": ["hil"], "hil": ["propose"],
        "propose": ["decide"], "decide": ["promote"], "promote": ["settle"], "settle": [],
    }  # fmt: skip


def test_a_failed_promotion_fails_the_release_run_though_settle_comes_after_it(tmp_path: Path):
    source = (DAGS[0].parent / "release_model.py").read_text()
    # Airflow takes a run's state from its leaves, and from a teardown instead if that is told to fail the run.
    assert "settle_candidate().as_teardown()" in source
