"""PilotSpec: the pilot's part of a train spec."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simgate.core.documents.document import Document


class PilotSpec(Document):
    """A small network of two layers."""

    width: Annotated[int, Field(ge=4, le=256)] = 16
    columns: Annotated[int, Field(ge=4, le=64)] = 12
    """How many columns of the picture it sees, each by its mean colour."""
    max_speed_m_s: Annotated[float, Field(gt=0)] = 0.8
    max_yaw_rate_rad_s: Annotated[float, Field(gt=0)] = 1.5
