"""KeptCandidate: a candidate by its digest, and the DAG run that proposed it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simgate.core.errors import NotFound
from simgate.core.runtime.job import MAIN
from simgate.core.storage.store import Store
from simgate.plan.record import ReleaseWhy, find_why
from simgate.release.candidate import CandidateEntry, candidates
from simgate_airflow.run.run_record import airflow_run
from simgate_airflow.stores import open_store

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeptCandidate:
    """A candidate with its journal's newest."""

    store: Store
    entry: CandidateEntry
    newest: CandidateEntry
    why: ReleaseWhy | None

    @property
    def dag_run(self) -> tuple[str, str] | None:
        """(DAG id, run id) that proposed it; None where none did."""
        return airflow_run(self.why.run) if self.why else None


def read_candidate(model: str, channel: str, digest: str) -> KeptCandidate:
    """Return the candidate of that digest; NotFound for any other words."""
    if not (_NAME.fullmatch(model) and _NAME.fullmatch(channel) and _DIGEST.fullmatch(digest)):
        raise NotFound("no candidate has such a name")
    store = open_store("reader", MAIN)
    every = list(candidates(store, model, channel).all())
    entry = next((item for item in every if item.digest == digest), None)
    if entry is None:
        raise NotFound(f"{model} has no candidate {digest[:12]} for {channel}")
    return KeptCandidate(store, entry, every[-1], _why(store, entry))


def candidate_of_run(store: Store, why: ReleaseWhy, folder: str) -> CandidateEntry | None:
    """Return the candidate that a run proposed, or None."""
    every = candidates(store, why.recipe.model, why.recipe.channel).all()
    return next((entry for entry in every if entry.candidate.run_record == folder), None)


def _why(store: Store, entry: CandidateEntry) -> ReleaseWhy | None:
    folder = entry.candidate.run_record
    why = find_why(store, folder) if folder.startswith(f"plans/{MAIN}/") else None
    return why if isinstance(why, ReleaseWhy) else None
