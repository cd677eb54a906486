"""OnnxEngine: ONNX Runtime on the CPU; needs numpy, Pillow and onnxruntime, no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime

from simgate.core.errors import InputError
from simgate.data.sample import Command
from simgate.engine.protocol import RawOutputs
from simgate.model.contract import GOAL_FEATURES, INPUTS, METADATA_KEY, OUTPUTS, Contract, Floats
from simgate.model.detection import Detection, detections

_REMEDY = "export the model again"


class OnnxEngine:
    """One ONNX file in one session.

    One thread: sums are then made in one order, so the same picture gives the same bytes, and a bench that shares its
    cores with the replay is not disturbed by a thread pool.
    """

    def __init__(self, session: onnxruntime.InferenceSession, contract: Contract) -> None:
        self._session = session
        self._contract = contract
        self._no_goal = np.zeros((1, GOAL_FEATURES), dtype=np.float32)
        self._no_image = np.zeros((1, 3, contract.image_height_px, contract.image_width_px), dtype=np.float32)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open an ONNX file; one that does not describe itself, or describes itself wrongly, is refused."""
        return cls.from_bytes(path.read_bytes(), what=path.name)

    @classmethod
    def from_bytes(cls, data: bytes, *, what: str) -> Self:
        """The same from the file's bytes; `what` names it in errors."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions share no public base class
            raise InputError(f"{what} is no ONNX model that this runtime can load: {error}", remedy=_REMEDY) from error
        contract = _contract(session, what=what)
        _check_names(session, what=what)
        return cls(session, contract)

    @property
    def contract(self) -> Contract:
        """The self-description, from the file's metadata."""
        return self._contract

    def infer(self, image: Floats, goal: Floats) -> RawOutputs:
        """Run a batch: image N × 3 × height × width, goal N × 4."""
        return RawOutputs(*self._session.run(list(OUTPUTS), dict(zip(INPUTS, (image, goal), strict=True))))

    def command(self, image_bytes: bytes, goal_distance_m: float, goal_bearing_rad: float) -> Command:
        """From a stored picture and the goal in the base frame to a command within the contract's limits."""
        goal = self._contract.goal_tensor(np.array([goal_distance_m]), np.array([goal_bearing_rad]))
        return self._contract.command(self.infer(self._image(image_bytes), goal).command[0])

    def detect(self, image_bytes: bytes, *, score_threshold: float | None = None) -> list[Detection]:
        """From a stored picture to the obstacles in it, best score first."""
        raw = self.infer(self._image(image_bytes), self._no_goal)
        return detections(self._contract, raw.heat[0], raw.box[0], score_threshold=score_threshold)

    def warm_up(self, runs: int = 3) -> None:
        """Let the runtime allocate what it keeps, so that the first real picture is not slower than the others."""
        for _ in range(runs):
            self.infer(self._no_image, self._no_goal)

    def _image(self, image_bytes: bytes) -> Floats:
        return self._contract.image_tensor(self._contract.picture(image_bytes)[None])


def _contract(session: onnxruntime.InferenceSession, *, what: str) -> Contract:
    metadata = session.get_modelmeta().custom_metadata_map
    if METADATA_KEY not in metadata:
        raise InputError(f"{what} carries no contract", expected=f"metadata {METADATA_KEY}", remedy=_REMEDY)
    return Contract.from_json(metadata[METADATA_KEY].encode(), what=f"contract of {what}")


def _check_names(session: onnxruntime.InferenceSession, *, what: str) -> None:
    found = (tuple(node.name for node in session.get_inputs()), tuple(node.name for node in session.get_outputs()))
    if found != (INPUTS, OUTPUTS):
        raise InputError(
            f"{what} has other inputs or outputs", actual=found, expected=(INPUTS, OUTPUTS), remedy=_REMEDY
        )
