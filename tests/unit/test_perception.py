"""Perception: a family that commands nothing goes through train, evaluate and export as any other does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import InputError
from simgate.core.runtime.attempt import Verdict
from simgate.core.runtime.job import ManifestInput
from simgate.core.runtime.work import Drawn
from simgate.data.sample import Box, Command
from simgate.documents.engine import EngineBundle, EngineFile
from simgate.documents.evaluation import Evaluation
from simgate.engine.onnx import OnnxEngine
from simgate.evaluate.stage import draw as draw_evaluation
from simgate.evaluate.stage import run as evaluate
from simgate.export.stage import run as export
from simgate.families.card import ModelCard
from simgate.families.family import family_of
from simgate.families.frame import Frame
from simgate.families.goal import RelativeGoal
from simgate.families.perception import judging, learning, parity
from simgate.families.perception.contract import PerceptionContract
from simgate.families.perception.spec import PerceptionSpec
from simgate.families.perception.target import target_of
from simgate.families.weights import parameter_count, untrained
from simgate.hil.stage import check_engine
from simgate.specs.evaluate import EvaluateSpec
from simgate.specs.export import ExportSpec
from simgate.specs.hil import HilSpec
from simgate.specs.train import TrainSpec
from simgate.train.stage import draw as draw_training
from simgate.train.stage import run as train
from tests.unit.toy_dataset import ToyStore, toy_sample

NETWORK = PerceptionSpec(width=8, image_edge_px=64)
CONTRACT = PerceptionContract.of(NETWORK)
TRAIN = TrainSpec(
    family="perception", device="cpu", precision="fp32", seed=3, epochs=20, batch_size=8, network=NETWORK,
    learning_rate=1e-2,
)  # fmt: skip
EVALUATE = EvaluateSpec(
    family="perception", device="cpu", seed=1, closed_loop=None, at_least={"balanced_accuracy": 0.3, "box_overlap": 0.2}
)
EXPORT = ExportSpec(family="perception", target="onnxruntime-cpu", parity_samples=6, latency_runs=5)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ToyStore:
    return ToyStore(tmp_path_factory.mktemp("toy"), train_episodes=12, eval_episodes=4)


@pytest.fixture(scope="module")
def trained(toy: ToyStore) -> ManifestRef:
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    work = toy.work("train", TRAIN, [toy.input(toy.validate, "splits/train.json")])
    train(work)
    work.scratch.clear()
    return toy.finish(work)


def inputs(toy: ToyStore, trained: ManifestRef) -> list[ManifestInput]:
    return [toy.input(trained), toy.input(toy.validate, "splits/eval.json")]


def test_it_is_the_seeds_network_and_small() -> None:
    spec = PerceptionSpec()
    assert (len(spec.labels), spec.image_edge_px) == (10, 224)
    contract = family_of("perception").contract(spec)
    assert [(item.name, item.shape) for item in contract.inputs] == [("image", (3, 224, 224))]
    assert [(item.name, item.shape) for item in contract.outputs] == [("label", (10,)), ("box", (4,))]
    network = untrained(family_of("perception"), spec, 1).eval()
    assert parameter_count(network) < 1_000_000
    label, box = network(torch.zeros(2, 3, 224, 224))
    assert (label.shape, box.shape) == ((2, 10), (2, 4))


def test_training_makes_it_better_and_its_page_shows_its_own_losses(toy: ToyStore, trained: ManifestRef) -> None:
    manifest = toy.manifest(trained)
    card = ModelCard.from_json(toy.store.read(manifest.artifact("model.json")), what="card")
    assert (card.family, card.network) == ("perception", NETWORK)
    assert card.last is not None
    assert set(card.last.parts) == {"label", "box"}
    page = draw_training(Drawn(TRAIN, manifest, toy.store)).decode()
    assert "<h2>Class</h2>" in page
    assert "Navigation" not in page


def test_it_is_judged_on_pictures_alone(toy: ToyStore, trained: ManifestRef) -> None:
    work = toy.work("evaluate", EVALUATE, inputs(toy, trained))
    evaluate(work)
    manifest = toy.manifest(toy.finish(work))
    verdict = Verdict.from_json(toy.store.read(manifest.artifact("verdict.json")), what="verdict")
    assert set(verdict.metrics) == {"balanced_accuracy", "box_overlap"}
    assert (verdict.verdict, verdict.reasons) == ("PASS", ())
    found = Evaluation.from_json(toy.store.read(manifest.artifact("evaluation.json")), what="evaluation")
    assert (found.family, found.episodes) == ("perception", ())
    assert found.intervals["balanced_accuracy"].low < found.intervals["balanced_accuracy"].high
    page = draw_evaluation(Drawn(EVALUATE, manifest, toy.store)).decode()
    assert "balanced_accuracy" in page
    assert "Drives from above" not in page


def test_an_untrained_one_fails_its_gate(toy: ToyStore) -> None:
    work = toy.work("train", TRAIN.model_copy(update={"epochs": 0}), [toy.input(toy.validate, "splits/train.json")])
    train(work)
    judged = toy.work("evaluate", EVALUATE, inputs(toy, toy.finish(work)))
    evaluate(judged)
    manifest = toy.manifest(toy.finish(judged))
    verdict = Verdict.from_json(toy.store.read(manifest.artifact("verdict.json")), what="verdict")
    assert verdict.verdict == "FAIL"
    assert "balanced_accuracy" in verdict.reasons[0]


def test_its_engine_says_what_it_is_and_sees_what_the_network_sees(
    toy: ToyStore, trained: ManifestRef, tmp_path: Path
) -> None:
    work = toy.work("export", EXPORT, inputs(toy, trained))
    export(work)
    manifest = toy.manifest(toy.finish(work))
    verdict = Verdict.from_json(toy.store.read(manifest.artifact("verdict.json")), what="verdict")
    assert (verdict.verdict, set(verdict.metrics)) == ("PASS", {"label.score.max", "box.edge_share.max"})
    engine = OnnxEngine.from_bytes(toy.store.read(manifest.artifact("engine/model.onnx")), what="model.onnx")
    assert engine.contract == CONTRACT
    found = CONTRACT.answer(engine.look(toy_sample("toy-eval", 0, 0).rgb, RelativeGoal(1.0, 0.0)))
    assert found.label in CONTRACT.labels
    with pytest.raises(InputError, match="perception commands no robot"):
        engine.contract.command({})


def test_the_bench_refuses_what_commands_nothing() -> None:
    asked = HilSpec(family="perception", target="onnxruntime-cpu", bench="emulated")
    bundle = EngineBundle(
        family="perception", contract={}, target="onnxruntime-cpu", precision="fp32", runtime={},
        files=(EngineFile(name="model.onnx", sha256="0" * 64, size_bytes=1),),
    )  # fmt: skip
    with pytest.raises(InputError, match=r"perception, which commands no robot.*leave hil out"):
        check_engine(asked, bundle)


@pytest.mark.parametrize(("stage", "spec"), [("evaluate", EVALUATE), ("export", EXPORT)])
def test_a_model_of_another_family_is_refused_by_both(
    toy: ToyStore, trained: ManifestRef, stage: str, spec: EvaluateSpec | ExportSpec
) -> None:
    run = {"evaluate": evaluate, "export": export}[stage]
    work = toy.work(stage, spec.model_copy(update={"family": "navigator"}), inputs(toy, trained))
    with pytest.raises(InputError, match=r"field family.*perception.*navigator"):
        run(work)  # type: ignore[operator]


def _frame(*boxes: Box) -> Frame:
    return Frame("toy", 0, 0, b"", RelativeGoal(1.0, 0.0), Command(0.0, 0.0), boxes)


def test_it_is_asked_about_the_largest_object_that_counts() -> None:
    small = Box(1, "box", 0, 0, 10, 10, 100, 0.0)
    large, hidden = Box(2, "chair", 20, 20, 40, 40, 400, 0.0), Box(3, "person", 0, 0, 60, 40, 2400, 0.9)
    target = target_of(CONTRACT, _frame(small, large, hidden), 80, 40)
    assert target == ("chair", (0.25, 0.5, 0.5, 1.0))
    assert target_of(CONTRACT, _frame(hidden), 80, 40) == ("nothing", None)


def test_a_mirrored_picture_has_a_mirrored_box() -> None:
    rows = {
        "picture": np.random.default_rng(1).integers(0, 255, (2, 64, 64, 3), dtype=np.uint8),
        "label": np.array([1, 2]), "box": np.array([[0.2, 0.5, 0.1, 0.3]] * 2, dtype=np.float32),
    }  # fmt: skip
    plain = rows["picture"].copy()
    batch = learning.batch(CONTRACT, rows, np.array([False, True]))
    assert batch.targets["box"][:, 0] == pytest.approx([0.2, 0.8])
    assert (batch.inputs["image"][1] == CONTRACT.image_tensor(plain[1:, :, ::-1])[0]).all()


def test_an_answer_that_is_no_number_is_wrong_and_differs_from_every_other() -> None:
    nan = {"label": np.full(10, np.nan, np.float32), "box": np.full(4, np.nan, np.float32)}
    meter = judging.meter(CONTRACT)
    sample = toy_sample("toy-eval", 0, 0)
    from simgate.data.picture import encode_rgb

    frame = Frame("toy", 0, 0, encode_rgb(sample.rgb), RelativeGoal(1.0, 0.0), sample.command, ())
    meter.add(0, frame, nan)
    assert meter.result(1, 1).intervals["balanced_accuracy"].value == 0.0
    differences = parity.differences(CONTRACT)
    differences.add({"label": np.zeros(10, np.float32), "box": np.zeros(4, np.float32)}, nan)
    assert all(np.isnan(values).all() for values in differences.rows().values())


def test_a_contract_of_other_tensors_is_refused() -> None:
    value = {**json.loads(CONTRACT.to_json()), "labels": ["nothing", "person"]}
    with pytest.raises(InputError, match="not those of a perception network"):
        PerceptionContract.from_json(json.dumps(value).encode(), what="contract")
