"""NavigatorSpec: the navigator's part of a train spec."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simgate.core.documents.document import Document
from simgate.specs.vocabulary import OBSTACLES


class NavigatorSpec(Document):
    """The convolutional backbone with a detection and a navigation head."""

    width: Annotated[int, Field(ge=4, le=512)] = 24
    """Channels of the first stage; doubled at each of the next."""
    image_width_px: Annotated[int, Field(ge=32, le=1920)] = 128
    image_height_px: Annotated[int, Field(ge=32, le=1080)] = 96
    obstacles: tuple[str, ...] = OBSTACLES
    """Classes of the detection head, in order."""
    max_speed_m_s: Annotated[float, Field(gt=0)] = 0.8
    max_yaw_rate_rad_s: Annotated[float, Field(gt=0)] = 1.5
    detection_weight: Annotated[float, Field(ge=0)] = 3.0
    """Factor of the detection loss beside the command loss."""
