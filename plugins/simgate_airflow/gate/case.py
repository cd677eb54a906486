"""Case: a candidate, its evidence and the live model's: what the question and its page are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simgate.core.errors import DigestMismatch, InputError, NotFound
from simgate.core.runtime.manifest import Manifest, read_manifest
from simgate.core.storage.store import Store
from simgate.plan.record import ReleaseWhy, find_why
from simgate.release.candidate import Candidate, CandidateEntry, candidates
from simgate.release.entry import EMPTY, LedgerEntry, LiveModel, State
from simgate.release.judge import judge
from simgate.release.policy import Policy, Role


@dataclass(frozen=True, slots=True)
class Live:
    """The model that the candidate would replace."""

    model: LiveModel
    made_live: LedgerEntry
    """The decision that made it live."""
    found: Mapping[Role, Manifest]
    """Its evidence; empty where it cannot be read."""
    problem: str
    """Why it cannot be read, or empty."""
    why: ReleaseWhy | None
    """Why it was made; None where its record cannot be read."""


@dataclass(frozen=True, slots=True)
class Case:
    """All documents behind a question, each read once and its digest checked."""

    store: Store
    entry: CandidateEntry
    found: Mapping[Role, Manifest]
    state: State
    """After the newest entry of the ledger that the case is read with."""
    live: Live | None
    """None: nothing is live in the channel."""
    why: ReleaseWhy | None

    @property
    def candidate(self) -> Candidate:
        """The candidate that the question is about."""
        return self.entry.candidate


def read_case(store: Store, policy: Policy, entry: CandidateEntry) -> Case:
    """Read the case of a candidate as the store has it now; Refused where the ledger that it would change is broken."""
    release = judge(store, policy, entry.candidate.model).must_hold()
    return _case(store, entry, release.entries)


def read_case_as_proposed(store: Store, policy: Policy, entry: CandidateEntry) -> Case:
    """Read the case as it was when the candidate was proposed: beside the model that it would replace then."""
    release = judge(store, policy, entry.candidate.model).must_hold()
    known = [item.sha256 for item in release.entries]
    # Its entry is in a ledger that holds, or the candidate was proposed to an empty one.
    end = known.index(entry.candidate.replaces) + 1 if entry.candidate.replaces else 0
    return _case(store, entry, release.entries[:end])


def _case(store: Store, entry: CandidateEntry, history: Sequence[LedgerEntry]) -> Case:
    candidate = entry.candidate
    state = history[-1].after if history else EMPTY
    channel = state.channels.get(candidate.channel)
    live = _live(store, history, candidate, channel.live) if channel and channel.live else None
    found = {role: read_manifest(store, ref) for role, ref in candidate.evidence.items()}
    return Case(store, entry, found, state, live, _why(store, candidate))


def _live(store: Store, history: Sequence[LedgerEntry], candidate: Candidate, model: LiveModel) -> Live:
    made_live = next(item for item in history if _is_live(item, candidate.channel, model))
    every = candidates(store, candidate.model, candidate.channel).all()
    entry = next((item for item in every if item.digest == model.candidate), None)
    why = _why(store, entry.candidate) if entry else None
    try:
        found = {role: read_manifest(store, ref) for role, ref in model.evidence.items()}
    except (NotFound, DigestMismatch, InputError) as error:
        # Damage to what is live is no reason to ask nobody about what would replace it.
        return Live(model, made_live, {}, str(error), why)
    return Live(model, made_live, found, "", why)


def _is_live(item: LedgerEntry, channel: str, model: LiveModel) -> bool:
    state = item.after.channels.get(channel)
    return state is not None and state.live == model


def _why(store: Store, candidate: Candidate) -> ReleaseWhy | None:
    try:
        why = find_why(store, candidate.run_record)
    except InputError:
        return None
    return why if isinstance(why, ReleaseWhy) else None
