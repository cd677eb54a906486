"""Ending: the ledger, the lineage of what is live, and where to look."""

from __future__ import annotations

from pathlib import Path

from simgate.cli.console import console
from simgate.cli.demo.deployment import APPROVER
from simgate.cli.demo.site import Site
from simgate.cli.ledger import mirror
from simgate.cli.lineage import draw, roots_of
from simgate.cli.live import history
from simgate.core.store import Store
from simgate.release.entry import LiveModel
from simgate.release.lineage import lineage, walk
from simgate.specs.table import STAGES
from simgate_airflow.standalone import LocalAirflow


def show_ledger(site: Site, model: str) -> None:
    """Every decision."""
    console().print("\n[bold]The ledger[/]  (simgate history)")
    history(model=model, policy=site.policy, store=str(site.store))


def show_lineage(site: Site, store: Store, model: str, channel: str) -> None:
    """The live model down to scene files."""
    console().print("\n[bold]What the live model was made from[/]  (simgate lineage; --files names each file)")
    title, roots = roots_of(store, site.policy, "main", model, channel)
    console().print(draw(store, title, roots, files=False))


def carry_over(site: Site, store: Store, model: str) -> None:
    """Mirror the ledger to MLflow; a failure is told and fails nothing."""
    with console().status("mirroring the ledger to MLflow"):
        problem = mirror(store.url, model, site.mlflow_uri, site.policy)
    if problem:
        console().print(f"\n[yellow]MLflow's registry was not updated:[/] {problem}")


def show_places(site: Site, store: Store, live: LiveModel, airflow: LocalAirflow | None) -> None:
    """Where to look."""
    out = console()
    out.print("\n[bold]Where to look[/]")
    for what, page in _pages(site, store, live).items():
        out.print(f"  {what:14} file://{page}")
    if airflow is not None:
        out.print(f"  {'Airflow':14} {airflow.url}   user {APPROVER}   password {airflow.password(APPROVER)}")
    out.print(f"  {'MLflow':14} .venv/bin/mlflow ui --host 127.0.0.1 --port 5000 --backend-store-uri {site.mlflow_uri}")
    out.print(f"  {'command':14} .venv/bin/simgate verify | live | history | lineage | runs | show | plan")
    if airflow is not None:
        out.print(f"  {'stop':14} make demo-stop")


def _pages(site: Site, store: Store, live: LiveModel) -> dict[str, Path]:
    """The report page of each stage that the live model went through; one shard stands for all."""
    nodes = [node for ref in live.evidence.values() for node in walk(lineage(store, ref))]
    pages = {node.kind: site.store / Path(node.uri).parent / "report.html" for node in reversed(nodes)}
    pages |= {role: site.store / Path(ref.uri).parent / "report.html" for role, ref in live.evidence.items()}
    return {what: pages[what] for what in STAGES if what in pages and pages[what].exists()}
