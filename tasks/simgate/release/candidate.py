"""Candidate: an engine with its evidence, waiting for a release manager. Only the newest may be promoted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from simgate.core.documents.artifact import ManifestRef, Sha256, StoreKey
from simgate.core.documents.document import Document
from simgate.core.errors import Refused
from simgate.core.identity.signature import Signer
from simgate.core.storage.journal import Entry, Journal, Line
from simgate.core.storage.store import Store
from simgate.release.policy import Name, Role

CLOCKS_DIFFER = timedelta(minutes=5)
"""Machines' clocks may; more is no accident."""


class Candidate(Document):
    """The engine and evidence that a release manager is asked about."""

    version: Literal[1] = 1
    model: Name
    channel: Name
    engine: Sha256
    """Content digest of the export run."""
    evidence: dict[Role, ManifestRef]
    policy_sha256: Sha256
    replaces: str
    """Digest of the ledger's head when it was proposed; empty for an empty ledger."""
    expires_at: AwareDatetime
    nonce: str
    run_record: StoreKey
    observations: dict[StoreKey, Sha256] = Field(default_factory=dict)
    """Folder of every attempt at a bench run of this engine when it was proposed, with its outcome's digest: one that
    is gone later, or ended in another way, is missed."""
    authors: tuple[str, ...] = ()
    """Its authors when it was proposed: the records that name them may gain people later, and lose nobody."""


@dataclass(frozen=True, slots=True)
class CandidateEntry:
    """A candidate with its place in the journal."""

    candidate: Candidate
    seq: int
    at: datetime
    digest: str
    """Digest of the journal entry: what the gate's subject names in full."""


class Candidates:
    """The journal `candidates/<model>/<channel>`."""

    def __init__(self, store: Store, model: str, channel: str, signer: Signer | None = None) -> None:
        self.model, self.channel = model, channel
        self._journal = Journal(store, f"candidates/{model}/{channel}", signer)

    def newest(self) -> CandidateEntry | None:
        """Return the only candidate that may be promoted; it supersedes older ones. The whole chain is checked."""
        return next(iter(deque(self.all(), maxlen=1)), None)

    def all(self) -> Iterator[CandidateEntry]:
        """Yield every candidate, oldest first, the chain checked."""
        return (self._entry(entry) for entry in self._journal.entries())

    def find(self, digest: str) -> CandidateEntry | None:
        """Return the candidate of that digest, or None."""
        return next((entry for entry in self.all() if entry.digest == digest), None)

    def line(self, seq: int) -> Line:
        """Return one candidate's entry as it lies in the store, with its signature."""
        return self._journal.line(seq)

    def add(self, candidate: Candidate) -> CandidateEntry:
        """Append one; the same candidate again (a retry) is the same entry."""
        entry = self._entry(self._journal.append(candidate.model_dump(mode="json"), entry_id=candidate.run_record))
        self._check_own(entry, candidate)
        return entry

    def _check_own(self, found: CandidateEntry, mine: Candidate) -> None:
        """Refuse a candidate of somebody else under our run's name."""
        drawn = {"nonce": mine.nonce, "expires_at": mine.expires_at, "observations": mine.observations}
        signer, envelope = self._journal.signer, self._journal.envelope(found.seq)
        foreign = signer is not None and (envelope is None or not envelope.signed_by(signer.public_key))
        if foreign or found.candidate.model_copy(update=drawn) != mine:
            raise Refused(
                f"candidate {found.seq} of {self.model} for {self.channel} is another's under this run's name",
                actual=found.digest, expected="what this run proposed", remedy="find out who wrote it; start a new run",
            )  # fmt: skip

    def _entry(self, entry: Entry) -> CandidateEntry:
        what = f"candidate {entry.seq} of {self.model} for {self.channel}"
        candidate = Candidate.from_value(entry.body, what=what)
        if (candidate.model, candidate.channel) != (self.model, self.channel):
            # Promoted from here it would go live there, under rules that nobody asked about.
            raise Refused(
                f"{what} lies in the wrong journal", actual=f"{candidate.model} for {candidate.channel}",
                expected=f"{self.model} for {self.channel}", remedy="restore the store from a backup",
            )  # fmt: skip
        return CandidateEntry(candidate, entry.seq, entry.at, entry.sha256)


def candidates(store: Store, model: str, channel: str, signer: Signer | None = None) -> Candidates:
    """Return the candidates of a model for a channel; with a signer, new ones are signed."""
    return Candidates(store, model, channel, signer)
