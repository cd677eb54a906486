"""Paths from above as inline SVG: metres, x to the right, y up, the same scale on both axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from simgate.report.axis import Axis, nice_step
from simgate.report.lines import MAX_SERIES, Points, legend, style, svg, thin

WIDTH_PX, MAX_HEIGHT_PX = 380, 380
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 44, 12, 10, 40
MAX_CIRCLES = 500
GOAL_PX = 8


def svg_map(
    paths: Mapping[str, Points],
    circles: Sequence[tuple[float, float, float]],
    goal: tuple[float, float] | None,
    *,
    caption: str = "",
) -> str:
    """Draw paths (x, y) of the world frame in metres, obstacles as circles (x, y, radius), and the goal as a ring."""
    shown = {name: [p for p in thin(points) if _finite(p)] for name, points in list(paths.items())[:MAX_SERIES]}
    solid = [circle for circle in circles if _finite(circle) and circle[2] > 0][:MAX_CIRCLES]
    target = [goal] if goal is not None and _finite(goal) else []
    x, y = _axes([*(p for points in shown.values() for p in points), *target], solid)
    drawn = "".join(_circle(circle, x, y) for circle in solid) + "".join(_goal(point, x, y) for point in target)
    drawn += "".join(_path(points, x, y, style(number)) for number, points in enumerate(shown.values()))
    height_px = y.start_px + BOTTOM_PX
    text = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    title = caption or "Paths from above"
    picture = svg(_frame(x, y) + drawn, title, width_px=WIDTH_PX, height_px=height_px)
    return f'<figure class="chart map">{legend(list(shown))}{picture}{text}</figure>'


def _axes(points: Points, circles: Sequence[tuple[float, float, float]]) -> tuple[Axis, Axis]:
    """Fit two axes of one scale around everything that is shown, with a margin."""
    xs = [p[0] for p in points] + [c[0] + side * c[2] for c in circles for side in (-1, 1)] or [0.0, 1.0]
    ys = [p[1] for p in points] + [c[1] + side * c[2] for c in circles for side in (-1, 1)] or [0.0, 1.0]
    width_m, height_m = max(max(xs) - min(xs), 0.5), max(max(ys) - min(ys), 0.5)
    margin_m = 0.07 * max(width_m, height_m)
    room_x, room_y = WIDTH_PX - LEFT_PX - RIGHT_PX, MAX_HEIGHT_PX - TOP_PX - BOTTOM_PX
    scale = min(room_x / (width_m + 2 * margin_m), room_y / (height_m + 2 * margin_m))
    half_x_m = room_x / scale / 2
    half_y_m = max((height_m + 2 * margin_m) / 2, 0.55 * half_x_m)
    middle_x, middle_y = (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2
    step = nice_step(2 * max(half_x_m, half_y_m) / 6)
    bottom_px = TOP_PX + 2 * half_y_m * scale
    x = Axis(middle_x - half_x_m, middle_x + half_x_m, step, LEFT_PX, LEFT_PX + room_x)
    return x, Axis(middle_y - half_y_m, middle_y + half_y_m, step, bottom_px, TOP_PX)


def _frame(x: Axis, y: Axis) -> str:
    parts = [
        f'<line class="rule" x1="{at:.1f}" x2="{at:.1f}" y1="{y.start_px:.1f}" y2="{y.end_px:.1f}"/>'
        f'<text x="{at:.1f}" y="{y.start_px + 16:.1f}" text-anchor="middle">{text}</text>'
        for at, text in x.ticks()
    ]
    parts += [
        f'<line class="rule" x1="{x.start_px}" x2="{x.end_px}" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text x="{x.start_px - 6}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'
        for at, text in y.ticks()
    ]
    unit = f'<text class="strong" x="{x.end_px}" y="{y.start_px + 33:.1f}" text-anchor="end">metres</text>'
    return "".join(parts) + unit


def _circle(circle: tuple[float, float, float], x: Axis, y: Axis) -> str:
    radius_px = x.at(circle[2]) - x.at(0)
    return f'<circle class="obstacle" cx="{x.at(circle[0]):.1f}" cy="{y.at(circle[1]):.1f}" r="{radius_px:.1f}"/>'


def _goal(goal: tuple[float, float], x: Axis, y: Axis) -> str:
    at = f'cx="{x.at(goal[0]):.1f}" cy="{y.at(goal[1]):.1f}"'
    ring = f'<circle class="goal" {at} r="{GOAL_PX}"><title>goal</title></circle>'
    return ring + f'<circle class="goal center" {at} r="2.5"/>'


def _path(points: Points, x: Axis, y: Axis, classes: str) -> str:
    if not points:
        return ""
    data = "L".join(f"{x.at(px):.1f} {y.at(py):.1f}" for px, py in points)
    at = f'cx="{x.at(points[0][0]):.1f}" cy="{y.at(points[0][1]):.1f}"'
    start = f'<circle class="dot {classes}" {at} r="4.5"><title>start</title></circle>'
    return f'<path class="line {classes}" d="M{data}"/>{start}'


def _finite(numbers: Sequence[float]) -> bool:
    return all(math.isfinite(number) and abs(number) < 1e6 for number in numbers)
