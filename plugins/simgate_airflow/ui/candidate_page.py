"""CandidatePage: the evidence that the gate's question is about, each piece with its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from starlette.responses import Response

from simgate.core.artifact import ManifestRef
from simgate.core.attempt import read_verdict
from simgate.core.errors import SimgateError
from simgate.core.manifest import read_manifest
from simgate.core.many import at_once
from simgate.release.policy import Policy
from simgate_airflow.figures import figures
from simgate_airflow.settings import settings
from simgate_airflow.ui import page
from simgate_airflow.ui.address import path_of, report_url, run_url
from simgate_airflow.ui.change import change_fragment
from simgate_airflow.ui.kept_candidate import KeptCandidate


def candidate_page(found: KeptCandidate) -> Response:
    """The page of one candidate, for somebody who may read the run that proposed it."""
    candidate = found.entry.candidate
    title = f"{candidate.model} for {candidate.channel} · candidate {found.entry.digest[:12]}"
    run = found.dag_run
    links = {"the run that proposed it": path_of(run_url(*run))} if run else {}
    rows = at_once(lambda item: _row(found, *item), list(candidate.evidence.items()))
    parts = [
        page.section("Candidate", *_state(found), page.facts(_facts(found))),
        _change(found),
        page.section("Evidence", page.table(("evidence", "verdict", "figures", "report"), rows)),
    ]
    return page.page(title, parts, links=links, pictures=True)


def _change(found: KeptCandidate) -> str:
    try:
        return change_fragment(found.store, Policy.load(settings().policy_path), found.entry)
    except SimgateError as error:
        return page.section("What changed", page.words(f"It cannot be read: {error}"))


def _state(found: KeptCandidate) -> Iterator[str]:
    if found.newest.digest != found.entry.digest:
        yield page.words(f"A newer candidate took its place: {found.newest.digest[:12]}.")
    elif found.entry.candidate.expires_at <= datetime.now(UTC):
        yield page.words(f"It lapsed at {found.entry.candidate.expires_at:%Y-%m-%d %H:%M} UTC.")


def _facts(found: KeptCandidate) -> dict[str, str]:
    candidate, why = found.entry.candidate, found.why
    live = why.live if why else None
    return {
        "Proposed": f"{found.entry.at:%Y-%m-%d %H:%M} UTC", "Lapses": f"{candidate.expires_at:%Y-%m-%d %H:%M} UTC",
        "Work of": ", ".join(candidate.authors), "Would replace": live.export_content if live else "nothing",
        "Engine": candidate.engine, "Candidate": found.entry.digest, "Policy": candidate.policy_sha256,
    }  # fmt: skip


def _row(found: KeptCandidate, role: str, ref: ManifestRef) -> Sequence[str]:
    report = page.link(path_of(report_url(ref.uri)), "report")
    try:
        manifest = read_manifest(found.store, ref)
        verdict = read_verdict(found.store, manifest)
    except SimgateError as error:
        return (page.cell(role), page.pill("damaged"), page.cell(str(error)), report)
    said = " · ".join(figures(found.store, manifest, verdict))
    return (page.cell(role), page.pill(verdict.verdict if verdict else ""), page.cell(said), report)
