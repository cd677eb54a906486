"""Figure table: the figures of a gate in Markdown: what each means, its value, its bound, live's value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simgate_airflow.judged import Figure
from simgate_airflow.markdown import code, table

UNGUARDED = "⚠ **no bound**"
NO_BOUND = "no bound"


def figure_table(figures: Sequence[Figure], *, has_live: bool) -> str:
    """Every figure; checks that found nothing share one row, which says how many they are."""
    clean = [figure for figure in figures if figure.clean]
    shown = [figure for figure in figures if len(clean) < 2 or figure not in clean]
    rows = [*(_row(figure) for figure in shown), *(_clean(clean) if len(clean) > 1 else ())]
    head = ("figure", "value (95 % interval)", "bound", *(("live",) if has_live else ()))
    return table(head, [row[: len(head)] for row in rows])


def _row(figure: Figure) -> tuple[str, ...]:
    metric = figure.metric
    value = metric.text(figure.value)
    if figure.interval is not None:
        low, high = (metric.text(end) for end in figure.interval)
        value = f"{value} ({low} to {high})"
    live = metric.text(figure.live) if figure.live is not None else "none"
    return f"{metric.meaning} {code(metric.name)}", f"**{value}**" if figure.unguarded else value, _bound(figure), live


def _bound(figure: Figure) -> str:
    if figure.bound is None:
        return UNGUARDED if figure.unguarded else NO_BOUND
    sign = "≥" if figure.bound.side == "at least" else "≤"
    return f"{sign} {figure.metric.text(figure.bound.limit)}"


def _clean(figures: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    live = [figure.live for figure in figures if figure.live is not None]
    yield f"defects found by {len(figures)} checks", "0", "≤ 0", f"{sum(live):g}" if live else "none"
