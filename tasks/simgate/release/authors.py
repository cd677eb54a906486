"""Authors: whose work a candidate is, as the lineage says now and as the candidate said when it was proposed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simgate.core.documents.artifact import ManifestRef
from simgate.core.errors import DigestMismatch, InputError, NotFound
from simgate.core.storage.store import Store
from simgate.release.candidate import Candidate
from simgate.release.lineage import people_of, record_people


@dataclass(frozen=True, slots=True)
class Authors:
    """The people who may not approve a candidate, because they are its authors."""

    people: frozenset[str]
    problems: tuple[str, ...]
    """Why there may be more of them: a record that cannot be read, or that names somebody no more."""


def authors(store: Store, evidence: Iterable[ManifestRef], run_record: str) -> frozenset[str]:
    """Name everybody with work in a candidate, by the lineage; reused work and its own run are included."""
    return people_of(store, evidence) | record_people(store, run_record)


def authors_of(store: Store, candidate: Candidate) -> Authors:
    """Return the authors by the lineage, and those that the candidate names."""
    named = frozenset(candidate.authors)
    try:
        found = authors(store, candidate.evidence.values(), candidate.run_record)
    except (NotFound, DigestMismatch, InputError, ValueError, TypeError, AttributeError) as error:
        return Authors(named, (f"whose work it is cannot be read: {error}",))
    lost = ", ".join(sorted(named - found))
    problem = f"a record of a run was changed: {lost} was an author when it was proposed, and is named no more"
    return Authors(named | found, (problem,) if lost else ())
