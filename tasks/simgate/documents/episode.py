"""EpisodeResult: how one closed-loop episode went."""

from __future__ import annotations

from typing import Literal

from simgate.core.documents.document import Document


class EpisodeResult(Document):
    """One closed-loop episode; the same index means the same start, goal, obstacles and lights."""

    scene: str
    episode: int
    outcome: Literal["success", "collision", "timeout"]
    steps: int
    distance_left_m: float
    path: tuple[tuple[float, float], ...]
    """Positions (x, y) of the robot in the world frame, metres, one per step."""
