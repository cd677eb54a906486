"""A family that commands nothing, by its recipe and the command alone: train, evaluate, export, a candidate."""

from __future__ import annotations

from pathlib import Path

from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.families.perception.spec import PerceptionSpec
from simgate.release.candidate import candidates
from simgate.specs.export import ExportSpec
from simgate.specs.recipe import ReleaseRecipe
from simgate.specs.train import TrainSpec
from tests.tiny_pipeline import dataset_recipe, release_recipe, run_pipeline


def detector_recipe() -> ReleaseRecipe:
    """A detector of the tiny dataset, with gates that let anything pass."""
    train = TrainSpec(
        family="perception", device="cpu", precision="fp32", seed=1, epochs=2, batch_size=4,
        checkpoint_every_epochs=1, network=PerceptionSpec(width=8, image_edge_px=64),
    )  # fmt: skip
    return ReleaseRecipe(
        name="detector", dataset=dataset_recipe().name, model="detector", channel="demo", train=train,
        at_least={"balanced_accuracy": 0.0, "box_overlap": 0.0}, hil=None,
        export=ExportSpec(family="perception", target="onnxruntime-cpu", parity_samples=4, latency_runs=3),
    )  # fmt: skip


def test_a_detector_goes_from_its_recipe_to_a_candidate_without_a_bench(tiny_copy: Store, tmp_path: Path) -> None:
    done = run_pipeline(tiny_copy, tmp_path, "--release", "detector", releases=(release_recipe(), detector_recipe()))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "judged already" in done.stdout, "the dataset is the navigator's"
    (entry,) = candidates(tiny_copy, "detector", "demo").all()
    assert set(entry.candidate.evidence) == {"validate", "train", "evaluate", "export"}
    for role in ("evaluate", "export"):
        manifest = read_manifest(tiny_copy, entry.candidate.evidence[role])
        verdict = read_verdict(tiny_copy, manifest)
        assert verdict is not None
        assert verdict.verdict == "PASS"
        assert manifest.spec["family"] == "perception"
