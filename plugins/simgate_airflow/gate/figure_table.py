"""Figure table: the figures of a gate: what each means, its value, its bound, live's value; for question and page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simgate_airflow.gate.judged import Figure
from simgate_airflow.gate.markdown import code, table

UNGUARDED = "⚠ **no bound**"
NO_BOUND = "no bound"


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One row in plain words."""

    meaning: str
    name: str
    """The name in the verdict; empty for a row of several figures."""
    value: str
    """With its interval of 95 % where the stage gives one."""
    bound: str
    live: str
    against_live: str
    unguarded: bool = False


def figure_rows(figures: Sequence[Figure]) -> list[FigureRow]:
    """Return every figure; checks that found nothing share one row, which says how many they are."""
    clean = [figure for figure in figures if figure.clean]
    shown = [figure for figure in figures if len(clean) < 2 or figure not in clean]
    return [*(_row(figure) for figure in shown), *(_clean(clean) if len(clean) > 1 else ())]


def figure_table(figures: Sequence[Figure], *, has_live: bool) -> str:
    """Return the rows in Markdown."""
    head = ("figure", "value (95 % interval)", "bound", *(("live",) if has_live else ()))
    return table(head, [_cells(row)[: len(head)] for row in figure_rows(figures)])


def _cells(row: FigureRow) -> tuple[str, ...]:
    figure = f"{row.meaning} {code(row.name)}" if row.name else row.meaning
    value, bound = (f"**{row.value}**", UNGUARDED) if row.unguarded else (row.value, row.bound)
    return figure, value, bound, row.live


def _row(figure: Figure) -> FigureRow:
    metric = figure.metric
    value = metric.text(figure.value)
    if figure.interval is not None:
        low, high = (metric.text(end) for end in figure.interval)
        value = f"{value} ({low} to {high})"
    live = metric.text(figure.live) if figure.live is not None else "none"
    return FigureRow(
        metric.meaning, metric.name, value, _bound(figure), live, figure.against_live, unguarded=figure.unguarded
    )


def _bound(figure: Figure) -> str:
    if figure.bound is None:
        return NO_BOUND
    sign = "≥" if figure.bound.side == "at least" else "≤"
    return f"{sign} {figure.metric.text(figure.bound.limit)}"


def _clean(figures: Sequence[Figure]) -> Iterator[FigureRow]:
    live = [figure.live for figure in figures if figure.live is not None]
    found = f"{sum(live):g}" if live else "none"
    yield FigureRow(f"defects found by {len(figures)} checks", "", "0", "≤ 0", found, "")
