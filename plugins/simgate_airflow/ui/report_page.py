"""ReportPage: one attempt: its verdict and figures, the report that its stage drew, and all its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from starlette.responses import Response

from simgate.core.documents.when import when
from simgate.core.storage.signed_link import REPORT_NAME
from simgate_airflow.gate.figures import figures
from simgate_airflow.ui import page
from simgate_airflow.ui.address import file_url, path_of, run_url
from simgate_airflow.ui.kept_attempt import FAILURE, STARTED, KeptAttempt

NO_REPORT = "This stage drew no report of this run; its files are below."
KILLED = "It runs still, or it was killed: there is neither a manifest nor a failure.json."


def report_page(attempt: KeptAttempt, name: str = "", links: Mapping[str, str] | None = None) -> Response:
    """Return the page of one attempt, for somebody who may read it."""
    verdict = attempt.verdict
    title = name or f"{attempt.place.stage} {attempt.place.run_key[:12]}"
    badge = verdict.verdict if verdict else "" if attempt.manifest else "failed" if attempt.failure else "not committed"
    reasons = page.quoted("\n".join(verdict.reasons)) if verdict and verdict.reasons else ""
    parts = [page.words(" · ".join(_first_line(attempt)), soft=True), reasons, *_failure(attempt)]
    shown = list(_report(attempt))
    return page.page(
        title, [*parts, *_files(attempt), *shown], badge=badge, links=links or _links(attempt), framed=bool(shown)
    )


def _first_line(attempt: KeptAttempt) -> Iterator[str]:
    if attempt.manifest is not None:
        yield from figures(attempt.store, attempt.manifest, attempt.verdict)
        yield f"finished {when(attempt.manifest.predicate.run_details.metadata.finished_on)}"
    elif attempt.started is not None:
        yield f"begun {when(attempt.started.at)}"
    yield f"trust domain {attempt.place.domain}"
    yield f"key {attempt.place.run_key[:12]}"


def _failure(attempt: KeptAttempt) -> Iterator[str]:
    if attempt.manifest is not None:
        return
    if attempt.failure is None:
        yield page.words(KILLED)
        return
    yield page.words(f"{attempt.failure.error}, exit code {attempt.failure.exit_code}:")
    yield page.quoted(attempt.failure.message)
    yield page.words("What the stage printed on its way is in the task's tab Logs.", soft=True)


def _report(attempt: KeptAttempt) -> Iterator[str]:
    if attempt.has_report:
        yield page.frame(_file(attempt, REPORT_NAME), "the report of this run")
    elif attempt.manifest is not None:
        yield page.words(NO_REPORT)


def _files(attempt: KeptAttempt) -> Iterator[str]:
    sizes = {item.name: f"{item.size_bytes:,}" for item in attempt.listed}
    rows = [(page.link(_file(attempt, name), name), page.cell(sizes.get(name, ""))) for name in attempt.names]
    listing = page.table(("file", "bytes"), rows)
    # Of an attempt that failed the few files are what there is to read.
    few = not attempt.has_report and {*attempt.names} - {STARTED, FAILURE}
    yield page.section("Files", listing) if few else page.folded(page.count(len(rows), "file"), listing)


def _file(attempt: KeptAttempt, name: str) -> str:
    return path_of(file_url(f"{attempt.place.folder}/{name}", name))


def _links(attempt: KeptAttempt) -> dict[str, str]:
    run = attempt.dag_run
    return {"the run that made it": path_of(run_url(*run))} if run else {}
