"""Page: addresses to show a person: pages that Airflow's simgate plugin serves, and files where no Airflow runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from examples.demo.terminal.api import GATE_TASK
from examples.demo.terminal.decision import CHANNEL, MODEL
from simgate.core.documents.artifact import ManifestRef
from simgate.core.storage.signed_link import report_of
from simgate.core.storage.store import Store
from simgate.release.lineage import lineages, walk
from simgate.release.policy import Role
from simgate.rows.stages import STAGES


def candidate_page(url: str, digest: str) -> str:
    """Return the address of a candidate's evidence beside that of the live model."""
    return _plugin_page(url, "candidate", MODEL, CHANNEL, digest)


def run_page(url: str, dag: str, run: str) -> str:
    """Return the address of a DAG run's page: its stages, verdicts, figures and reports."""
    return _plugin_page(url, "run", dag, run)


def gate_page(url: str, dag: str, run: str) -> str:
    """Return the address of the page in Airflow where a person answers."""
    return f"{task_page(url, dag, run, GATE_TASK)}/required_actions"


def task_page(url: str, dag: str, run: str, task: str) -> str:
    """Return the address of a task's log in Airflow's own pages."""
    return f"{url}/dags/{dag}/runs/{run}/tasks/{task}"


def report_files(store: Store, evidence: Mapping[Role, ManifestRef]) -> dict[str, Path]:
    """Return the report file of each stage in the evidence, from a store that is a folder; one shard stands for all."""
    own = {role: ref for role, ref in evidence.items() if role != "evaluate_live"}
    nodes = [node for tree in lineages(store, list(own.values())) for node in walk(tree)]
    uris = {node.kind: node.uri for node in reversed(nodes)} | {role: ref.uri for role, ref in own.items()}
    files = {what: Path(store.url) / report_of(uris[what]) for what in STAGES.names() if what in uris}
    return {what: path for what, path in files.items() if path.exists()}


def _plugin_page(url: str, *parts: str) -> str:
    return "/".join((f"{url}/simgate", *(quote(part, safe="") for part in parts)))
