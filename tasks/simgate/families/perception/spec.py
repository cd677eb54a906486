"""PerceptionSpec: a perception network's part of a train spec."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from simgate.core.documents.document import Document

NOTHING = "nothing"
"""Class of a picture without an object that counts."""


class PerceptionSpec(Document):
    """A convolutional backbone with a class and a box: one answer a picture, about its largest object."""

    width: Annotated[int, Field(ge=4, le=256)] = 16
    """Channels of the first stage; the last has eight times as many."""
    image_edge_px: Annotated[int, Field(ge=32, le=1024, multiple_of=32)] = 224
    """Edge of the square that pictures are scaled to: the network halves it five times."""
    labels: Annotated[tuple[str, ...], Field(min_length=2, max_length=255)] = (
        NOTHING, "person", "box", "chair", "cone", "bin", "table", "shelf", "plant", "pallet",
    )  # fmt: skip
    """Classes in order; the first says that there is none."""
    box_weight: Annotated[float, Field(ge=0)] = 5.0
    """Factor of the box's loss beside the class's."""

    @model_validator(mode="after")
    def _labels_begin_with_nothing(self) -> Self:
        if self.labels[0] != NOTHING or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels begin with {NOTHING} and name each class once")
        return self
