"""Bar charts as inline SVG: one horizontal bar a name, so long names stay readable."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from simgate.report.axis import Axis, drawable, fit
from simgate.report.lines import WIDTH_PX, svg

ROW_PX, BAR_PX, TOP_PX, BOTTOM_PX, RIGHT_PX = 22, 12, 6, 44, 64
MAX_BARS = 60
MAX_NAME = 28


def svg_bars(bars: Mapping[str, float], *, x_label: str, y_label: str) -> str:
    """Draw one bar per name (`y_label` says what the names are); its length is the value (`x_label`), from zero on."""
    shown = [(name, value) for name, value in bars.items() if drawable(value)][:MAX_BARS]
    left_px = 30 + 7 * min(MAX_NAME, max((len(name) for name, _ in shown), default=4))
    bottom_px = TOP_PX + ROW_PX * max(1, len(shown))
    x = fit([0.0, *(value for _, value in shown)], start_px=left_px, end_px=WIDTH_PX - RIGHT_PX, ticks=6)
    rows = "".join(_row(number, name, value, x) for number, (name, value) in enumerate(shown))
    inside = _frame(x, bottom_px, x_label, y_label) + rows
    left_out = f'<p class="more">… and {len(bars) - len(shown)} more.</p>' if len(bars) > len(shown) else ""
    drawn = svg(inside, f"{x_label} by {y_label}", height_px=bottom_px + BOTTOM_PX)
    return f'<figure class="chart">{drawn}</figure>{left_out}'


def _row(number: int, name: str, value: float, x: Axis) -> str:
    top = TOP_PX + ROW_PX * number + (ROW_PX - BAR_PX) / 2
    begin, end = sorted((x.at(0), x.at(value)))
    short = name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}"
    return (
        f'<text class="strong" x="{x.start_px - 10}" y="{top + 10:.1f}" text-anchor="end">{escape(short)}</text>'
        f'<rect class="bar c0" x="{begin:.1f}" y="{top:.1f}" width="{max(end - begin, 1):.1f}" height="{BAR_PX}">'
        f"<title>{escape(name)}: {text}</title></rect>"
        f'<text x="{end + 7:.1f}" y="{top + 10:.1f}">{text}</text>'
    )


def _frame(x: Axis, bottom_px: float, x_label: str, y_label: str) -> str:
    rules = "".join(
        f'<line class="rule" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP_PX}" y2="{bottom_px}"/>'
        f'<text x="{at:.1f}" y="{bottom_px + 16}" text-anchor="middle">{text}</text>'
        for at, text in x.ticks()
    )
    middle = (x.start_px + x.end_px) / 2
    across = f'<text class="strong" x="{middle:.1f}" y="{bottom_px + 36}" text-anchor="middle">{escape(x_label)}</text>'
    turned = f'transform="translate(14 {(TOP_PX + bottom_px) / 2}) rotate(-90)" text-anchor="middle" class="strong"'
    zero = f'<line class="axis" x1="{x.at(0):.1f}" x2="{x.at(0):.1f}" y1="{TOP_PX}" y2="{bottom_px}"/>'
    return rules + zero + across + f"<text {turned}>{escape(y_label)}</text>"
