"""Ending: the result of a release in three sentences, the pages to read, and the next commands."""

from __future__ import annotations

from collections.abc import Mapping

from rich.markup import escape
from rich.table import Table

from examples.demo.terminal.addresses import candidate_page, report_files, run_page
from examples.demo.terminal.decision import CHANNEL, MODEL
from examples.demo.terminal.sentences import Metrics, how_good, what_changed, what_was_reused
from examples.demo.terminal.story import Release, Story
from simgate.cli.console import console, show_table, when
from simgate.cli.ledger import mirror
from simgate.cli.lineage import draw, roots_of
from simgate.core.documents.artifact import ManifestRef
from simgate.core.runtime.attempt import read_verdict
from simgate.core.runtime.manifest import read_manifest
from simgate.core.storage.store import Store
from simgate.plan.record import record_folder, task_lines
from simgate.release.entry import LedgerEntry
from simgate.release.policy import Role
from simgate.specs.evaluate import EvaluateSpec


def show_ledger(story: Story) -> None:
    """Print every decision, one a line."""
    entries = story.decisions.entries()
    if entries:
        console().print("\n[bold]The ledger[/]  (simgate history)")
        show_table(
            ("", "when", "who", "what"), [(str(item.seq), when(item.at), item.who, _did(item)) for item in entries]
        )


def _did(entry: LedgerEntry) -> str:
    """Name a decision in words; `simgate history` has the rest."""
    return {"promote": "approved: went live", "settle": entry.why}.get(entry.action, entry.action)


def show_lineage(story: Story) -> None:
    """Print the live model's lineage down to the scene files."""
    console().print("\n[bold]What the live model was made from[/]  (simgate lineage; --files names each file)")
    title, roots = roots_of(story.store, story.site.policy, "main", MODEL, CHANNEL)
    console().print(draw(story.store, title, roots, files=False))


def carry_over(story: Story) -> None:
    """Mirror the ledger to MLflow; a failure is printed and fails nothing."""
    with console().status("mirroring the ledger to MLflow"):
        problem = mirror(story.store.url, MODEL, story.site.mlflow_uri, story.site.policy)
    if problem:
        console().print(f"\n[yellow]MLflow's registry was not updated:[/] {escape(problem)}")


def show_sentences(story: Story, edit: str, release: Release) -> None:
    """Print what changed, what was reused, and how good the model is."""
    lines = [line for why in release.whys for line in task_lines(story.store, record_folder(why.domain, why.run))]
    said = {
        "What changed": what_changed(edit, release.decision, release.before),
        "What was reused": what_was_reused(lines),
    }
    if release.decision is not None:
        said["How good it is"] = _how_good(story.store, release.decision.candidate.candidate.evidence)
    for what, sentence in said.items():
        console().print(f"\n[bold]{what}.[/] {escape(sentence)}", soft_wrap=False)


def _how_good(store: Store, evidence: Mapping[Role, ManifestRef]) -> str:
    closed_loop = read_manifest(store, evidence["evaluate"]).spec_as(EvaluateSpec).closed_loop
    drives = closed_loop.episodes if closed_loop else 0
    candidate, bench = _metrics(store, evidence["evaluate"]), _metrics(store, evidence["hil"])
    live = _metrics(store, evidence["evaluate_live"]) if "evaluate_live" in evidence else {}
    return how_good(drives, candidate, live, bench)


def _metrics(store: Store, ref: ManifestRef) -> Metrics:
    verdict = read_verdict(store, read_manifest(store, ref))
    return verdict.metrics if verdict is not None else {}


def show_places(story: Story, release: Release, *, stays: bool) -> None:
    """Print addresses to read on: Airflow's pages while it is up, else the reports as files."""
    out = console()
    out.print("\n[bold]Where to look[/]")
    for what, address in (_pages(story, release) if stays else _files(story, release)).items():
        out.print(f"  {what}\n    {address}", markup=False)


def show_next(release: Release, *, stays: bool) -> None:
    """Print commands to go on with."""
    decided = release.decision
    steps = {"simgate history": "every decision: who, why, when"}
    if decided is not None and decided.is_live:
        steps |= {
            "simgate lineage": "what the live model was made from, down to scene files",
            "simgate verify": "every digest of it",
        }
    if release.before is not None and decided is not None and decided.is_live:
        steps['simgate rollback --who NAME --why "…"'] = "put the model before it back; the policy says who may"
    steps["make demo"] = "move a lamp: another dataset, another model, another question"
    if stays:
        steps["make demo-stop"] = "stop Airflow"
    console().print(
        "\n[bold]What to do next[/]  (source .venv/bin/activate; export SIMGATE_POLICY=examples/demo/policy.yaml)"
    )
    table = Table.grid(padding=(0, 2))
    for command, what in steps.items():
        table.add_row("", escape(command), escape(what))
    console().print(table, soft_wrap=False)


def _pages(story: Story, release: Release) -> dict[str, str]:
    url = story.airflow.url
    found = {}
    if release.decision is not None:
        found["the evidence of the model"] = candidate_page(url, release.decision.candidate.digest)
    for why in release.whys:
        dag, run = why.run.split("/", 1)
        found[f"reports of {dag}"] = run_page(url, dag, run)
    return found


def _files(story: Story, release: Release) -> dict[str, str]:
    if release.decision is None:
        return {}
    evidence = release.decision.candidate.candidate.evidence
    return {f"report of {what}": f"file://{path}" for what, path in report_files(story.store, evidence).items()}
