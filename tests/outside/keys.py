"""Keys of every stage of the project's recipes, and the distributions that each was planned with, as JSON.

python -m tests.outside.keys RECIPES     in the environment that is asked about
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from simgate.core.documents.stage_spec import Spec
from simgate.core.identity.key import key_parts
from simgate.plan.jobs import make_job
from simgate.specs.generate import GenerateSpec
from simgate.specs.index import IndexSpec, SceneChoice
from simgate.specs.recipe_file import read_recipes


def specs(folder: Path) -> Mapping[str, Spec]:
    """Return the spec of each stage, of one scene and one shard; `newton` is a shard of a simulator of ours."""
    found = read_recipes(folder)
    dataset, release = found.dataset["floors"], found.release["tugger"]
    simulation = dataset.simulation
    shard = {**simulation.model_dump(), "scene": "yard", "first_episode": 0, "episodes": 1}
    ours = {**shard, "simulator": "newton", "simulator_version": "1.8.0"}
    scene = SceneChoice(name="yard", root="yard/yard.usda", split="train", episodes=1)
    assert release.hil is not None
    return {
        "index": IndexSpec(scenes=(scene,), episodes_per_shard=1, classes=simulation.classes),
        "generate": GenerateSpec.model_validate(shard),
        "generate newton": GenerateSpec.model_validate(ours),
        "validate": dataset.validate_spec,
        "train": release.train,
        "evaluate": release.evaluate_spec(simulation, "attic"),
        "export": release.export,
        "hil": release.hil,
    }


def main(folder: Path) -> None:
    """Print them."""
    said = {}
    for name, spec in specs(folder).items():
        job = make_job(name.partition(" ")[0], spec, (), domain="main", run_record="plans/main/x")
        said[name] = [key_parts(job, ()).run_key, [str(item) for item in job.distributions]]
    print(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
