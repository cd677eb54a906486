"""Ledger: appends decisions, each onto a judged state that holds. `judge` is the only way to read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simgate.core.errors import DigestMismatch, Refused
from simgate.core.identity.signature import Signer
from simgate.core.storage.journal import Entry, Journal
from simgate.core.storage.store import Store
from simgate.release.candidate import CandidateEntry
from simgate.release.entry import Decision, LedgerBody, LedgerEntry
from simgate.release.judge import ReleaseState, judge, objection
from simgate.release.policies import keep_policy
from simgate.release.policy import Policy
from simgate.release.rights import right_problems
from simgate.release.signatures import signer_problems
from simgate.release.transition import state_after


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision about a state, with the candidate that it names."""

    decision: Decision
    candidate: CandidateEntry | None


def write(
    store: Store,
    policy: Policy,
    model: str,
    decide: Callable[[ReleaseState], Decided],
    *,
    entry_id: str,
    signer: Signer | None,
) -> LedgerEntry:
    """Append the entry that `decide` makes of the ledger's state; after another writer's entry it decides again."""
    while True:
        state = judge(store, policy, model).must_hold()
        if written := next((entry for entry in state.entries if entry.id == entry_id), None):
            return written
        decided = decide(state)
        _check(state, policy, decided, signer)
        keep_policy(store, policy)
        after = state_after(state.state, decided.decision, decided.candidate)
        body = LedgerBody(decision=decided.decision, after=after).model_dump(mode="json")
        journal = Journal(store, f"ledger/{model}", signer)
        if problem := objection(store, policy, state, journal.draft(body, entry_id)):
            raise Refused(f"no {decided.decision.action}: it would not hold as {problem}")
        try:
            return LedgerEntry.of(journal.append(body, entry_id=entry_id, check=_only_after(state.head)))
        except _Moved:
            continue


def check_replaces(head: LedgerEntry | None, replaces: str) -> None:
    """Refuse a decision that was made about another head."""
    if (head.sha256 if head else "") != replaces:
        raise DigestMismatch(
            "the ledger moved on", actual=head.sha256 if head else "empty", expected=replaces or "empty",
            remedy="propose again",
        )  # fmt: skip


def _check(state: ReleaseState, policy: Policy, decided: Decided, signer: Signer | None) -> None:
    signed = state.must_sign(policy, decided.decision.channel)
    problems = list(right_problems(policy, decided.decision, signed=signed))
    if signed:
        problems += signer_problems(signer, "ledger", policy.keys)
    if problems:
        raise Refused(f"no {decided.decision.action}: " + "; ".join(problems))


class _Moved(Exception):
    """Another writer was faster: judge again."""


def _only_after(head: LedgerEntry | None) -> Callable[[Entry | None], None]:
    seen = head.sha256 if head else None

    def check(found: Entry | None) -> None:
        if (found.sha256 if found else None) != seen:
            raise _Moved

    return check
