"""Decision: the demo's live model, and the ledger's decision about a candidate."""

from __future__ import annotations

from dataclasses import dataclass

from examples.demo.terminal.site import Site
from simgate.cli.console import when
from simgate.core.storage.store import Store
from simgate.release.candidate import CandidateEntry, candidates
from simgate.release.entry import LedgerEntry, LiveModel
from simgate.release.judge import judge
from simgate.release.policy import Policy
from simgate.release.settle import REJECTED
from simgate.specs import recipe

MODEL, CHANNEL = "navigator", "demo"
DATASET_RECIPE, RELEASE_RECIPE = "rooms", "navigator"
DATASET_DAG, RELEASE_DAG = f"{recipe.DATASET_DAG}.{DATASET_RECIPE}", f"{recipe.RELEASE_DAG}.{RELEASE_RECIPE}"


@dataclass(frozen=True, slots=True)
class Decision:
    """A candidate and the ledger entry that settled it."""

    candidate: CandidateEntry
    entry: LedgerEntry

    @property
    def is_live(self) -> bool:
        """Whether a person, or the demo's responder, approved the candidate."""
        return self.entry.action == "promote"

    @property
    def is_rejected(self) -> bool:
        """Whether a person, or the demo's responder, rejected the candidate; a lapse or a refused answer is no
        rejection.
        """
        return self.entry.action == "settle" and self.entry.why.startswith(REJECTED)


@dataclass(frozen=True, slots=True)
class Decisions:
    """The release state of the demo's model."""

    site: Site

    def entries(self) -> list[LedgerEntry]:
        """Return every entry of the ledger, oldest first: the one place where the demo reads the release state."""
        return list(judge(self._store, Policy.load(self.site.policy), MODEL).must_hold().entries)

    def live(self) -> LiveModel | None:
        """Return the live model of the demo's channel; None where nothing is live."""
        entries = self.entries()
        return _live_after(entries[-1]) if entries else None

    def about(self, candidate: CandidateEntry) -> Decision | None:
        """Return the decision about a candidate; None while nobody has decided."""
        mine = (entry for entry in self.entries() if entry.decision.subject == candidate.digest)
        entry = next((entry for entry in mine if entry.action in ("promote", "settle")), None)
        return Decision(candidate, entry) if entry is not None else None

    def proposed(self) -> list[CandidateEntry]:
        """Return every candidate for the demo's channel, oldest first."""
        return list(candidates(self._store, MODEL, CHANNEL).all())

    def candidate_of(self, run_record: str) -> CandidateEntry | None:
        """Return the candidate that a run proposed, or None."""
        return next((entry for entry in self.proposed() if entry.candidate.run_record == run_record), None)

    def what_is_live(self) -> str:
        """Say in words which model is live."""
        live = self.live()
        return f"the model of {when(live.since)} stays live" if live else "nothing is live"

    @property
    def _store(self) -> Store:
        return Store(str(self.site.store))


def _live_after(entry: LedgerEntry) -> LiveModel | None:
    channel = entry.after.channels.get(CHANNEL)
    return channel.live if channel is not None else None
