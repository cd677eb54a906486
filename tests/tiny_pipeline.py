"""Both pipelines in miniature: the real stages on one train and one eval scene, a few frames, two epochs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from simgate.core.storage.store import Store
from simgate.families.navigator.spec import NavigatorSpec
from simgate.plan.jobs import DATASET_STAGES, RELEASE_STAGES, Slot, slots
from simgate.plan.record import ReleaseWhy, read_why, run_folders
from simgate.release.reference import Reference
from simgate.specs.hil import HilSpec
from simgate.specs.recipe import DatasetRecipe, ReleaseRecipe, SceneRule
from simgate.specs.train import TrainSpec
from simgate.specs.validate import ValidateSpec
from tests.demo_recipes import demo_dataset_recipe, demo_release_recipe, write_recipes

ROOT = Path(__file__).parents[1]


def dataset_recipe() -> DatasetRecipe:
    """One shard of two episodes in the office, one of one in the warehouse, six frames each."""
    demo = demo_dataset_recipe()
    return demo.model_copy(
        update={
            "scenes": (
                SceneRule(name="office", split="train", episodes=2),
                SceneRule(name="warehouse", split="eval", episodes=1),
            ),
            "simulation": demo.simulation.model_copy(update={"frames_per_episode": 6}),
            "validate_spec": ValidateSpec(min_classes=1),
        }
    )


def release_recipe() -> ReleaseRecipe:
    """Two epochs of a narrow network, gates that let anything pass: the stations are under test, not the model."""
    return demo_release_recipe().model_copy(
        update={
            "train": TrainSpec(
                family="navigator",
                device="cpu",
                precision="fp32",
                seed=1,
                epochs=2,
                batch_size=4,
                checkpoint_every_epochs=1,
                network=NavigatorSpec(width=8),
            ),
            "closed_loop_episodes": 2,
            "closed_loop_max_steps": 3,
            "at_least": {"map_50": 0.0, "success_gain": -1.0},
            "at_most": {"command_error": 10.0},
            "export": demo_release_recipe().export.model_copy(update={"parity_samples": 4, "latency_runs": 3}),
            "hil": HilSpec(
                family="navigator",
                target="onnxruntime-cpu",
                bench="emulated",
                bags=1,
                max_duration_s=1.0,
                max_pacing_jitter_ms=5000.0,
                max_command_error=10.0,
                max_trips=1000,
            ),
        }
    )


def reference() -> Reference:
    """What both pipelines ask: for the policy of a channel that releases such a model."""
    return Reference.of(dataset_recipe(), release_recipe())


def run_pipeline(
    store: Store, folder: Path, *more: str, releases: Sequence[ReleaseRecipe] = ()
) -> subprocess.CompletedProcess[str]:
    """Walk both pipelines to the candidate, as a developer would; without a word, to the navigator's."""
    recipes = write_recipes(folder / "recipes", dataset_recipe(), *(releases or (release_recipe(),)))
    command = [
        sys.executable,
        "-c",
        "from simgate.cli import main; raise SystemExit(main())",
        "pipeline",
        "--store",
        store.url,
        "--recipes",
        str(recipes),
        "--policy",
        str(ROOT / "examples/demo/policy.yaml"),
        *more,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=ROOT)


def slot_of(store: Store, stage: str) -> Slot:
    """The first slot of a stage in the newest run that has it."""
    kind = DATASET_STAGES if stage in DATASET_STAGES else RELEASE_STAGES
    wanted = [
        folder
        for folder in run_folders(store, "main")
        if isinstance(read_why(store, folder), ReleaseWhy) == (kind is RELEASE_STAGES)
    ]
    return slots(store, wanted[-1], stage)[0]
