"""Line charts as inline SVG; the page's style sheet gives the colours, so they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from simgate.report.axis import Axis, drawable, fit

Points = Sequence[tuple[float, float]]

WIDTH_PX, HEIGHT_PX = 760, 300
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 62, 18, 14, 48
MAX_SERIES = 32
MAX_BUCKETS = 300
MAX_DOTS = 40


def svg_lines(
    series: Mapping[str, Points], *, x_label: str, y_label: str, limits: Mapping[str, float] | None = None
) -> str:
    """Draw one line per series over a common pair of axes, with a legend; `limits` are dashed horizontal lines.

    Points that are not finite break the line. Long series are thinned to the extremes of each of 300 buckets.
    """
    shown = {name: thin(points) for name, points in list(series.items())[:MAX_SERIES]}
    marks = {name: value for name, value in (limits or {}).items() if drawable(value)}
    finite = [point for points in shown.values() for point in points if drawable(*point)]
    x = fit((p[0] for p in finite), start_px=LEFT_PX, end_px=WIDTH_PX - RIGHT_PX, ticks=8, tight=True)
    y = fit([*(p[1] for p in finite), *marks.values()], start_px=HEIGHT_PX - BOTTOM_PX, end_px=TOP_PX)
    lines = "".join(_series(points, x, y, style(number)) for number, points in enumerate(shown.values()))
    inside = frame(x, y, x_label, y_label) + "".join(_limit(name, value, x, y) for name, value in marks.items()) + lines
    if not finite:
        inside += f'<text x="{(x.start_px + x.end_px) / 2}" y="{HEIGHT_PX / 2}" text-anchor="middle">no data</text>'
    left_out = f'<p class="more">… and {len(series) - MAX_SERIES} more series.</p>' if len(series) > MAX_SERIES else ""
    return f'<figure class="chart">{legend(list(shown))}{svg(inside, f"{y_label} over {x_label}")}</figure>{left_out}'


def thin(points: Points) -> Points:
    """Keep at most about 2 × MAX_BUCKETS points: the highest and lowest of each stretch."""
    if len(points) <= 2 * MAX_BUCKETS:
        return points
    size = math.ceil(len(points) / MAX_BUCKETS)
    kept: list[tuple[float, float]] = []
    for begin in range(0, len(points), size):
        bucket = [point for point in points[begin : begin + size] if drawable(*point)] or points[begin : begin + 1]
        kept.extend(sorted({min(bucket, key=lambda p: p[1]), max(bucket, key=lambda p: p[1])}))
    return kept


def style(number: int) -> str:
    """CSS classes of the series `number`: eight colours, then the same eight dashed."""
    return f"c{number % 8}" + (" dashed" if number // 8 % 2 else "")


def legend(names: Sequence[str]) -> str:
    """Return the legend; one series alone needs none, the axis names it."""
    if len(names) < 2:
        return ""
    items = "".join(f'<li><span class="key {style(i)}"></span>{escape(name)}</li>' for i, name in enumerate(names))
    return f'<ul class="legend">{items}</ul>'


def svg(inside: str, title: str, *, width_px: float = WIDTH_PX, height_px: float = HEIGHT_PX) -> str:
    """Return an SVG element that scales with its column."""
    return f'<svg viewBox="0 0 {width_px:g} {height_px:g}" role="img"><title>{escape(title)}</title>{inside}</svg>'


def frame(x: Axis, y: Axis, x_label: str, y_label: str) -> str:
    """Draw rules, tick labels and axis labels."""
    parts = [
        f'<line class="rule" x1="{x.start_px}" x2="{x.end_px}" y1="{at:.1f}" y2="{at:.1f}"/>'
        f'<text x="{x.start_px - 8}" y="{at + 4:.1f}" text-anchor="end">{text}</text>'
        for at, text in y.ticks()
    ]
    parts += [
        f'<line class="axis" x1="{at:.1f}" x2="{at:.1f}" y1="{y.start_px}" y2="{y.start_px + 4}"/>'
        f'<text x="{at:.1f}" y="{y.start_px + 18}" text-anchor="middle">{text}</text>'
        for at, text in x.ticks()
    ]
    middle_x, middle_y = (x.start_px + x.end_px) / 2, (y.start_px + y.end_px) / 2
    parts.append(f'<line class="axis" x1="{x.start_px}" x2="{x.end_px}" y1="{y.start_px}" y2="{y.start_px}"/>')
    parts.append(
        f'<text x="{middle_x}" y="{y.start_px + 38}" text-anchor="middle" class="strong">{escape(x_label)}</text>'
    )
    turned = f'transform="translate(14 {middle_y}) rotate(-90)" text-anchor="middle" class="strong"'
    return "".join(parts) + f"<text {turned}>{escape(y_label)}</text>"


def _series(points: Points, x: Axis, y: Axis, classes: str) -> str:
    command, parts = "M", []
    for point in points:
        if drawable(*point):
            parts.append(f"{command}{x.at(point[0]):.1f} {y.at(point[1]):.1f}")
        command = "L" if drawable(*point) else "M"
    path = f'<path class="line {classes}" d="{"".join(parts)}"/>' if parts else ""
    if len(points) > MAX_DOTS:
        return path
    return path + "".join(_dot(point, x, y, classes) for point in points if drawable(*point))


def _dot(point: tuple[float, float], x: Axis, y: Axis, classes: str) -> str:
    hover = f"<title>{point[0]:.4g}: {point[1]:.4g}</title>"
    return f'<circle class="dot {classes}" cx="{x.at(point[0]):.1f}" cy="{y.at(point[1]):.1f}" r="3.5">{hover}</circle>'


def _limit(name: str, value: float, x: Axis, y: Axis) -> str:
    at = y.at(value)
    line = f'<line class="mark" x1="{x.start_px}" x2="{x.end_px}" y1="{at:.1f}" y2="{at:.1f}"/>'
    below = at + 14 if at < TOP_PX + 14 else at - 5
    return line + f'<text class="marked" x="{x.end_px - 4}" y="{below:.1f}" text-anchor="end">{escape(name)}</text>'
