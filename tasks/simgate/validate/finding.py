"""Finding: one defect, by check, place and numbers; Findings: all of them, counted, the first few kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

KEPT_PER_CHECK = 3

CHECKS: dict[str, str] = {
    "readable": "every shard, row file and bag opens and decodes",
    "provenance": "every shard was made from the scene as it was indexed",
    "recipe": "all shards share one recipe, but for scene and episodes",
    "complete": "every planned episode is there once, with every frame",
    "time": "frames count from 0 and their stamps follow the camera's rate",
    "box against mask": "every box is the box of its instance mask; every obstacle in sight has one",
    "semantic against instance": "an instance has one class, the class of its box",
    "mask against depth": "what has an instance has depth, and an obstacle is no deeper than an obstacle can be",
    "depth": "depth is there and within the limit",
    "geometry": "depth, optics and extrinsics together put the floor at z = 0, where the base drives",
    "camera": "extrinsics are rigid, the camera stays where it is mounted, the optics are a camera's",
    "odometry": "pose follows twist, wheels follow the base",
    "imu": "gyroscope and accelerometer agree with the odometry and with gravity",
    "rows": "every row says what its sample says",
    "bag": "the bag holds the shard's picture bytes, stamps and poses",
    "expectation": "the Great Expectations suite holds over all rows",
    "splits apart": "no scene's content is in both splits",
    "enough": "frames, classes, pictures and progress suffice for a dataset",
}
"""Every check and what it promises, in the order of the report."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect."""

    check: str
    where: str
    """Shard and sample."""
    text: str
    """The defect in words, with its numbers."""

    @property
    def reason(self) -> str:
        """One line for the verdict."""
        return f"{self.check}: {self.where}: {self.text}"


@dataclass
class Findings:
    """Counts every defect; keeps the first three of each check in words."""

    kept: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, check: str, where: str, text: str) -> None:
        """Count one defect."""
        self.counts[check] = self.counts.get(check, 0) + 1
        if self.counts[check] <= KEPT_PER_CHECK:
            self.kept.append(Finding(check, where, text))

    def extend(self, where: str, found: Iterable[tuple[str, str]]) -> None:
        """Count the defects (check, text) of one place."""
        for check, text in found:
            self.add(check, where, text)

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.counts

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line a kept defect, and one for those that were only counted."""
        lines = []
        for check in CHECKS:
            lines += [finding.reason for finding in self.kept if finding.check == check]
            if (more := self.counts.get(check, 0) - KEPT_PER_CHECK) > 0:
                lines.append(f"{check}: … and {more} more")
        return tuple(lines)
