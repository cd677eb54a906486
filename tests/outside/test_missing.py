"""A foreign distribution that is missing, or is another build, is refused by name, and the message says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.outside.conftest import Walked, copy_project
from tests.outside.layer import Layer, make_layer
from tests.outside.test_keys import ONE_LINE

NEEDED = (
    ("simulation.simulator", "simulator", "flatland", "simulators"),
    ("train.family", "model family", "pilot", "models"),
)
INSTALL = "install the one distribution that has it as an entry point of simgate."


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Layer:
    """An environment in which nobody installed the distribution."""
    return make_layer(tmp_path_factory.mktemp("bare") / "layer", with_toylab=False)


@pytest.mark.parametrize("words", [("recipe", "check"), ("plan",), ("pipeline",)])
def test_recipes_that_need_it_are_refused_with_the_name_and_where_it_comes_from(
    bare: Layer, walked: Walked, tmp_path: Path, words: tuple[str, ...]
) -> None:
    project = copy_project(tmp_path / "project")
    done = bare.simgate(project, *words, SIMGATE_STORE=walked.store.url)
    assert done.returncode == 2
    for field, kind, name, group in NEEDED:
        assert f"field {field}: " in done.stderr
        assert f"'{name}'" in done.stderr
        assert f"no such {kind}; there are " in done.stderr
        assert f"{INSTALL}{group}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stage_without_it_refuses_the_job_by_name(bare: Layer, walked: Walked) -> None:
    code, said = stage(bare, walked, "generate")
    assert code == 2
    assert said == "distribution toylab is not installed here; install it, or use its image"


def test_a_stage_with_another_build_of_it_refuses_the_job_and_names_both(walked: Walked, tmp_path: Path) -> None:
    code, said = stage(make_layer(tmp_path / "layer", ONE_LINE), walked, "train")
    assert code == 2
    assert said.startswith("job asks for another distribution toylab than this process has, got toylab 1.0 (files ")
    assert said.endswith("install the one that the planning side has, or plan again")


def test_what_does_not_use_it_runs_without_it(bare: Layer, walked: Walked) -> None:
    code, said = stage(bare, walked, "index")
    assert (code, said) == (0, "")


def stage(layer: Layer, walked: Walked, name: str) -> tuple[int, str]:
    """Run a job that was planned where the distribution is; the exit code, and the message of the last event."""
    job = next(key for key in walked.store.keys("plans") if f"/jobs/{name}-" in key)
    done = layer.run("-m", "simgate", name, "--job", job, "--out", walked.store.url, cwd=walked.project)
    return done.returncode, str(json.loads(done.stderr.splitlines()[-1]).get("message", ""))
