"""PerceptionContract: a picture of any size in, a class and a box out."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, model_validator

from simgate.families.base_contract import Contract, Floats, Pictures, Tensors, TensorSpec
from simgate.families.goal import RelativeGoal
from simgate.families.perception.spec import PerceptionSpec

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet's channels scaled to 0..1, as usual for pictures of this size."""


class Found(NamedTuple):
    """A decoded answer."""

    label: str
    score: float
    """Probability of the class, 0..1."""
    corners: tuple[float, float, float, float]
    """x_min, y_min, x_max, y_max as shares of the picture's width and height."""


class PerceptionContract(Contract):
    """The self-description of a perception engine."""

    family: Literal["perception"] = "perception"
    image_edge_px: Annotated[int, Field(ge=32)]
    channels: Literal["RGB"] = "RGB"
    labels: Annotated[tuple[str, ...], Field(min_length=2)]
    """Classes of the output `label`, in order; the first says that there is none."""

    @classmethod
    def of(cls, spec: PerceptionSpec) -> Self:
        """Return the contract of every engine made from a network of this spec."""
        inputs, outputs = _tensors(spec.image_edge_px, len(spec.labels))
        return cls(inputs=inputs, outputs=outputs, image_edge_px=spec.image_edge_px, labels=spec.labels)

    @model_validator(mode="after")
    def _tensors_fit(self) -> Self:
        if (self.inputs, self.outputs) != _tensors(self.image_edge_px, len(self.labels)):
            raise ValueError("inputs and outputs are not those of a perception network of this size and these classes")
        return self

    def scaled(self, picture: Pictures) -> Pictures:
        """Return the picture at the network's size."""
        edge = self.image_edge_px
        return np.asarray(
            Image.fromarray(np.ascontiguousarray(picture)).resize((edge, edge), Image.Resampling.BILINEAR)
        )

    def image_tensor(self, pictures: Pictures) -> Floats:
        """Convert N scaled pictures to the input `image`, N × 3 × edge × edge: (value/255 - mean) / std by channel."""
        mean, std = (np.array(values, dtype=np.float32) for values in (MEAN, STD))
        scaled = (pictures.astype(np.float32) / np.float32(255) - mean) / std
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))

    def tensors(self, picture: Pictures, goal: RelativeGoal) -> dict[str, Floats]:  # noqa: ARG002
        """Return the input of one decoded picture; no goal moves it."""
        return {"image": self.image_tensor(self.scaled(picture)[None])}

    def answer(self, outputs: Tensors) -> Found:
        """Decode the outputs of one sample."""
        shares = self.probabilities(outputs)
        best = int(np.argmax(shares))
        return Found(self.labels[best], float(shares[best]), corners_of(outputs["box"]))

    def probabilities(self, outputs: Tensors) -> NDArray[np.float64]:
        """Return the probability of each class for one sample; NaN where a logit is no number."""
        logits = outputs["label"].astype(np.float64)
        powers = np.exp(logits - np.max(logits))
        shares: NDArray[np.float64] = powers / powers.sum()
        return shares


CONTRACT = PerceptionContract


def corners_of(box: Floats) -> tuple[float, float, float, float]:
    """Read centre and size, each the logistic of a share of the picture, as edges cut at the picture's."""
    x, y, width, height = 1.0 / (1.0 + np.exp(-np.clip(box.astype(np.float64), -50, 50)))
    edges = np.clip([x - width / 2, y - height / 2, x + width / 2, y + height / 2], 0.0, 1.0)
    x_min, y_min, x_max, y_max = map(float, edges)
    return x_min, y_min, x_max, y_max


def _tensors(edge_px: int, classes: int) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    outputs = (TensorSpec(name="label", shape=(classes,)), TensorSpec(name="box", shape=(4,)))
    return (TensorSpec(name="image", shape=(3, edge_px, edge_px)),), outputs
