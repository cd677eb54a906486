"""Faults of a foreign distribution: each is one error that names the distribution and the entry point."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.outside.conftest import Walked, copy_project
from tests.outside.layer import Layer, make_layer
from tests.outside.toylab_wheel import Edits, raising

TRAIN, EVAL = "validate#splits/train.json", "validate#splits/eval.json"
SIMULATOR = r"simulator flatland of distribution toylab 1.0 (entry point flatland of simgate.simulators) failed: "
FAMILY = r"model family pilot of distribution toylab 1.0 (entry point pilot of simgate.models) failed: "
ENGINE = r"engine target squeezed of distribution toylab 1.0 (entry point squeezed of simgate.engines) failed: "
FAULTS = {
    "a picture": (
        "generate", ["index#scenes/attic.json"], SIMULATOR, "toylab.flatland.simulator",
        raising("toylab/flatland/simulator.py", "        return [self._frame("),
    ),
    "a drive": (
        "evaluate", ["train", EVAL], SIMULATOR, "toylab.flatland.simulator",
        raising("toylab/flatland/simulator.py", "        return [frame.rgb for"),
    ),
    "a loss": (
        "train", [TRAIN], FAMILY, "toylab.pilot.learning",
        raising("toylab/pilot/learning.py", "    drive = functional."),
    ),
    "a figure": (
        "evaluate", ["train", EVAL], FAMILY, "toylab.pilot.judging",
        raising("toylab/pilot/judging.py", "        command, clear ="),
    ),
    "a build": (
        "export", ["train", EVAL], ENGINE, "toylab.squeezed",
        raising("toylab/squeezed.py", "    (folder / FILE).write"),
    ),
}  # fmt: skip
"""What fails → its stage, what that is made from, whose fault is said, where, and the edit."""


@pytest.fixture
def copy(walked: Walked, tmp_path: Path) -> Walked:
    shutil.copytree(walked.project, tmp_path / "project")
    return Walked(walked.layer, tmp_path / "project")


def ask(copy: Walked, layer: Layer, stage: str, inputs: list[str]) -> tuple[int, str]:
    """Run a stage on what was walked, with the spec that it had there; its exit code and what it said last."""
    spec = copy.project / "spec.yaml"
    spec.write_text(yaml.safe_dump(dict(copy.manifests()[stage].spec)), encoding="utf-8")
    words = ["run", stage, "--spec", str(spec)]
    for text in inputs:
        name, hash_, output = text.partition("#")
        words += ["--input", f"{copy.manifest_key(name)}{hash_}{output}"]
    done = layer.simgate(copy.project, *words)
    return done.returncode, done.stderr


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_reported_as_its_own(copy: Walked, tmp_path: Path, what: str) -> None:
    stage, inputs, whose, where, edit = FAULTS[what]
    code, said = ask(copy, make_layer(tmp_path / "layer", edit), stage, inputs)
    assert code == 1, said
    error = " ".join(said.splitlines()[-1:]) or said
    assert whose in error, said
    assert "RuntimeError('no lamp')" in error
    assert f"in {where} line " in error
    assert "ask the author of toylab" in error
    assert "/simgate/" not in trace_of(said, where), "what simgate did above is nothing for its author"
    (failure,) = (json.loads(copy.store.get(key)) for key in copy.store.keys("runs") if key.endswith("/failure.json"))
    assert whose in failure["message"]


def trace_of(said: str, where: str) -> str:
    """Every line of the trace but those of processes that simgate started and that passed it on."""
    lines = said.splitlines()
    first = next((n for n, line in enumerate(lines) if where.replace(".", "/") in line), len(lines))
    return "\n".join(line for line in lines[:first] if line.lstrip(" |").startswith("File "))


def test_a_device_whose_code_fails_fails_the_bench_and_the_verdict_says_whose_it_is(
    copy: Walked, tmp_path: Path
) -> None:
    edit = raising("toylab/pilot/contract.py", "        speed, turn = _within")
    spec = yaml.safe_load((copy.project / "recipes/tugger.yaml").read_text(encoding="utf-8"))["hil"]
    (copy.project / "hil.yaml").write_text(yaml.safe_dump({**spec, "family": "pilot", "target": "squeezed"}))
    made = [f"--input={copy.manifest_key('export')}", f"--input={copy.manifest_key('validate')}#splits/eval.json"]
    layer = make_layer(tmp_path / "layer", edit)
    done = layer.simgate(copy.project, "run", "hil", "--spec", "hil.yaml", *made, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["verdict"] == "FAIL"
    verdict = json.loads(copy.store.get(said["manifest"].replace("manifest.json", "verdict.json")))
    assert f"{FAMILY}RuntimeError('no lamp') in toylab.pilot.contract line " in verdict["reasons"][0]


SPEC_FILE = "toylab/pilot/spec.py"
BROKEN: Mapping[str, tuple[Edits, str]] = {
    "a spec that needs what is not there": (
        {SPEC_FILE: ("from pydantic import Field", "from a_library_that_nobody_has import Field")},
        "model family pilot of distribution toylab cannot be loaded: ModuleNotFoundError(\"No module named 'a_library",
    ),
    "rows that fail": (
        raising("toylab/rows.py", "FLATLAND = Sim"),
        "of distribution toylab cannot be loaded: RuntimeError('no lamp')",
    ),
    "a spec that fails": (
        {SPEC_FILE: ("    max_yaw", "    def model_post_init(self, _context):\n        return 1 / 0\n\n    max_yaw")},
        f"{FAMILY}ZeroDivisionError('division by zero') in toylab.pilot.spec line ",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_planned_with_is_named_by_the_check_of_the_recipes(tmp_path: Path, what: str) -> None:
    edit, said = BROKEN[what]
    project = copy_project(tmp_path / "project")
    done = make_layer(tmp_path / "layer", edit).simgate(project, "recipe", "check")
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
