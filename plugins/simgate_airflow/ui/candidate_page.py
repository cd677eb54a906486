"""CandidatePage: what became of a candidate, and the evidence that the gate asked about, each piece with its report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.responses import Response

from simgate.core.documents.artifact import ManifestRef
from simgate.core.documents.when import when
from simgate.core.errors import SimgateError
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.many import at_once
from simgate.release.judge import judge
from simgate.release.policy import Policy
from simgate_airflow.gate.candidate_end import candidate_end
from simgate_airflow.gate.case import Case, read_case_as_proposed
from simgate_airflow.gate.evidence_page import TITLES, against
from simgate_airflow.gate.figure_table import figure_rows
from simgate_airflow.gate.figures import figures
from simgate_airflow.gate.judged import Judged, read_judged
from simgate_airflow.gate.markdown import visible
from simgate_airflow.settings import settings
from simgate_airflow.ui import page
from simgate_airflow.ui.address import path_of, report_url, run_url
from simgate_airflow.ui.change import change_fragment
from simgate_airflow.ui.kept_candidate import KeptCandidate


def candidate_page(found: KeptCandidate) -> Response:
    """Return the page of one candidate, for somebody who may read the run that proposed it."""
    candidate = found.entry.candidate
    title = f"{candidate.model} for {candidate.channel} · candidate {found.entry.digest[:12]}"
    run = found.dag_run
    links = {"the run that proposed it": path_of(run_url(*run))} if run else {}
    rows = at_once(lambda item: _row(found, *item), list(candidate.evidence.items()))
    parts = [
        page.section("Candidate", *_end(found), page.facts(_facts(found))),
        *_case(found),
        page.section("Evidence", page.table(("evidence", "verdict", "figures", "report"), rows)),
        page.section("Digests", page.facts(_digests(found))),
    ]
    return page.page(title, parts, links=links, pictures=True)


def _end(found: KeptCandidate) -> Iterator[str]:
    try:
        release = judge(found.store, Policy.load(settings().policy_path), found.entry.candidate.model)
    except SimgateError as error:
        yield page.words(f"What was decided about it cannot be read: {error}")
        return
    yield from (page.words(visible(said)) for said in candidate_end(release, found.entry, found.newest))


def _case(found: KeptCandidate) -> Iterator[str]:
    try:
        policy = Policy.load(settings().policy_path)
        case = read_case_as_proposed(found.store, policy, found.entry)
        yield change_fragment(case)
        yield page.section("Against the live model", page.words(against(case, policy).replace("**", "")))
        yield from (_gate(case, gate) for gate in read_judged(case))
    except SimgateError as error:
        yield page.section("What changed", page.words(f"It cannot be read: {error}"))


def _gate(case: Case, gate: Judged) -> str:
    live = ("replaced", "against it") if case.live is not None else ()
    heads = ("figure", "name", "value (95 % interval)", "bound", *live)
    rows = [
        tuple(page.cell(visible(text)) for text in (
            row.meaning, row.name, row.value, row.bound, row.live, row.against_live,
        ))[: len(heads)]
        for row in figure_rows(gate.figures)
    ]  # fmt: skip
    problem = page.words(f"What bounds these figures cannot be read: {gate.problem}") if gate.problem else ""
    return page.section(TITLES[gate.role], problem, page.table(heads, rows), aside=gate.role)


def _facts(found: KeptCandidate) -> dict[str, str]:
    candidate, why = found.entry.candidate, found.why
    live = why.live if why else None
    return {
        "Proposed": when(found.entry.at), "Lapses": when(candidate.expires_at),
        "Work of": ", ".join(candidate.authors),
        "Proposed to replace": f"engine {live.export_content[:12]}" if live else "nothing",
        "Engine": candidate.engine[:12], "Candidate": found.entry.digest[:12], "Policy": candidate.policy_sha256[:12],
    }  # fmt: skip


def _digests(found: KeptCandidate) -> dict[str, str]:
    candidate, why = found.entry.candidate, found.why
    replaced = {"Replaced engine": why.live.export_content} if why and why.live else {}
    return {
        "Candidate": found.entry.digest, "Engine": candidate.engine, "Policy": candidate.policy_sha256, **replaced,
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
