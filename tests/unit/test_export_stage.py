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
from simgate.core.runtime.work import Drawn
from simgate.data.sample import Command
from simgate.documents.parity import Parity
from simgate.engine.protocol import RawOutputs
from simgate.export.graph import onnx_bytes
from simgate.export.parity import ParityMeter, metrics_of
from simgate.export.stage import draw, run
from simgate.model.contract import Contract, Floats
from simgate.model.detection import Detection
from simgate.model.frame import Frame
from simgate.model.goal import RelativeGoal
from simgate.model.network import new_network
from simgate.specs.bounds import broken_bounds
from simgate.specs.export import ExportSpec
from tests.unit.toy_dataset import NETWORK, ToyStore
from tests.unit.toy_model import commit_model

SPEC = ExportSpec(target="onnxruntime-cpu", parity_samples=6, latency_runs=5)
CONTRACT = Contract.of(NETWORK)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ToyStore:
    return ToyStore(tmp_path_factory.mktemp("toy"), train_episodes=2, eval_episodes=1)


def _work(toy: ToyStore, spec: ExportSpec):  # type: ignore[no-untyped-def]
    model = commit_model(toy, new_network(NETWORK, 1))
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
        "import hashlib, sys; from simgate.export.graph import onnx_bytes; from simgate.model.contract import Contract;"
        "from simgate.model.network import new_network; from simgate.specs.train import NetworkSpec;"
        f"spec = NetworkSpec.from_json({NETWORK.to_json()!r}, what='spec');"
        "print(hashlib.sha256(onnx_bytes(new_network(spec, 1), Contract.of(spec), 20)).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    ours = onnx_bytes(new_network(NETWORK, 1), CONTRACT, 20)
    assert hashlib.sha256(ours).hexdigest() == other
    assert str(Path(__file__).parents[2]).encode() not in ours
    model = onnx.load_from_string(ours)
    assert [item.dim_param for item in model.graph.input[0].type.tensor_type.shape.dim][:1] == ["batch"]
    assert json.loads(model.metadata_props[0].value)["channels"] == "RGB"


@pytest.mark.parametrize("opset", [17, 18, 19])
def test_older_opsets_are_written_when_asked_for(opset: int) -> None:
    model = onnx.load_from_string(onnx_bytes(new_network(NETWORK, 1), CONTRACT, opset))
    assert [item.version for item in model.opset_import if item.domain == ""] == [opset]


@pytest.mark.parametrize(
    ("field", "change"),
    [("target", {"target": "tensorrt"}), ("precision", {"precision": "fp16"}), ("opset", {"opset": 23})],
)
def test_what_comes_later_is_refused_by_field(toy: ToyStore, field: str, change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"field {field}"):
        run(_work(toy, SPEC.model_copy(update=change)))


class Told:
    """A model that says what it is told."""

    contract = CONTRACT

    def __init__(self, command: Command, *found: Detection) -> None:
        self._command = command
        self._found = list(found)

    def infer(self, image: Floats, goal: Floats) -> RawOutputs:
        raise NotImplementedError

    def command(self, image_bytes: bytes, goal_distance_m: float, goal_bearing_rad: float) -> Command:  # noqa: ARG002
        return self._command

    def detect(self, image_bytes: bytes, *, score_threshold: float | None = None) -> list[Detection]:  # noqa: ARG002
        return self._found


FRAME = Frame("toy", 0, 0, b"", RelativeGoal(1.0, 0.0), Command(0.0, 0.0), ())
BOX = Detection("box", 0.9, 10.0, 10.0, 30.0, 30.0)


def _reasons(first: Told, second: Told) -> list[str]:
    meter = ParityMeter(SPEC)
    meter.add(FRAME, first, second)
    return broken_bounds(SPEC, metrics_of(meter.result()))


def test_equal_answers_have_no_difference() -> None:
    assert _reasons(Told(Command(0.5, 0.1), BOX), Told(Command(0.5, 0.1), BOX)) == []


@pytest.mark.parametrize(
    ("named", "other"),
    [
        ("command.speed_m_s", Told(Command(0.51, 0.1), BOX)),
        ("command.speed_m_s", Told(Command(float("nan"), 0.1), BOX)),
        ("command.yaw_rate_rad_s", Told(Command(0.5, -0.1), BOX)),
        ("box.edge_px", Told(Command(0.5, 0.1), BOX._replace(x_max=30.2))),
        ("box.score", Told(Command(0.5, 0.1), BOX._replace(score=0.89))),
        ("box.score", Told(Command(0.5, 0.1))),
        ("box.score", Told(Command(0.5, 0.1), BOX._replace(label="bin"))),
        ("box.score", Told(Command(0.5, 0.1), BOX, BOX._replace(x_min=0.0, x_max=9.0))),
    ],
)
def test_a_difference_fails_and_is_named(named: str, other: Told) -> None:
    reasons = _reasons(Told(Command(0.5, 0.1), BOX), other)
    assert reasons
    assert all(reason.startswith(named) for reason in reasons)


def test_a_detection_at_the_threshold_may_be_missing() -> None:
    weak = BOX._replace(score=0.3004)
    assert _reasons(Told(Command(0.5, 0.1), weak), Told(Command(0.5, 0.1))) == []
