"""A store with everything that hil needs: two recorded drives, an eval split and a tiny engine with its contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.stage_spec import Spec
from simgate.core.identity.key import key_parts, load_inputs
from simgate.core.runtime.attempt import Attempt
from simgate.core.runtime.job import Job, ManifestInput
from simgate.core.runtime.manifest import read_manifest
from simgate.core.runtime.statement import statement
from simgate.core.storage.store import Store
from simgate.data.bag import BagWriter, mcap_name
from simgate.data.record import encode_sample
from simgate.documents.dataset import ShardEntry, SplitDocument
from simgate.engine.bundle import write_bundle
from simgate.families.base_contract import METADATA_KEY
from simgate.families.navigator.contract import GOAL_FEATURES, NavigatorContract
from simgate.plan.jobs import make_job
from simgate.specs.hil import HilSpec
from simgate.specs.vocabulary import CLASSES
from tests.unit.synthetic import make_episode
from tests.unit.toy_dataset import HEIGHT_PX, NETWORK, WIDTH_PX, toy_generate, toy_sample

SCENE = "toy-eval"
FIRST_EPISODE, EPISODES, FRAMES = 4, 2, 6


def tiny_engine(speed_share: float) -> bytes:
    """An ONNX model that asks for one speed and turns to the goal; its grids are empty."""
    contract = NavigatorContract.of(NETWORK)
    image, goal = (tensor.name for tensor in contract.inputs)
    heat, box, command = (tensor.name for tensor in contract.outputs)
    stride = contract.stride_px
    classes, (rows, columns) = len(contract.obstacles), contract.grid
    weights = {
        "heat_w": np.zeros((classes, 3, stride, stride), np.float32),
        "box_w": np.zeros((4, 3, stride, stride), np.float32),
        "command_w": np.array([[0, 0], [0, 0], [0, 0.2], [0, 0]], np.float32),
        "command_b": np.array([speed_share, 0], np.float32),
    }
    nodes = [
        helper.make_node("Conv", [image, "heat_w"], [heat], strides=[stride, stride]),
        helper.make_node("Conv", [image, "box_w"], [box], strides=[stride, stride]),
        helper.make_node("Gemm", [goal, "command_w", "command_b"], [command]),
    ]
    inputs = [_tensor(image, 3, HEIGHT_PX, WIDTH_PX), _tensor(goal, GOAL_FEATURES)]
    outputs = [_tensor(heat, classes, rows, columns), _tensor(box, 4, rows, columns), _tensor(command, 2)]
    constants = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    model.metadata_props.add(key=METADATA_KEY, value=contract.to_json().decode())
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _tensor(name: str, *shape: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])


def bundle_of(folder: Path, engine: bytes) -> dict[str, bytes]:
    """The bundle of an ONNX file, as export's outputs; the folder holds it too."""
    folder.mkdir(parents=True)
    write_bundle(folder, engine, NavigatorContract.of(NETWORK), target="onnxruntime-cpu", precision="fp32")
    return {f"engine/{path.name}": path.read_bytes() for path in folder.iterdir()}


class BenchStore:
    """Committed generate, validate and export runs, and hil jobs on them."""

    def __init__(self, folder: Path, engine: bytes, **others: bytes) -> None:
        """Export left the bundle of `engine`, and `others` beside or instead of its files."""
        self.store = Store(str(folder / "store"))
        shard = self._commit("generate", toy_generate(SCENE, FIRST_EPISODE, EPISODES), _bags(folder / "bags"), [])
        entry = ShardEntry(
            content_digest=read_manifest(self.store, shard).content_digest,
            scene=SCENE,
            first_episode=FIRST_EPISODE,
            episodes=EPISODES,
            frames=EPISODES * FRAMES,
            files=(),
        )
        split = SplitDocument(split="eval", scenes=(), shards=(entry,), classes=CLASSES, frames=entry.frames)
        self._validate = self._commit("validate", Spec(), {"splits/eval.json": split.to_json()}, [shard])
        self._export = self._commit("export", Spec(), {**bundle_of(folder / "engine", engine), **others}, [])

    def job(self, spec: HilSpec, nonce: str = "0123456789abcdef") -> Job:
        """The hil job that plan would make."""
        inputs = (
            ManifestInput(ref=self._export),
            ManifestInput(ref=self._validate, output="splits/eval.json"),
        )
        return make_job("hil", spec, inputs, domain="main", run_record="plans/main/test", nonce=nonce)

    def _commit(self, stage: str, spec: Spec, outputs: dict[str, bytes], inputs: list[ManifestRef]) -> ManifestRef:
        job = Job(
            stage=stage,
            spec=spec.model_dump(mode="json"),
            inputs=tuple(ManifestInput(ref=ref) for ref in inputs),
            domain="main",
            code_digest="0" * 64,
            lock_digest="0" * 64,
            run_record="plans/main/test",
        )
        loaded = load_inputs(self.store, job)
        parts = key_parts(job, loaded)
        attempt = Attempt(self.store, job, parts, loaded)
        for name, data in outputs.items():
            attempt.write(name, data, "application/octet-stream")
        made = statement(attempt, parts, loaded, place="local", started_on="a", finished_on="b")
        return attempt.commit(made)[0]


def _bags(folder: Path) -> dict[str, bytes]:
    outputs = {}
    for episode in range(FIRST_EPISODE, FIRST_EPISODE + EPISODES):
        with BagWriter(folder, make_episode(SCENE, episode)) as bag:
            for frame in range(FRAMES):
                bag.add(encode_sample(toy_sample(SCENE, episode, frame)))
            outputs[mcap_name(episode)] = bag.close().mcap.read_bytes()
    return outputs
