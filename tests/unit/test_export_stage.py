"""Export: the same bytes every time, parity end to end, and gates that can say no."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

from simgate.core.errors import InputError
from simgate.core.runtime.attempt import Verdict
from simgate.core.runtime.work import Drawn, Work
from simgate.data.sample import Command
from simgate.documents.parity_report import Parity
from simgate.export.graph import onnx_bytes
from simgate.export.parity_check import metrics_of, parity_of
from simgate.export.report import draw
from simgate.export.stage import run
from simgate.families.box import Detection
from simgate.families.navigator.contract import Answer, NavigatorContract
from simgate.families.navigator.parity import differences
from simgate.specs.bounds import broken_bounds
from simgate.specs.export import ExportSpec
from tests.unit.toy_dataset import NETWORK, ToyStore
from tests.unit.toy_model import commit_model, toy_network

SPEC = ExportSpec(family="navigator", target="onnxruntime-cpu", parity_samples=6, latency_runs=5)
CONTRACT = NavigatorContract.of(NETWORK)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ToyStore:
    return ToyStore(tmp_path_factory.mktemp("toy"), train_episodes=2, eval_episodes=1)


def _work(toy: ToyStore, spec: ExportSpec) -> Work[ExportSpec]:
    model = commit_model(toy, toy_network(1))
    return toy.work("export", spec, [toy.input(model), toy.input(toy.validate, "splits/eval.json")])


def test_an_export_passes_and_describes_itself(toy: ToyStore) -> None:
    work = _work(toy, SPEC)
    run(work)
    manifest = toy.manifest(toy.finish(work))
    verdict = Verdict.from_json(toy.store.read(manifest.artifact("verdict.json")), what="verdict")
    assert verdict.verdict == "PASS"
    parity = Parity.from_json(toy.store.read(manifest.artifact("parity.json")), what="parity")
    assert parity.samples == 6
    assert {row.output for row in parity.rows} == {name.removesuffix(".max") for name in verdict.metrics}
    assert "latency.json" in {item.name for item in manifest.byproducts}
    assert not any("latency" in name or "ms" in name for name in verdict.metrics)
    page = draw(Drawn(SPEC, manifest, toy.store)).decode()
    assert "command.speed_m_s" in page
    assert "PASS" in page


def test_exporting_again_gives_the_same_data(toy: ToyStore) -> None:
    digests = []
    for _ in range(2):
        work = _work(toy, SPEC)
        run(work)
        digests.append({item.name: item.digest.sha256 for item in work.outputs.subjects})
    assert digests[0] == digests[1]


def test_two_processes_export_the_same_bytes_without_paths_or_times() -> None:
    code = (
        "import hashlib; from simgate.export.graph import onnx_bytes; from simgate.families.family import family_of;"
        "from simgate.families.navigator.spec import NavigatorSpec; from simgate.families.weights import untrained;"
        f"family, spec = family_of('navigator'), NavigatorSpec.from_json({NETWORK.to_json()!r}, what='spec');"
        "data = onnx_bytes(untrained(family, spec, 1), family.contract(spec), 20);"
        "print(hashlib.sha256(data).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    ours = onnx_bytes(toy_network(1), CONTRACT, 20)
    assert hashlib.sha256(ours).hexdigest() == other
    assert str(Path(__file__).parents[2]).encode() not in ours
    model = onnx.load_from_string(ours)
    assert [item.dim_param for item in model.graph.input[0].type.tensor_type.shape.dim][:1] == ["batch"]
    assert json.loads(model.metadata_props[0].value)["channels"] == "RGB"


@pytest.mark.parametrize("opset", [17, 18, 19])
def test_older_opsets_are_written_when_asked_for(opset: int) -> None:
    model = onnx.load_from_string(onnx_bytes(toy_network(1), CONTRACT, opset))
    assert [item.version for item in model.opset_import if item.domain == ""] == [opset]


@pytest.mark.parametrize(
    ("field", "change"),
    [("target", {"target": "tensorrt"}), ("precision", {"precision": "fp16"}), ("opset", {"opset": 23})],
)
def test_what_comes_later_is_refused_by_field(toy: ToyStore, field: str, change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"field {field}"):
        run(_work(toy, SPEC.model_copy(update=change)))


def told(command: Command, *found: Detection) -> Answer:
    """An answer as a model gives it."""
    return Answer(command, list(found))


BOX = Detection("box", 0.9, 10.0, 10.0, 30.0, 30.0)


def _reasons(first: Answer, second: Answer) -> list[str]:
    found = differences(CONTRACT)
    found.compare(first, second)
    return broken_bounds(SPEC, metrics_of(parity_of(SPEC, found.rows(), 1)))


def test_equal_answers_have_no_difference() -> None:
    assert _reasons(told(Command(0.5, 0.1), BOX), told(Command(0.5, 0.1), BOX)) == []


@pytest.mark.parametrize(
    ("named", "other"),
    [
        ("command.speed_m_s", told(Command(0.51, 0.1), BOX)),
        ("command.speed_m_s", told(Command(float("nan"), 0.1), BOX)),
        ("command.yaw_rate_rad_s", told(Command(0.5, -0.1), BOX)),
        ("box.edge_px", told(Command(0.5, 0.1), BOX._replace(x_max=30.2))),
        ("box.score", told(Command(0.5, 0.1), BOX._replace(score=0.89))),
        ("box.score", told(Command(0.5, 0.1))),
        ("box.score", told(Command(0.5, 0.1), BOX._replace(label="bin"))),
        ("box.score", told(Command(0.5, 0.1), BOX, BOX._replace(x_min=0.0, x_max=9.0))),
    ],
)
def test_a_difference_fails_and_is_named(named: str, other: Answer) -> None:
    reasons = _reasons(told(Command(0.5, 0.1), BOX), other)
    assert reasons
    assert all(reason.startswith(named) for reason in reasons)


def test_a_detection_at_the_threshold_may_be_missing() -> None:
    weak = BOX._replace(score=0.3004)
    assert _reasons(told(Command(0.5, 0.1), weak), told(Command(0.5, 0.1))) == []
