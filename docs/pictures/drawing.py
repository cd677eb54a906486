"""Drawing: the charts of the picture as SVG, in CSS pixels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from simgate.data.sample import Sample
from simgate.documents.episode import EpisodeResult
from simgate.documents.evaluation import Interval
from simgate.generate.gallery import color_of
from simgate.hil.trace import DriveTrace

Points = Sequence[tuple[float, float]]
OUTCOME_CLASSES = {"success": "reached", "collision": "hit", "timeout": "expired"}


def line(points: Points, box: tuple[float, float, float, float], size: tuple[int, int], classes: str) -> str:
    """A path of data points, y up; `box` is (x min, y min, x max, y max) of the data."""
    at = [_at(point, box, size) for point in points]
    return f'<path class="{classes}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in at)}"/>'


def loss_curve(losses: Sequence[float], size: tuple[int, int]) -> str:
    """Loss over epochs, filled to the axis, its first and last value written beside it."""
    points = [(float(number), loss) for number, loss in enumerate(losses)]
    box = (0.0, 0.0, len(losses) - 1.0, max(losses) * 1.04)
    ends = [_at(points[0], box, size), _at(points[-1], box, size)]
    area = line([(0, 0), *points, (len(losses) - 1, 0)], box, size, "area")
    first = f'<text x="{ends[0][0] + 16:.0f}" y="{ends[0][1] + 18:.0f}">{losses[0]:.2f}</text>'
    last = f'<text class="ink" x="{size[0] - 2}" y="{ends[1][1] - 16:.0f}" text-anchor="end">{losses[-1]:.2f}</text>'
    dot = f'<circle class="dot" cx="{ends[1][0] - 5:.1f}" cy="{ends[1][1]:.1f}" r="6"/>'
    return svg(area + line(points, box, size, "curve") + axis(size) + dot + first + last, size)


def drives(episodes: Sequence[EpisodeResult], size: tuple[int, int]) -> str:
    """Every closed-loop drive from above, in one world frame; dot: start, ring: goal, cross: collision."""
    spots = np.array([point for episode in episodes for point in episode.path])
    low, high = spots.min(axis=0) - 0.25, spots.max(axis=0) + 0.25
    if (high - low)[1] > (high - low)[0]:
        # The longer side of the room lies along the longer side of the card.
        turned = [e.model_copy(update={"path": tuple((y, -x) for x, y in e.path)}) for e in episodes]
        return drives(turned, size)
    metre_px = float(min(size[0] / (high - low)[0], size[1] / (high - low)[1]))
    middle = (low + high) / 2
    half = np.array(size) / metre_px / 2
    box = (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
    ordered = sorted(episodes, key=lambda episode: episode.outcome == "success")
    return svg("".join(_drive(episode, box, size) for episode in ordered), size)


def _drive(episode: EpisodeResult, box: tuple[float, float, float, float], size: tuple[int, int]) -> str:
    kind = OUTCOME_CLASSES[episode.outcome]
    (x0, y0), (x1, y1) = _at(episode.path[0], box, size), _at(episode.path[-1], box, size)
    start = f'<circle class="{kind} start" cx="{x0:.1f}" cy="{y0:.1f}" r="4"/>'
    ring = f'<circle class="ring" cx="{x1:.1f}" cy="{y1:.1f}" r="7"/>'
    cross = f'<path class="cross" d="M{x1 - 5:.1f} {y1 - 5:.1f}l10 10m0 -10l-10 10"/>'
    end = {"reached": ring, "hit": cross, "expired": ""}[kind]
    return line(episode.path, box, size, kind) + start + end


def interval_bar(found: Interval, size: tuple[int, int]) -> str:
    """A value with its 95 % interval on a scale from 0 to 1."""
    width, middle = size[0], size[1] / 2
    return svg(
        f'<line class="rail" x1="0" x2="{width}" y1="{middle}" y2="{middle}"/>'
        f'<line class="band" x1="{found.low * width:.1f}" x2="{found.high * width:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="dot" cx="{found.value * width:.1f}" cy="{middle}" r="8"/>',
        size,
    )


def commands(drive: DriveTrace, size: tuple[int, int]) -> str:
    """Yaw rate over time: as the expert drove, and as the device steered, behind the monitor."""
    expert = [(item.sent_ms, item.expert.yaw_rate_rad_s) for item in drive.asked]
    told = [(item.at_ms, item.yaw_rate_rad_s) for item in drive.actuators]
    end_ms = max(point[0] for point in [*expert, *told])
    turns = [0.0, *(point[1] for point in [*expert, *told])]
    box = (0.0, min(turns), end_ms, max(turns))
    zero = line([(0, 0), (end_ms, 0)], box, size, "rail thin")
    return svg(zero + line(_steps(expert), box, size, "expert") + line(_steps(told), box, size, "curve"), size)


def boxes(sample: Sample, labels: Sequence[str]) -> str:
    """The boxes of those labels over the sample's picture, one colour an instance."""
    height, width = sample.rgb.shape[:2]
    parts = []
    for box in (box for box in sample.boxes if box.label in labels):
        red, green, blue = color_of(box.instance)
        parts.append(
            f'<rect x="{box.x_min_px}" y="{box.y_min_px}" width="{box.x_max_px - box.x_min_px}" '
            f'height="{box.y_max_px - box.y_min_px}" stroke="rgb({red},{green},{blue})"/>'
        )
    return f'<svg class="boxes" viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'


def axis(size: tuple[int, int]) -> str:
    """The line under a chart."""
    return f'<line class="rail thin" x1="0" x2="{size[0]}" y1="{size[1]}" y2="{size[1]}"/>'


def svg(inner: str, size: tuple[int, int]) -> str:
    """One chart of that size."""
    return f'<svg class="chart" width="{size[0]}" height="{size[1]}" viewBox="0 0 {size[0]} {size[1]}">{inner}</svg>'


def _steps(points: Points) -> list[tuple[float, float]]:
    """A command holds until the next one."""
    held = [(after[0], before[1]) for before, after in pairwise(points)]
    return [spot for pair in zip(points, [*held, points[-1]], strict=True) for spot in pair]


def _at(
    point: tuple[float, float], box: tuple[float, float, float, float], size: tuple[int, int]
) -> tuple[float, float]:
    x = (point[0] - box[0]) / (box[2] - box[0]) * size[0]
    return x, size[1] - (point[1] - box[1]) / (box[3] - box[1]) * size[1]
