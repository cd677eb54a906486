"""Contract: everything between stored image bytes and a network's inputs, and between its raw outputs and an answer.

Needs numpy and Pillow only, so that the robot runs the very code that training and evaluation run. An engine carries
its contract as JSON in its own metadata, under `METADATA_KEY`: a file is enough to use it rightly.
"""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from simgate.core.documents.canonical import parse_json
from simgate.core.documents.document import Document
from simgate.core.errors import InputError
from simgate.data.sample import Command
from simgate.families.goal import RelativeGoal
from simgate.rows.families import FAMILIES

METADATA_KEY = "simgate.contract"
"""Key of an ONNX file's metadata_props that holds the contract."""

Pictures = NDArray[np.uint8]
Floats = NDArray[np.float32]
Tensors = Mapping[str, Floats]
"""Inputs or outputs by name."""


class TensorSpec(Document):
    """One input or output of a network."""

    name: str
    shape: tuple[int, ...]
    """Of one sample: without the batch axis, which comes first."""
    dtype: Literal["float32"] = "float32"


class Contract(Document):
    """The self-description of an engine: its tensors, and what its family needs to fill and to read them."""

    version: Literal[2] = 2
    family: str
    inputs: tuple[TensorSpec, ...]
    """In the order in which the network takes them."""
    outputs: tuple[TensorSpec, ...]
    """In the order in which the network gives them."""

    @classmethod
    @abstractmethod
    def of(cls, spec: Any) -> Self:
        """Return the contract of every engine made from a network of this spec."""

    @abstractmethod
    def tensors(self, picture: Pictures, goal: RelativeGoal) -> dict[str, Floats]:
        """Return the inputs of one decoded picture, height × width × 3, RGB, and one goal: a batch of one."""

    @abstractmethod
    def answer(self, outputs: Tensors) -> object:
        """Decode the outputs of one sample, without the batch axis."""

    def command(self, outputs: Tensors) -> Command:  # noqa: ARG002
        """Decode the command in the outputs of one sample; a family that commands nothing has none."""
        raise InputError(f"family {self.family} commands no robot", remedy="judge it by its open-loop metrics")

    def check_camera(self, width_px: int, height_px: int) -> None:
        """Refuse a camera whose pictures the network cannot take; here any will do."""

    def picture(self, image_bytes: bytes) -> Pictures:
        """Decode a stored PNG or JPEG to height × width × 3, RGB; a picture of a refused camera is refused."""
        try:
            with Image.open(io.BytesIO(image_bytes), formats=("PNG", "JPEG")) as image:
                self.check_camera(*image.size)
                return np.asarray(image.convert("RGB"))
        except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise InputError(f"a stored picture cannot be decoded: {error}", remedy="make the shard again") from error


def read_contract(data: bytes, *, what: str) -> Contract:
    """Read the contract of untrusted bytes by the type of the family that it names."""
    value = parse_json(data, what=what)
    family = value.get("family") if isinstance(value, dict) else None
    if not isinstance(family, str):
        raise InputError(f"{what}: field family: names no family", actual=family, remedy="export the model again")
    return contract_type_of(family).from_value(value, what=what)


def contract_type_of(family: str) -> type[Contract]:
    """Import the type of a family's contracts."""
    found: type[Contract] = FAMILIES.module(family, "contract").CONTRACT
    return found
