"""Export one network to an engine and compare it, end to end, with FP32 PyTorch."""

from __future__ import annotations

from pathlib import Path

import torch

from simgate.core.errors import InputError
from simgate.core.runtime.work import Work
from simgate.documents.engine import FOLDER, NAME
from simgate.documents.parity_report import Parity
from simgate.engine.bundle import open_engine, row_of, write_bundle
from simgate.engine.protocol import Engine
from simgate.engine.pytorch import PytorchModel
from simgate.export.graph import onnx_bytes
from simgate.export.latency import measure
from simgate.export.parity_check import compare, metrics_of, parity_of
from simgate.export.report import draw
from simgate.families.frame import Frame, frames_of, read_split
from simgate.families.trained import TrainedModel, read_trained
from simgate.rows.runtime import stage_of
from simgate.specs.bounds import broken_bounds
from simgate.specs.export import ExportSpec

SPLIT = "splits/eval.json"
BYTES, JSON = "application/octet-stream", "application/json"


def run(work: Work[ExportSpec]) -> None:
    """Write the bundle `engine/`, parity.json and the verdict on it; latency.json beside them."""
    row_of(work.spec.target, work.spec.precision)
    torch.set_num_threads(1)
    model = read_trained(work.inputs)
    if model.card.family != work.spec.family:
        raise InputError(
            "field family: the model is of another one", actual=model.card.family, expected=work.spec.family
        )
    folder = _bundle(work, model)
    engine = open_engine(folder)
    frames = _frames(work)
    parity = _compare(work, frames, model, engine)
    for path in sorted(folder.iterdir()):
        work.outputs.put(f"{FOLDER}/{path.name}", path, JSON if path.name == NAME else BYTES)
    work.outputs.write("parity.json", parity.to_json(), JSON)
    metrics = metrics_of(parity)
    reasons = broken_bounds(work.spec, metrics)
    work.outputs.verdict(not reasons, reasons, metrics)
    latency = measure(engine, frames, work.spec.latency_runs)
    work.outputs.byproduct("latency.json", latency.to_json(), JSON)


def _bundle(work: Work[ExportSpec], model: TrainedModel) -> Path:
    spec, folder = work.spec, work.folder / FOLDER
    folder.mkdir()
    graph = onnx_bytes(model.network, model.contract, spec.opset)
    write_bundle(folder, graph, model.contract, target=spec.target, precision=spec.precision)
    return folder


def _frames(work: Work[ExportSpec]) -> list[Frame]:
    """Take frames at equal distances over the whole split: as many as asked for, or as there are."""
    split = read_split(work.inputs.read("validate", SPLIT), what=SPLIT)
    count = min(work.spec.parity_samples, split.frames)
    wanted = {number * split.frames // count for number in range(count)}
    frames = frames_of(work.inputs, split, work.folder)
    return [frame for number, frame in enumerate(frames) if number in wanted]


def _compare(work: Work[ExportSpec], frames: list[Frame], model: TrainedModel, engine: Engine) -> Parity:
    reference = PytorchModel(model.network, model.contract)
    differences = model.family.parity.differences(model.contract)
    for done, frame in enumerate(frames, start=1):
        compare(differences, frame, reference, engine)
        if done % 16 == 0 or done == len(frames):
            work.progress(done, len(frames), "frames compared")
    return parity_of(work.spec, differences.rows(), len(frames))


STAGE = stage_of("export", run, draw)
