"""ResultTable: results, a row each, with a link to each report; then what was refused or failed, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from simgate_airflow.ui import page
from simgate_airflow.ui.address import path_of, report_url
from simgate_airflow.ui.run_results import MAX_READ, Result

MAX_ROWS = 1000
DONE = ("made", "reused")
HEADINGS = ("run", "outcome", "verdict", "figures", "")


def result_section(heading: str, results: Sequence[Result], *, not_begun: Sequence[str] = ()) -> str:
    """Write a card of results; `not_begun` names stages that have none yet."""
    counts = Counter(result.outcome if result.outcome in DONE else "not committed" for result in results)
    aside = " · ".join(f"{number:,} {outcome}" for outcome, number in counts.items())
    waiting = [(page.cell(stage), "not begun", "", "", "") for stage in not_begun]
    rows = page.table(HEADINGS, [*(_row(result) for result in results[:MAX_ROWS]), *waiting])
    return page.section(heading, rows, *_notes(results), aside=aside)


def _row(result: Result) -> tuple[str, ...]:
    name = "report" if result.outcome in DONE else "attempt"
    said = result.verdict or ("failed" if result.outcome not in DONE and result.reasons else "")
    return (
        page.cell(str(result.slot)), page.cell(result.outcome), page.pill(said), page.cell(" · ".join(result.figures)),
        page.link(path_of(report_url(result.uri)), name),
    )  # fmt: skip


def _notes(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        if result.reasons:
            yield page.words(f"{result.slot}:", soft=True) + page.quoted("\n".join(result.reasons))
    if max(Counter(result.stage for result in results).values(), default=0) > MAX_READ:
        yield page.words(
            f"Verdict and figures of the first {MAX_READ} of a stage are shown; the others' are in their reports.",
            soft=True,
        )
    if len(results) > MAX_ROWS:
        yield page.words(f"{len(results) - MAX_ROWS:,} more are not listed; `simgate runs` has them all.", soft=True)
