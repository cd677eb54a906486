"""OnnxEngine: ONNX Runtime on the CPU; needs numpy, Pillow and onnxruntime, no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime

from simgate.core.errors import InputError
from simgate.data.sample import Command
from simgate.families.base_contract import METADATA_KEY, Contract, Floats, Pictures, Tensors, read_contract
from simgate.families.goal import RelativeGoal

FILE = "model.onnx"
_REMEDY = "export the model again"


def build(graph: bytes, precision: str, folder: Path) -> None:  # noqa: ARG001
    """Write the graph as it is: it is the engine."""
    (folder / FILE).write_bytes(graph)


def open_target(folder: Path, contract: Contract) -> OnnxEngine:  # noqa: ARG001
    """Open the graph; it carries its contract, which the caller compares."""
    return OnnxEngine.from_bytes((folder / FILE).read_bytes(), what=FILE)


class OnnxEngine:
    """One ONNX file in one session.

    One thread: sums are then made in one order, so the same picture gives the same bytes, and a bench that shares its
    cores with the replay is not disturbed by a thread pool.
    """

    def __init__(self, session: onnxruntime.InferenceSession, contract: Contract) -> None:
        self._session = session
        self._contract = contract
        self._names = [tensor.name for tensor in contract.outputs]
        self._nothing = {tensor.name: np.zeros((1, *tensor.shape), dtype=np.float32) for tensor in contract.inputs}

    @classmethod
    def from_bytes(cls, data: bytes, *, what: str) -> Self:
        """Open an ONNX file's bytes; one that does not describe itself, or does so wrongly, is refused."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions share no public base class
            raise InputError(f"{what} is no ONNX model that this runtime can load: {error}", remedy=_REMEDY) from error
        contract = _contract(session, what=what)
        _check_names(session, contract, what=what)
        return cls(session, contract)

    @property
    def contract(self) -> Contract:
        """The self-description, from the file's metadata."""
        return self._contract

    def infer(self, inputs: Tensors) -> dict[str, Floats]:
        """Run a batch: every input of the contract by name, the batch axis first; every output by name."""
        return dict(zip(self._names, self._session.run(self._names, dict(inputs)), strict=True))

    def look(self, picture: Pictures, goal: RelativeGoal) -> dict[str, Floats]:
        """Run one decoded picture, height × width × 3, RGB, and one goal; the outputs have no batch axis."""
        found = self.infer(self._contract.tensors(picture, goal))
        return {name: values[0] for name, values in found.items()}

    def command(self, image_bytes: bytes, goal_distance_m: float, goal_bearing_rad: float) -> Command:
        """Turn a stored picture and the goal in the base frame into a command within the contract's limits."""
        goal = RelativeGoal(goal_distance_m, goal_bearing_rad)
        return self._contract.command(self.look(self._contract.picture(image_bytes), goal))

    def warm_up(self, runs: int = 3) -> None:
        """Run a few times, so that the runtime has its memory and the first real picture is as fast as the others."""
        for _ in range(runs):
            self.infer(self._nothing)


def _contract(session: onnxruntime.InferenceSession, *, what: str) -> Contract:
    metadata = session.get_modelmeta().custom_metadata_map
    if METADATA_KEY not in metadata:
        raise InputError(f"{what} carries no contract", expected=f"metadata {METADATA_KEY}", remedy=_REMEDY)
    return read_contract(metadata[METADATA_KEY].encode(), what=f"contract of {what}")


def _check_names(session: onnxruntime.InferenceSession, contract: Contract, *, what: str) -> None:
    found = ([node.name for node in session.get_inputs()], [node.name for node in session.get_outputs()])
    expected = ([tensor.name for tensor in contract.inputs], [tensor.name for tensor in contract.outputs])
    if found != expected:
        raise InputError(f"{what} has other inputs or outputs", actual=found, expected=expected, remedy=_REMEDY)
